package io.safeprobe.sap.checkpoint;

/** A run folder that cannot be made, read or gone on with; the message says why and what to do. */
public final class RunException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error without a cause. */
    public RunException(String message) {
        super(message);
    }

    /** An error with its cause. */
    public RunException(String message, Throwable cause) {
        super(message, cause);
    }
}
