package io.safeprobe.shell;

import io.safeprobe.shell.command.Status;
import io.safeprobe.shell.session.Session;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/** Ctrl-C where nobody types commands: it asks the running command to end; a second one does not wait for it. */
final class Interrupts implements AutoCloseable {
    private static final String SIGNAL = "INT";

    private final @Nullable Object previous;

    private Interrupts(@Nullable Object previous) {
        this.previous = previous;
    }

    static Interrupts of(Session session) {
        return new Interrupts(Signals.register(SIGNAL, () -> {
            if (session.interrupt().request()) {
                Runtime.getRuntime().halt(Status.INTERRUPTED);
            }
            session.output().message("ending after this step; Ctrl-C again ends at once");
        }));
    }

    @Override
    public void close() {
        if (previous != null) {
            Signals.unregister(SIGNAL, previous);
        }
    }
}
