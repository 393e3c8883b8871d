package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.Table;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.Settings.Name;
import io.safeprobe.shell.session.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows and changes the settings of the session. */
@Command(name = "set", description = "Show the settings of this session, or change one: set NAME VALUE.")
final class SetCommand implements Callable<Integer> {
    /** For completion. */
    static final class Names extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        Names() {
            super(Name.names());
        }
    }

    private final Session session;

    @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", completionCandidates = Names.class, description = "One of: ${COMPLETION-CANDIDATES}.")
    private @Nullable String name;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "VALUE", description = "Its new value, or 'default'. Of stop, one text or more.")
    private List<String> values = List.of();

    @Mixin
    private JsonOption json = new JsonOption();

    SetCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        String given = name;
        List<String> texts = values;
        if (given != null) {
            int equals = given.indexOf('=');
            if (equals > 0 && texts.isEmpty()) {
                texts = List.of(given.substring(equals + 1));
                given = given.substring(0, equals);
            }
            Name chosen = find(given);
            if (!texts.isEmpty()) {
                session.settings().set(chosen, texts);
                if (chosen == Name.THREADS) {
                    session.renewKernels();
                }
            }
            show(List.of(chosen));
        } else {
            show(List.of(Name.values()));
        }
        return Status.OK;
    }

    private static Name find(String given) {
        return Name.of(given).orElseThrow(() -> new UsageException("there is no setting '" + given + "'"
                + Suggestion.of(given, Name.names()).map(near -> "; perhaps '" + near + "'").orElse("") + "; 'set' shows them all"));
    }

    private void show(List<Name> names) {
        if (json.wanted()) {
            ObjectNode node = Output.object();
            names.forEach(shown -> node.put(shown.toString(), session.settings().all().get(shown)));
            session.output().json(node);
        } else {
            Table table = new Table(3, "setting", "value", "meaning");
            names.forEach(shown -> table.row(shown.toString(), session.settings().all().getOrDefault(shown, ""), shown.meaning()));
            table.print(session.output());
        }
    }
}
