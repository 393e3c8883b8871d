package io.safeprobe.shell;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jline.builtins.Completers.FileNameCompleter;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Completes commands, options, their values and file names, from what the commands declare about themselves. */
final class CommandCompleter implements Completer {
    private final Supplier<CommandLine> commands;
    private final FileNameCompleter files = new FileNameCompleter();

    CommandCompleter(Supplier<CommandLine> commands) {
        this.commands = commands;
    }

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        List<String> words = line.words().subList(0, line.wordIndex());
        // Only the last of several commands on a line is being written.
        for (int i = words.size() - 1; i >= 0; i--) {
            if (words.get(i).endsWith(";")) {
                words = words.subList(i + 1, words.size());
                break;
            }
        }
        CommandLine command = commands.get();
        int index = 0;
        while (index < words.size()) {
            CommandLine child = command.getSubcommands().get(words.get(index));
            if (child == null) {
                break;
            }
            command = child;
            index++;
        }
        arguments(reader, line, command, words.subList(index, words.size()), candidates);
    }

    private void arguments(LineReader reader, ParsedLine line, CommandLine command, List<String> before, List<Candidate> candidates) {
        OptionSpec open = before.isEmpty() ? null : command.getCommandSpec().optionsMap().get(before.getLast());
        if (open != null && open.arity().max() > 0) {
            values(reader, line, open, candidates);
            return;
        }
        if (line.word().startsWith("-")) {
            options(command, before, candidates);
            return;
        }
        if (before.isEmpty()) {
            command.getSubcommands().forEach((name, child) -> candidates.add(candidate(name, description(child))));
        }
        PositionalParamSpec parameter = parameter(command, before);
        if (parameter != null) {
            values(reader, line, parameter, candidates);
        }
        if (parameter == null && before.isEmpty() && command.getSubcommands().isEmpty()) {
            options(command, before, candidates);
        }
    }

    /** The parameter that the next word would be. */
    private static @Nullable PositionalParamSpec parameter(CommandLine command, List<String> before) {
        Map<String, OptionSpec> options = command.getCommandSpec().optionsMap();
        int position = 0;
        for (int i = 0; i < before.size(); i++) {
            OptionSpec option = options.get(before.get(i));
            if (option == null) {
                position++;
            } else if (option.arity().max() > 0) {
                i++;
            }
        }
        for (PositionalParamSpec parameter : command.getCommandSpec().positionalParameters()) {
            if (parameter.index().min() <= position && position <= parameter.index().max()) {
                return parameter;
            }
        }
        return null;
    }

    private static void options(CommandLine command, List<String> before, List<Candidate> candidates) {
        for (OptionSpec option : command.getCommandSpec().options()) {
            if (!before.contains(option.longestName())) {
                candidates.add(candidate(option.longestName(), String.join(" ", option.description())));
            }
        }
    }

    private void values(LineReader reader, ParsedLine line, ArgSpec argument, List<Candidate> candidates) {
        if (argument.completionCandidates() != null) {
            argument.completionCandidates().forEach(value -> candidates.add(candidate(value, null)));
        } else if (argument.type() == Path.class || List.of(argument.auxiliaryTypes()).contains(Path.class)) {
            files.complete(reader, line, candidates);
        }
    }

    private static Candidate candidate(String value, @Nullable String description) {
        return new Candidate(value, value, null, description, null, null, true);
    }

    private static String description(CommandLine command) {
        return command.getCommandSpec().usageMessage().description()[0];
    }
}
