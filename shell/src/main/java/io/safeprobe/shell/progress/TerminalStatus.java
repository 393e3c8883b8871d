package io.safeprobe.shell.progress;

import io.safeprobe.shell.report.StatusLine;
import java.util.List;
import java.util.function.LongSupplier;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStyle;
import org.jline.utils.Status;

/** Progress on the status line at the bottom of a terminal; text scrolls above it. */
public final class TerminalStatus implements StatusLine {
    private static final long INTERVAL = 100_000_000;

    private final Terminal terminal;
    private final Status status;
    private final LongSupplier nanoTime;
    private Size size;
    private long last;

    /** A terminal that has room for a status line. */
    public TerminalStatus(Terminal terminal, Status status, LongSupplier nanoTime) {
        this.terminal = terminal;
        this.status = status;
        this.nanoTime = nanoTime;
        size = terminal.getSize();
        last = nanoTime.getAsLong() - INTERVAL;
    }

    @Override
    public void show(String text) {
        long now = nanoTime.getAsLong();
        if (now - last >= INTERVAL) {
            last = now;
            if (!size.equals(terminal.getSize())) {
                size = terminal.getSize();
                status.resize();
            }
            AttributedString line = new AttributedString(text, AttributedStyle.INVERSE);
            status.update(List.of(line.columnSubSequence(0, Math.max(20, size.getColumns() - 1))));
        }
    }

    /** Text scrolls above the line, so it may stay. */
    @Override
    public void makeWay() {}

    @Override
    public void end() {
        status.update(List.of());
        last = nanoTime.getAsLong() - INTERVAL;
    }
}
