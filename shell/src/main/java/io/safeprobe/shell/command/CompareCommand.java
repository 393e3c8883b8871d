package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.Table;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Session;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sets runs side by side, or the open adapters. */
@Command(name = "compare", description = {"Set runs side by side, from their logs; or the open adapters, on the open data.",
    "Without RUN, the bare model and each open adapter are measured: loss on the task rows, margins of the safety pairs."})
final class CompareCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(arity = "0..*", paramLabel = "RUN", description = "Run folders, or their names below runs/.")
    private List<Path> runs = List.of();

    @Option(names = "--limit", paramLabel = "N", description = "Measure adapters on the first N rows and pairs only. Default: all.")
    private @Nullable Integer limit;

    @Mixin
    private JsonOption json = new JsonOption();

    CompareCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (limit != null && (limit < 1 || !runs.isEmpty())) {
            throw new CommandException("--limit takes a number of rows from 1 on which adapters are measured; runs are compared by their logs");
        }
        if (runs.isEmpty()) {
            return new AdapterComparison(session, limit == null ? 0 : limit).run(json.wanted());
        }
        List<RunSummary> summaries =
                runs.stream().map(run -> RunSummary.of(RunFolder.open(RunNames.find(session, run)))).toList();
        if (json.wanted()) {
            ObjectNode node = Output.object();
            ArrayNode list = node.putArray("runs");
            summaries.forEach(summary -> list.add(summary.json()));
            session.output().json(node);
            return Status.OK;
        }
        Table table = new Table(2, "run", "method", "steps", "loss first", "last", "validation", "safety first", "last", "sum l_su", "s/step");
        for (RunSummary run : summaries) {
            table.row(run.path().toString(), run.method(), Numbers.count(run.steps()), cell(run.firstLoss()), cell(run.lastLoss()), cell(run.validation()),
                    cell(run.firstSafety()), cell(run.lastSafety()), cell(run.lSu()), cell(run.secondsPerStep()));
        }
        table.print(session.output());
        return Status.OK;
    }

    private static String cell(OptionalDouble value) {
        return value.isPresent() ? Numbers.figure(value.getAsDouble()) : "-";
    }
}
