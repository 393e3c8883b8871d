package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.shell.report.DataSummary;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.Session;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Says what is open. */
@Command(name = "info", description = "Say what is open: model, adapter, data.")
final class InfoCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private JsonOption json = new JsonOption();

    InfoCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        boolean open = session.openModel().isPresent();
        if (json.wanted()) {
            ObjectNode node = open ? Facts.model(session) : Output.object().putNull("model");
            ObjectNode data = node.putObject("data");
            Facts.data(session).forEach((kind, report) -> report.ifPresentOrElse(found -> data.set(kind, DataSummary.json(found)), () -> data.putNull(kind)));
            session.output().json(node);
        } else {
            if (open) {
                Facts.modelLines(session).forEach(session.output()::line);
            } else {
                session.output().line("model    none; open one with: open DIR");
            }
            Facts.dataLines(session).forEach(session.output()::line);
        }
        return Status.OK;
    }
}
