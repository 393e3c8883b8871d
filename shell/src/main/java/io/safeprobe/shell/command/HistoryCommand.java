package io.safeprobe.shell.command;

import io.safeprobe.shell.session.Session;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lists what was entered. */
@Command(name = "history", description = "List what was entered, the latest last.")
final class HistoryCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(arity = "0..1", paramLabel = "N", defaultValue = "50", description = "How many lines. Default: ${DEFAULT-VALUE}.")
    private int count;

    HistoryCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        List<String> all = session.history();
        for (int i = Math.max(0, all.size() - Math.max(0, count)); i < all.size(); i++) {
            session.output().line(String.format(Locale.ROOT, "%4d  %s", i + 1, all.get(i)));
        }
        return Status.OK;
    }
}
