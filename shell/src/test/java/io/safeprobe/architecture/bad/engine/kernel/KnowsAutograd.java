package io.safeprobe.architecture.bad.engine.kernel;

import io.safeprobe.architecture.bad.engine.autograd.Tape;
import java.util.List;

/** Breaks a rule on purpose. */
public final class KnowsAutograd {
    private KnowsAutograd() {}

    public static List<String> names() {
        return Tape.names();
    }
}
