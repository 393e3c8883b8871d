package io.safeprobe.shell.command;

import picocli.CommandLine.Option;

/** For every command. */
final class HelpOption {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean wanted;

    boolean wanted() {
        return wanted;
    }
}
