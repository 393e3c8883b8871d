package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.sap.data.ColumnMap;
import io.safeprobe.sap.data.DataReport;
import io.safeprobe.shell.report.DataSummary;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.session.DataFiles;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.UsageException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Opens data files; without a part, says what is open. */
@Command(name = "data", description = "Open data: data task, data safety, data prompts. Look at it: data info, data show.")
final class DataCommand implements Callable<Integer> {
    private final Session session;

    DataCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Facts.dataLines(session).forEach(session.output()::line);
        return Status.OK;
    }

    /** What the three parts have in common. */
    static final class Source {
        @Parameters(paramLabel = "FILE", description = {"JSONL, JSON array or CSV, also with gzip or zstd; Parquet; Arrow.",
            "A file, a folder of one data set (as save_to_disk writes it), or a pattern such as train-*.parquet."})
        private Path file = Path.of("");

        @Option(names = "--map", paramLabel = "MAP",
                description = "Which columns hold what, such as prompt=instruction+input,response=output. Usual names are recognised without.")
        private @Nullable String map;

        @Option(names = "--limit", paramLabel = "N", description = "Read the first N records only; 0 for all.")
        private int limit;

        @Mixin
        private JsonOption json = new JsonOption();

        Path file(Session session) {
            if (limit < 0) {
                throw new UsageException("--limit must not be negative; leave it out to read all");
            }
            return session.path(file.toString());
        }

        @Nullable ColumnMap map() {
            String text = map;
            return text == null ? null : ColumnMap.parse(text);
        }

        int limit() {
            return limit;
        }

        void report(Session session, String kind, DataReport report) {
            if (json.wanted()) {
                ObjectNode node = DataSummary.json(report);
                session.output().json(node);
            } else {
                DataSummary.lines(report, Facts.unit(kind)).forEach(session.output()::message);
            }
        }
    }

    /** {@code data task}. */
    @Command(name = "task", description = "Open the rows to learn: prompt and response, or input_ids and labels.")
    static final class Task implements Callable<Integer> {
        private final Session session;

        @Mixin
        private Source source = new Source();

        Task(Session session) {
            this.session = session;
        }

        @Override
        public Integer call() {
            session.useTask(DataFiles.task(source.file(session), source.map(), source.limit()));
            source.report(session, "task", session.task().report());
            return Status.OK;
        }
    }

    /** {@code data safety}. */
    @Command(name = "safety", description = "Open safety pairs: a prompt with a safe and a harmful response.")
    static final class Safety implements Callable<Integer> {
        private final Session session;

        @Mixin
        private Source source = new Source();

        Safety(Session session) {
            this.session = session;
        }

        @Override
        public Integer call() {
            session.useSafety(DataFiles.safety(source.file(session), source.map(), source.limit()));
            source.report(session, "safety", session.safety().report());
            return Status.OK;
        }
    }

    /** {@code data prompts}. */
    @Command(name = "prompts", description = "Open the prompts to score with.")
    static final class Prompts implements Callable<Integer> {
        private final Session session;

        @Mixin
        private Source source = new Source();

        Prompts(Session session) {
            this.session = session;
        }

        @Override
        public Integer call() {
            session.usePrompts(DataFiles.prompts(source.file(session), source.map(), source.limit()));
            source.report(session, "prompts", session.prompts().report());
            int harmless = session.prompts().data().harmless();
            if (harmless > 0) {
                session.output().message("  " + Numbers.count(harmless) + " of them safe to answer: their refusals are counted apart by 'score'");
            }
            return Status.OK;
        }
    }
}
