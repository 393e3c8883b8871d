package io.safeprobe.shell.command;

/** Exit statuses. */
public final class Status {
    /** Done. */
    public static final int OK = 0;
    /** The command failed. */
    public static final int FAILED = 1;
    /** The command was not understood. */
    public static final int USAGE = 2;
    /** A person ended it. */
    public static final int INTERRUPTED = 130;

    private Status() {}
}
