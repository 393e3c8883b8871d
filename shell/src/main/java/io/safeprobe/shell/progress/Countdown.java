package io.safeprobe.shell.progress;

import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;

/** Progress of something that goes by number: prompts, pairs, rows. */
public final class Countdown {
    private final Output output;
    private final String label;
    private final String unit;
    private final long total;
    private final Stopwatch watch = new Stopwatch(System::nanoTime);

    /** {@code label} says what is done, {@code unit} to what, in the plural. */
    public Countdown(Output output, String label, String unit, long total) {
        this.output = output;
        this.label = label;
        this.unit = unit;
        this.total = total;
        done(0);
    }

    /** So many are done. */
    public void done(long done) {
        output.status(label + ": " + Numbers.count(done) + " of " + Numbers.count(total) + " " + unit + " · " + watch.left(done, total - done));
    }
}
