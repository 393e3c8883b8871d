package io.safeprobe.architecture.bad.cycle.a;

import io.safeprobe.architecture.bad.cycle.b.Second;

/** Breaks a rule on purpose. */
public final class First {
    private First() {}

    public static String name() {
        return Second.class.getName();
    }
}
