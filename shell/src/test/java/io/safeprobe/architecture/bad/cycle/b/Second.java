package io.safeprobe.architecture.bad.cycle.b;

import io.safeprobe.architecture.bad.cycle.a.First;

/** Breaks a rule on purpose. */
public final class Second {
    private Second() {}

    public static String name() {
        return First.class.getName();
    }
}
