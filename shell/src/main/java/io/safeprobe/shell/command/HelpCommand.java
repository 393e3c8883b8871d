package io.safeprobe.shell.command;

import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Session;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Explains the commands. */
@Command(name = "help", description = "List the commands, or explain one: help train, help data task.")
final class HelpCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(arity = "0..2", paramLabel = "COMMAND", description = "What to explain.")
    private List<String> path = List.of();

    @Spec
    private @Nullable CommandSpec spec;

    HelpCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        CommandSpec own = spec;
        if (own == null) {
            throw new IllegalStateException("help was called without its specification");
        }
        CommandLine command = own.parent().commandLine();
        if (path.isEmpty()) {
            overview(session.output(), command);
            return Status.OK;
        }
        for (String name : path) {
            CommandLine child = command.getSubcommands().get(name);
            if (child == null) {
                throw new CommandException("there is no command '" + String.join(" ", path) + "'"
                        + Suggestion.of(name, command.getSubcommands().keySet()).map(near -> "; perhaps '" + near + "'").orElse("")
                        + "; 'help' lists them all");
            }
            command = child;
        }
        session.output().line(command.getUsageMessage().stripTrailing());
        return Status.OK;
    }

    /** One line for each command. */
    static void overview(Output output, CommandLine root) {
        Map<String, CommandLine> commands = new LinkedHashMap<>(root.getSubcommands());
        commands.forEach((name, command) -> {
            if (!List.of(command.getCommandSpec().aliases()).contains(name)) {
                output.line(String.format(Locale.ROOT, "  %-10s", name) + command.getCommandSpec().usageMessage().description()[0]);
            }
        });
        output.line("'help COMMAND' explains one. Ctrl-C ends what runs after its current step.");
    }
}
