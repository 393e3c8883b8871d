package uk.ac.manchester.tornado.api.enums;

/** When data is sent; the backend knows one answer. */
public final class DataTransferMode {
    public static final int EVERY_EXECUTION = 1;

    private DataTransferMode() {}
}
