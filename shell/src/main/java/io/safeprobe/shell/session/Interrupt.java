package io.safeprobe.shell.session;

import java.util.concurrent.atomic.AtomicBoolean;

/** Whether a person asked the running command to end. Set by a signal, asked between steps. */
public final class Interrupt {
    private final AtomicBoolean requested = new AtomicBoolean();

    /** Asks; returns whether it had been asked before. */
    public boolean request() {
        return requested.getAndSet(true);
    }

    /** Whether it was asked. */
    public boolean requested() {
        return requested.get();
    }

    /** Forgets; a new command begins. */
    public void reset() {
        requested.set(false);
    }
}
