package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.sap.checkpoint.RunException;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.Table;
import io.safeprobe.shell.session.Session;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists runs. */
@Command(name = "runs", description = "List the runs below a folder and what they came to.")
final class RunsCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(arity = "0..1", paramLabel = "DIR", description = "Where to look. Default: runs/.")
    private Path parent = Path.of(RunNames.PARENT);

    @Mixin
    private JsonOption json = new JsonOption();

    RunsCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws java.io.IOException {
        Path folder = session.path(parent.toString());
        List<RunFolder> found = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            // Runs of one demonstration or study lie together in a folder of their own.
            try (Stream<Path> children = Files.list(folder)) {
                Stream.concat(Stream.of(folder), children.filter(Files::isDirectory).sorted()).forEach(place -> found.addAll(RunFolder.list(place)));
            }
        }
        ArrayNode list = Output.object().putArray("runs");
        Table table = new Table(2, "run", "method", "steps", "last loss", "s/step");
        for (RunFolder run : found) {
            try {
                RunSummary summary = RunSummary.of(run);
                list.add(summary.json());
                table.row(run.path().toString(), summary.method(), Numbers.count(summary.steps()),
                        summary.lastLoss().isPresent() ? Numbers.figure(summary.lastLoss().getAsDouble()) : "-",
                        summary.secondsPerStep().isPresent() ? Numbers.figure(summary.secondsPerStep().getAsDouble()) : "-");
            } catch (RunException damaged) {
                // One damaged run must not hide the others.
                session.output().message(damaged.getMessage() + "");
                table.row(run.path().toString(), "damaged", "-", "-", "-");
            }
        }
        if (json.wanted()) {
            ObjectNode node = Output.object();
            node.set("runs", list);
            session.output().json(node);
        } else if (found.isEmpty()) {
            session.output().line("no runs below " + folder + "; make one with: train");
        } else {
            table.print(session.output());
        }
        return Status.OK;
    }
}
