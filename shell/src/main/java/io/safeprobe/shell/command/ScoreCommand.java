package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.generate.GenerationConfig;
import io.safeprobe.model.generate.Sampling;
import io.safeprobe.sap.data.DataReport;
import io.safeprobe.sap.data.Encoded;
import io.safeprobe.sap.data.PairExample;
import io.safeprobe.sap.data.Prompt;
import io.safeprobe.sap.score.HarmfulScore;
import io.safeprobe.sap.score.Margins;
import io.safeprobe.sap.score.OverRefusal;
import io.safeprobe.sap.score.Scorer;
import io.safeprobe.sap.score.Verdict;
import io.safeprobe.shell.report.DataSummary;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.ScoreSummary;
import io.safeprobe.shell.session.Measuring;
import io.safeprobe.shell.session.ResultFile;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.Settings;
import io.safeprobe.shell.session.UsageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures how harmful the model is. */
@Command(name = "score", description = {"Measure how harmful the model is.",
    "The share of prompts it answers instead of refusing (refusal), or of pairs whose harmful response it finds likelier (margin); lower is safer.",
    "Of XSTest the unsafe prompts count for that, and refusals of the safe ones are counted apart."})
final class ScoreCommand implements Callable<Integer> {
    /** How responses are judged. */
    enum Judge {
        refusal,
        margin
    }

    private final Session session;

    @Option(names = "--judge", paramLabel = "JUDGE", defaultValue = "refusal",
            description = "refusal: generate responses to 'data prompts' and look for refusals. margin: compare the likelihoods of 'data safety'; "
                    + "no generation. Default: ${DEFAULT-VALUE}.")
    private Judge judge = Judge.refusal;

    @Option(names = "--limit", paramLabel = "N", description = "Take the first N prompts or pairs only.")
    private @Nullable Integer limit;

    @Option(names = "--out", paramLabel = "FILE", description = "Write prompts, responses and verdicts, with all that made them, as JSON.")
    private @Nullable Path out;

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Mixin
    private JsonOption json = new JsonOption();

    ScoreCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (limit != null && limit < 1) {
            throw new UsageException("--limit must be at least 1, not " + limit);
        }
        Settings settings = sampling.over(session.settings());
        if (judge == Judge.margin) {
            sampling.requireNone("--judge margin");
        }
        session.model();
        Path target = out;
        ResultFile file = target == null ? null : ResultFile.at(session.path(target.toString()));
        return switch (judge) {
            case refusal -> refusal(file, settings);
            case margin -> margin(file);
        };
    }

    private <T> List<T> first(List<T> all) {
        return limit == null ? all : all.subList(0, Math.min(all.size(), limit));
    }

    private int refusal(@Nullable ResultFile file, Settings settings) {
        List<Prompt> prompts = first(session.prompts().data().prompts());
        GenerationConfig config = settings.scoring(session.model().generation());
        sampling.requireSampling(config.sampling().greedy());
        List<Verdict> verdicts = new Measuring(session).refusals(prompts, config, settings.seed(), "score");
        if (verdicts.isEmpty()) {
            session.output().message("interrupted before anything was judged");
            return Status.INTERRUPTED;
        }
        List<Verdict> unsafe = judged(verdicts, prompts, false);
        List<Verdict> safe = judged(verdicts, prompts, true);
        HarmfulScore score = unsafe.isEmpty() ? null : Scorer.score(unsafe);
        ObjectNode node = node(score, verdicts.size() == prompts.size());
        node.put("unfinished", verdicts.stream().filter(verdict -> !verdict.finished()).count());
        List<String> more = new ArrayList<>();
        if (!safe.isEmpty()) {
            OverRefusal refused = Scorer.overRefusal(safe);
            ScoreSummary.put(node.putObject("safe_prompts"), refused);
            more.add(ScoreSummary.line(refused));
        }
        if (file != null) {
            ObjectNode content = node.deepCopy();
            put(content, config);
            content.put("seed", settings.seed());
            content.set("data", DataSummary.json(session.prompts().report()));
            return report(() -> file.write(session, content, verdicts, prompts), file, node, summary(score, safe.isEmpty() ? "prompt" : "unsafe prompt", more),
                    session.prompts().report());
        }
        return report(() -> {}, null, node, summary(score, safe.isEmpty() ? "prompt" : "unsafe prompt", more), session.prompts().report());
    }

    /** Verdicts stand in the order of the prompts. */
    private static List<Verdict> judged(List<Verdict> verdicts, List<Prompt> prompts, boolean harmless) {
        return IntStream.range(0, verdicts.size()).filter(i -> prompts.get(i).harmless() == harmless).mapToObj(verdicts::get).toList();
    }

    private static List<String> summary(@Nullable HarmfulScore score, String unit, List<String> more) {
        List<String> lines = new ArrayList<>();
        if (score != null) {
            lines.add(ScoreSummary.line(score, unit));
        }
        lines.addAll(more);
        return lines;
    }

    private static void put(ObjectNode content, GenerationConfig config) {
        Sampling sampling = config.sampling();
        content.put("max_new_tokens", config.maxNewTokens()).put("temperature", sampling.temperature()).put("top_k", sampling.topK()).put("top_p", sampling.topP());
        content.put("min_p", sampling.minP()).put("repetition_penalty", config.rules().repetitionPenalty());
        config.stopStrings().forEach(content.putArray("stop")::add);
    }

    private int margin(@Nullable ResultFile file) {
        Encoded<PairExample> encoded =
                session.safety().data().encode(session.encoder(), session.maxTokens(null), session.model().config().vocabulary());
        List<PairExample> pairs = first(encoded.examples());
        Margins margins = new Measuring(session).margins(pairs, "score");
        if (margins.margins().isEmpty()) {
            session.output().message("interrupted before anything was judged");
            return Status.INTERRUPTED;
        }
        HarmfulScore score = margins.score();
        List<String> more = List.of("mean margin " + Numbers.figure(margins.mean()) + " nats; higher is safer");
        ObjectNode node = node(score, score.total() == pairs.size());
        node.put("mean_margin", margins.mean());
        if (file != null) {
            ObjectNode content = node.deepCopy();
            content.set("data", DataSummary.json(encoded.report()));
            return report(() -> file.write(session, content, margins), file, node, summary(score, "pair", more), encoded.report());
        }
        return report(() -> {}, null, node, summary(score, "pair", more), encoded.report());
    }

    private static ObjectNode node(@Nullable HarmfulScore score, boolean complete) {
        ObjectNode node = Output.object();
        if (score != null) {
            ScoreSummary.put(node, score);
        }
        return node.put("complete", complete);
    }

    /** Says the score before it writes the file, so that a full disk does not lose what took long. */
    private int report(Runnable write, @Nullable ResultFile file, ObjectNode node, List<String> lines, DataReport data) {
        Output output = session.output();
        boolean complete = node.path("complete").asBoolean();
        if (file != null) {
            node.put("out", file.path().toString());
        }
        if (json.wanted()) {
            output.json(node);
        } else {
            lines.forEach(output::line);
        }
        lines.forEach(line -> session.measure(line + " (" + data.source().file().getFileName() + (complete ? ")" : ", interrupted)")));
        write.run();
        if (file != null && !json.wanted()) {
            output.message("written to " + file.path());
        }
        if (!complete) {
            output.message("interrupted: the score is over what was judged until then");
        }
        return complete ? Status.OK : Status.INTERRUPTED;
    }
}
