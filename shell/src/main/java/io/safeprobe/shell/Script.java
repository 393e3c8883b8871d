package io.safeprobe.shell;

import io.safeprobe.shell.command.Status;
import io.safeprobe.shell.session.Lines;
import io.safeprobe.shell.session.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs the lines of a file, a pipe or an option; stops at the first error and says where it was. */
final class Script implements Lines {
    private interface Source {
        @Nullable String read() throws IOException;
    }

    private final Source source;
    private final String name;
    private final List<String> entered = new ArrayList<>();
    private int number;

    private Script(Source source, String name) {
        this.source = source;
        this.name = name;
    }

    /** The lines of a file or pipe; {@code name} is what errors call it. */
    static Script of(BufferedReader reader, String name) {
        return new Script(reader::readLine, name);
    }

    /** The commands of one text. */
    static Script of(String text) {
        Iterator<CommandText.Parsed> commands = CommandText.parse(text).iterator();
        return new Script(() -> commands.hasNext() ? commands.next().source() : null, "");
    }

    @Override
    public @Nullable String next(String prompt) {
        try {
            String line = source.read();
            number++;
            return line;
        } catch (IOException failure) {
            throw new UncheckedIOException(name + " cannot be read after line " + number, failure);
        }
    }

    /** Runs all lines; returns the status of the last, or of the first that was not 0. */
    int run(Session session) {
        session.readFrom(this);
        session.remember(() -> List.copyOf(entered));
        Interpreter interpreter = new Interpreter(session);
        int status = Status.OK;
        while (status == Status.OK && !session.leaving()) {
            String line = next("");
            if (line == null) {
                break;
            }
            if (!line.isBlank()) {
                entered.add(line.strip());
            }
            status = interpreter.line(line, name.isEmpty() ? "" : name + ", line " + number + ": ");
        }
        return status;
    }
}
