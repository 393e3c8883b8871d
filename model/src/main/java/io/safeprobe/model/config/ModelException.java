package io.safeprobe.model.config;

/** A model folder, adapter or configuration that cannot be used; the message names it and says what to do. */
public final class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error without a cause. */
    public ModelException(String message) {
        super(message);
    }

    /** An error with its cause. */
    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
