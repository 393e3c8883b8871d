package io.safeprobe.shell.command;

import io.safeprobe.shell.session.Session;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Leaves. */
@Command(name = "quit", aliases = "exit", description = "Leave; so does Ctrl-D.")
final class QuitCommand implements Callable<Integer> {
    private final Session session;

    QuitCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        session.leave();
        return Status.OK;
    }
}
