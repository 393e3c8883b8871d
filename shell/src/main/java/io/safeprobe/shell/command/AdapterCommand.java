package io.safeprobe.shell.command;

import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.Adapters;
import io.safeprobe.shell.session.Session;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Adapters of the open model; without a part, lists them. */
@Command(name = "adapter", description = {"Open several adapters and switch between them: adapter load, list, use, close.",
    "The one in use, marked *, is what train results in and what generate, chat, score, eval, save and merge take. 'compare' measures all."})
final class AdapterCommand implements Callable<Integer> {
    private final Session session;

    private AdapterCommand(Session session) {
        this.session = session;
    }

    /** The command with its parts; names of adapters are completed. */
    static CommandLine of(Session session) {
        IFactory names = new IFactory() {
            @Override
            public <K> K create(Class<K> type) throws Exception {
                return type == Names.class ? type.cast(new Names(session)) : CommandLine.defaultFactory().create(type);
            }
        };
        return new CommandLine(new AdapterCommand(session))
                .addSubcommand(new Load(session))
                .addSubcommand(new ListAll(session))
                .addSubcommand(new CommandLine(new Use(session), names))
                .addSubcommand(new CommandLine(new Close(session), names));
    }

    @Override
    public Integer call() {
        list(session, false);
        return Status.OK;
    }

    private static void list(Session session, boolean json) {
        session.model();
        if (json) {
            session.output().json(Facts.adapters(Output.object(), session));
        } else if (session.adapters().names().isEmpty()) {
            session.output().line("adapter  none; open one with: adapter load DIR");
        } else {
            Facts.adapterLines(session).forEach(session.output()::line);
        }
    }

    private static void done(Session session, boolean json, String message) {
        if (json) {
            session.output().json(Facts.adapters(Output.object(), session));
        } else {
            session.output().message(message);
        }
    }

    private static String inUse(Session session) {
        String active = session.adapters().active();
        return active.equals(Adapters.NONE) ? "the bare model is in use" : active + " is in use";
    }

    /** Opens one. */
    @Command(name = "load", description = "Open an adapter for the open model and put it in use.")
    private static final class Load implements Callable<Integer> {
        private final Session session;

        @Parameters(paramLabel = "DIR", description = "PEFT folder of a LoRA adapter.")
        private Path folder = Path.of("");

        @Option(names = "--as", paramLabel = "NAME", description = "What to call it. Default: the folder's name.")
        private @Nullable String name;

        @Mixin
        private JsonOption json = new JsonOption();

        Load(Session session) {
            this.session = session;
        }

        @Override
        public Integer call() {
            session.loadAdapter(session.path(folder.toString()), name);
            done(session, json.wanted(), inUse(session));
            return Status.OK;
        }
    }

    /** Lists them. */
    @Command(name = "list", description = "List the open adapters.")
    private static final class ListAll implements Callable<Integer> {
        private final Session session;

        @Mixin
        private JsonOption json = new JsonOption();

        ListAll(Session session) {
            this.session = session;
        }

        @Override
        public Integer call() {
            list(session, json.wanted());
            return Status.OK;
        }
    }

    /** Switches. */
    @Command(name = "use", description = "Put an open adapter in use, or none.")
    private static final class Use implements Callable<Integer> {
        private final Session session;

        @Parameters(paramLabel = "NAME", completionCandidates = Names.class, description = "Name of an open adapter, or none for the bare model.")
        private String name = Adapters.NONE;

        @Mixin
        private JsonOption json = new JsonOption();

        Use(Session session) {
            this.session = session;
        }

        @Override
        public Integer call() {
            session.model();
            session.adapters().use(name);
            done(session, json.wanted(), inUse(session));
            return Status.OK;
        }
    }

    /** Frees one. */
    @Command(name = "close", description = "Close an adapter and free its memory.")
    private static final class Close implements Callable<Integer> {
        private final Session session;

        @Parameters(paramLabel = "NAME", completionCandidates = Names.class, description = "Name of an open adapter.")
        private String name = Adapters.NONE;

        @Mixin
        private JsonOption json = new JsonOption();

        Close(Session session) {
            this.session = session;
        }

        @Override
        public Integer call() {
            session.model();
            session.adapters().close(name);
            done(session, json.wanted(), name + " is closed; " + inUse(session));
            return Status.OK;
        }
    }

    /** What can be put in use. */
    private record Names(Session session) implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Stream.concat(session.adapters().names().stream(), Stream.of(Adapters.NONE)).toList().iterator();
        }
    }
}
