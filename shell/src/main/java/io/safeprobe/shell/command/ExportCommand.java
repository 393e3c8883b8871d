package io.safeprobe.shell.command;

import io.safeprobe.shell.session.CommandException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Writes files for other programs; the format is a command of its own. */
@Command(name = "export", description = "Write the model or its adapter for other programs: export gguf FILE.")
final class ExportCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        throw new CommandException("export needs a format and a file: export gguf FILE");
    }
}
