package io.safeprobe.architecture.bad.engine.autograd;

import java.util.List;

/** Breaks a rule on purpose. */
public final class Tape {
    private Tape() {}

    public static List<String> names() {
        return List.of();
    }
}
