package io.safeprobe.shell.progress;

import io.safeprobe.shell.report.Numbers;
import java.util.function.LongSupplier;

/** Time since it was made, and an estimate of what is left. */
public final class Stopwatch {
    private final LongSupplier nanoTime;
    private final long start;

    /** Starts now. */
    public Stopwatch(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
    }

    /** Seconds since the start. */
    public double seconds() {
        return (nanoTime.getAsLong() - start) / 1e9;
    }

    /** Time left, if the rest goes as {@code done} did. */
    public String left(long done, long rest) {
        double left = done == 0 ? 0 : Math.ceil(seconds() * rest / done);
        return done == 0 ? "? left" : (left < 60 ? Math.round(left) + " s" : Numbers.duration(left)) + " left";
    }
}
