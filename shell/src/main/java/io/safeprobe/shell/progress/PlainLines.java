package io.safeprobe.shell.progress;

import io.safeprobe.shell.report.StatusLine;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Progress where lines cannot be replaced, such as a log file: a new line every few seconds. */
public final class PlainLines implements StatusLine {
    private final PrintWriter writer;
    private final long interval;
    private final LongSupplier nanoTime;
    private long last;

    /** Writes at most one line in {@code interval}, the first after it has passed once. */
    public PlainLines(PrintWriter writer, Duration interval, LongSupplier nanoTime) {
        this.writer = writer;
        this.interval = interval.toNanos();
        this.nanoTime = nanoTime;
        last = nanoTime.getAsLong();
    }

    @Override
    public void show(String text) {
        long now = nanoTime.getAsLong();
        if (now - last >= interval) {
            last = now;
            writer.println(text);
            writer.flush();
        }
    }

    @Override
    public void makeWay() {}

    @Override
    public void end() {}
}
