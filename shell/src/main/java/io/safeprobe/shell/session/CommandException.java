package io.safeprobe.shell.session;

/** A command that cannot do what it was asked; the message says why and what to do. */
public final class CommandException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error without a cause. */
    public CommandException(String message) {
        super(message);
    }

    /** An error with its cause. */
    public CommandException(String message, Throwable cause) {
        super(message, cause);
    }
}
