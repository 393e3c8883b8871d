package io.safeprobe.sap.data;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A data file, a row of it or a column map that cannot be used; the message names the place and says what to do. */
public final class DataException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that no file is to blame for. */
    public DataException(String message) {
        super(message);
    }

    /** An error of a whole file. */
    public DataException(Path file, String message) {
        super(file + ": " + message);
    }

    /** An error of a whole file, and what caused it. */
    public DataException(Path file, String message, @Nullable Throwable cause) {
        super(file + ": " + message, cause);
    }

    /** An error of one row; {@code place} is for example {@code line 7}. */
    DataException(Path file, String place, String message, @Nullable Throwable cause) {
        super(file + ", " + place + ": " + message, cause);
    }
}
