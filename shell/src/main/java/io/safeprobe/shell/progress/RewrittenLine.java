package io.safeprobe.shell.progress;

import io.safeprobe.shell.report.StatusLine;
import java.io.PrintWriter;
import java.util.function.LongSupplier;

/** Progress on a terminal that nothing else is known of than that it is one: the last line is written over. */
public final class RewrittenLine implements StatusLine {
    private static final long INTERVAL = 100_000_000;
    /** Line wrap off and on again: a line longer than the terminal is cut, since a wrapped one could not be written over. */
    private static final String BEGIN = "\r\033[?7l";
    private static final String END = "\033[K\033[?7h";

    private final PrintWriter writer;
    private final LongSupplier nanoTime;
    private boolean shown;
    private long last;

    /** Writes to a terminal. */
    public RewrittenLine(PrintWriter writer, LongSupplier nanoTime) {
        this.writer = writer;
        this.nanoTime = nanoTime;
        last = nanoTime.getAsLong() - INTERVAL;
    }

    @Override
    public void show(String text) {
        long now = nanoTime.getAsLong();
        if (now - last >= INTERVAL) {
            last = now;
            shown = true;
            writer.print(BEGIN + text + END);
            writer.flush();
        }
    }

    @Override
    public void makeWay() {
        if (shown) {
            shown = false;
            // So that the next status shows at once, below what is written now.
            last -= INTERVAL;
            writer.print("\r\033[K");
            writer.flush();
        }
    }

    @Override
    public void end() {
        makeWay();
    }
}
