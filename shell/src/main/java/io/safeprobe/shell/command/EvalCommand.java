package io.safeprobe.shell.command;

import io.safeprobe.sap.data.ColumnMap;
import io.safeprobe.sap.data.Encoded;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.TaskData;
import io.safeprobe.sap.objective.TokenLoss;
import io.safeprobe.shell.report.DataSummary;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.DataFiles;
import io.safeprobe.shell.session.DataSlot;
import io.safeprobe.shell.session.Measuring;
import io.safeprobe.shell.session.Session;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures the loss on rows of a task. */
@Command(name = "eval", description = "Measure the loss on the responses of a file of task rows.")
final class EvalCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "FILE", description = "Rows as for 'data task'.")
    private Path file = Path.of("");

    @Option(names = "--map", paramLabel = "MAP", description = "Columns, as for 'data task'.")
    private @Nullable String map;

    @Option(names = "--limit", paramLabel = "N", description = "Read the first N records only; 0 for all.")
    private int limit;

    @Option(names = "--max-tokens", paramLabel = "N", description = "Rows are cut to so many tokens. Default: as for 'train'.")
    private @Nullable Integer maxTokens;

    @Mixin
    private JsonOption json = new JsonOption();

    EvalCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        int vocabulary = session.model().config().vocabulary();
        String text = map;
        DataSlot<TaskData> rows = DataFiles.task(session.path(file.toString()), text == null ? null : ColumnMap.parse(text), limit);
        Encoded<Example> encoded = rows.data().encode(session.encoder(), session.maxTokens(maxTokens), vocabulary);
        DataSummary.lines(encoded.report(), "row").forEach(session.output()::message);
        TokenLoss loss = new Measuring(session).loss(encoded.examples(), "eval");
        boolean interrupted = session.interrupt().requested();
        if (loss.labels() == 0) {
            session.output().message("interrupted before anything was measured");
            return Status.INTERRUPTED;
        }
        session.measure("loss " + Numbers.figure(loss.mean()) + " over " + Numbers.count(loss.labels(), "response token") + " of "
                + rows.report().source().file().getFileName() + (interrupted ? " (not all rows)" : ""));
        if (json.wanted()) {
            session.output().json(Output.object().put("file", file.toString()).put("loss", loss.mean()).put("perplexity", loss.perplexity())
                    .put("tokens", loss.labels()).put("rows", encoded.examples().size()).put("complete", !interrupted));
        } else {
            session.output().line("loss " + Numbers.figure(loss.mean()) + ", perplexity " + Numbers.figure(loss.perplexity()) + ", over "
                    + Numbers.count(loss.labels(), "response token") + (interrupted ? " (interrupted: not all rows)" : ""));
        }
        return interrupted ? Status.INTERRUPTED : Status.OK;
    }
}
