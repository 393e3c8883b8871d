package io.safeprobe.shell.session;

/** A command that was not understood: a value that is none, be it unreadable or out of range, or options that contradict each other. Nothing was done. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error without a cause. */
    public UsageException(String message) {
        super(message);
    }

    /** An error with its cause. */
    public UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
