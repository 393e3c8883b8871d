package io.safeprobe.architecture.bad.model.upward;

import io.safeprobe.architecture.bad.sap.above.KnowsShell;

/** Breaks a rule on purpose. */
public final class KnowsSap {
    private KnowsSap() {}

    public static String name() {
        return KnowsShell.name();
    }
}
