package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.sap.data.DataReport;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.Prompt;
import io.safeprobe.sap.data.SafetyPair;
import io.safeprobe.sap.data.TaskRow;
import io.safeprobe.shell.report.DataSummary;
import io.safeprobe.shell.report.Histogram;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.DataSlot;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.UsageException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says how open data was understood, how long its rows are and what the token limit cuts. */
@Command(name = "info", description = {"Say how the open data was understood, how long its rows are, and how many the token limit cuts.",
    "Lengths are tokens of the open model; of a pair, both sides count."})
final class DataInfoCommand implements Callable<Integer> {
    /** What can be open. */
    enum Kind {
        task,
        safety,
        prompts
    }

    private final Session session;

    @Parameters(arity = "0..1", paramLabel = "task|safety|prompts", description = "Which data. Default: all that is open.")
    private @Nullable Kind kind;

    @Option(names = "--max-tokens", paramLabel = "N", description = "The limit. Default: as for 'train'.")
    private @Nullable Integer maxTokens;

    @Mixin
    private JsonOption json = new JsonOption();

    DataInfoCommand(Session session) {
        this.session = session;
    }

    /**
     * How long rows are.
     *
     * @param tokens of each sequence, before anything is cut
     * @param cut rows longer than the limit
     * @param lost rows of which the limit leaves nothing to learn; they are among those cut
     */
    private record Lengths(Histogram tokens, int cut, int lost) {
        /** Of rows, each of one or two sequences. */
        static <E> Lengths of(List<E> rows, Function<E, List<Example>> sequences, int limit) {
            IntStream.Builder tokens = IntStream.builder();
            int cut = 0;
            int lost = 0;
            for (E row : rows) {
                List<Example> each = sequences.apply(row);
                each.forEach(example -> tokens.add(example.tokens()));
                cut += each.stream().anyMatch(example -> example.tokens() > limit) ? 1 : 0;
                lost += each.stream().anyMatch(example -> example.firstLearnt() + 1 > limit) ? 1 : 0;
            }
            return new Lengths(new Histogram(tokens.build().toArray()), cut, lost);
        }
    }

    @Override
    public Integer call() {
        Integer given = maxTokens;
        if (given != null && given < 2) {
            throw new UsageException("--max-tokens must be at least 2, not " + given);
        }
        List<Kind> wanted = Arrays.stream(Kind.values()).filter(each -> kind == null ? open(each).isPresent() : kind == each).toList();
        if (wanted.isEmpty()) {
            throw new CommandException("no data is open; open some with: data task FILE");
        }
        ObjectNode node = Output.object();
        for (Kind each : wanted) {
            DataReport report = open(each).orElseThrow(
                    () -> new CommandException("no " + each + " data is open; open some with: data " + each + " FILE"));
            Optional<Lengths> lengths = lengths(each);
            if (json.wanted()) {
                node.set(each.name(), json(report, lengths));
            } else {
                print(each, report, lengths);
            }
        }
        if (json.wanted()) {
            session.output().json(node);
        }
        return Status.OK;
    }

    private Optional<DataReport> open(Kind each) {
        return switch (each) {
            case task -> session.openTask().map(DataSlot::report);
            case safety -> session.openSafety().map(DataSlot::report);
            case prompts -> session.openPrompts().map(DataSlot::report);
        };
    }

    private ObjectNode json(DataReport report, Optional<Lengths> lengths) {
        ObjectNode node = DataSummary.json(report);
        lengths.ifPresentOrElse(found -> {
            node.set("lengths", found.tokens().json());
            node.put("max_tokens", session.maxTokens(maxTokens)).put("cut", found.cut()).put("lost", found.lost());
        }, () -> node.putNull("lengths"));
        return node;
    }

    private void print(Kind each, DataReport report, Optional<Lengths> lengths) {
        Output output = session.output();
        String unit = Facts.unit(each.name());
        List<String> summary = DataSummary.lines(report, unit);
        output.line(output.style().heading(each.name()) + "  " + summary.getFirst());
        output.line("  columns: " + String.join(", ", report.source().columns()));
        summary.stream().skip(1).forEach(output::line);
        if (lengths.isEmpty()) {
            output.line("  lengths in tokens need an open model with a tokenizer: open DIR");
            return;
        }
        Lengths found = lengths.get();
        output.line("  tokens: " + found.tokens().summary());
        found.tokens().lines().forEach(line -> output.line("    " + line));
        output.line("  at " + session.maxTokens(maxTokens) + " tokens " + Numbers.count(found.cut(), unit) + " of " + Numbers.count(report.rows())
                + " cut" + (found.lost() == 0 ? "" : ", " + Numbers.count(found.lost()) + " of them dropped: nothing is left to learn"));
    }

    /** Empty where there is no model, or no tokenizer to make tokens of text. */
    private Optional<Lengths> lengths(Kind each) {
        if (session.openModel().filter(model -> model.labels().isEmpty()).isEmpty() || (isText(each) && !session.model().hasTokenizer())) {
            return Optional.empty();
        }
        int limit = session.maxTokens(maxTokens);
        int vocabulary = session.model().config().vocabulary();
        return Optional.of(switch (each) {
            case task -> Lengths.of(session.task().data().encode(session.encoder(), Integer.MAX_VALUE, vocabulary).examples(), List::of, limit);
            case safety -> Lengths.of(session.safety().data().encode(session.encoder(), Integer.MAX_VALUE, vocabulary).examples(),
                    pair -> List.of(pair.safe(), pair.harmful()), limit);
            case prompts -> prompts(session.prompts().data().prompts(), limit);
        });
    }

    /** Prompts are answered, not learnt from. */
    private Lengths prompts(List<Prompt> prompts, int limit) {
        int[] tokens = prompts.stream().mapToInt(prompt -> session.model().encoder().prompt(prompt.messages()).length).toArray();
        return new Lengths(new Histogram(tokens), (int) Arrays.stream(tokens).filter(length -> length > limit).count(), 0);
    }

    private boolean isText(Kind each) {
        return switch (each) {
            case task -> session.task().data().rows().getFirst() instanceof TaskRow.Text;
            case safety -> session.safety().data().pairs().getFirst() instanceof SafetyPair.Text;
            case prompts -> true;
        };
    }
}
