package io.safeprobe.architecture.bad.sap.above;

import io.safeprobe.shell.command.Commands;

/** Breaks a rule on purpose. */
public final class KnowsShell {
    private KnowsShell() {}

    public static String name() {
        return Commands.class.getName();
    }
}
