package io.safeprobe.shell.command;

import picocli.CommandLine.Option;

/** For commands that report figures. */
final class JsonOption {
    @Option(names = "--json", description = "Print one JSON object on standard output and nothing else there.")
    private boolean wanted;

    boolean wanted() {
        return wanted;
    }
}
