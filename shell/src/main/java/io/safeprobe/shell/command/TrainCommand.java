package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.sap.data.DataReport;
import io.safeprobe.sap.data.TaskData;
import io.safeprobe.sap.train.AlignmentProjection;
import io.safeprobe.sap.train.Phase;
import io.safeprobe.sap.train.StepFigures;
import io.safeprobe.sap.train.StepRecord;
import io.safeprobe.sap.train.TrainSettings;
import io.safeprobe.sap.train.Training;
import io.safeprobe.shell.progress.TrainProgress;
import io.safeprobe.shell.report.AdapterText;
import io.safeprobe.shell.report.DataSummary;
import io.safeprobe.shell.report.MethodText;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.report.Table;
import io.safeprobe.shell.session.DataFiles;
import io.safeprobe.shell.session.DataSlot;
import io.safeprobe.shell.session.KeepIf;
import io.safeprobe.shell.session.Profiling;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.TrainingJob;
import io.safeprobe.shell.session.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Fine-tunes the open model. */
@Command(name = "train", description = {"Fine-tune the model, safely (sap) or otherwise (sft, and the methods it is compared with).",
    "Trains the open model on the open task data, with all methods but sft also on the open safety pairs, and leaves the result in use. Ctrl-C ends it after its step."})
final class TrainCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private TrainOptions options = new TrainOptions();

    @Option(names = "--validation", paramLabel = "FILE", description = "Rows set apart; their loss is measured after every epoch.")
    private @Nullable Path validation;

    @Option(names = "--out", paramLabel = "DIR", description = "Run folder to make. Default: the next free one below runs/.")
    private @Nullable Path out;

    @Option(names = "--resume", paramLabel = "DIR", description = "Go on with this run, exactly as if it had never stopped; takes no other options.")
    private @Nullable Path resume;

    @Option(names = "--keep-if", paramLabel = "CONDITION",
            description = {"Score after every epoch and keep the last weights for which this holds, such as \"harmful<=base+0.02 and loss<=base*1.1\".",
                "harmful and overrefusal: 'data prompts', greedily, by refusal phrases; margin: 'data safety'; loss: --validation. Exit status 1 when nothing passed."})
    private @Nullable String keepIf;

    @Option(names = "--profile", description = "Time every kernel: a table at the end, and profile.jfr in the run folder (profile-2.jfr of a run that goes on) for the tools of the JDK.")
    private boolean profile;

    @Mixin
    private JsonOption json = new JsonOption();

    @Spec
    private @Nullable CommandSpec spec;

    TrainCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        try (Profiling profiling = profile ? new Profiling(session.kernels()) : null; TrainingJob job = job(profiling == null ? session.kernels() : profiling.kernels())) {
            header(job);
            TrainingJob.Outcome outcome = job.run(job.config().settings().method().toString());
            session.output().endStatus();
            report(job, outcome, profiling);
            return outcome.complete() ? gate(outcome.gate()) : Status.INTERRUPTED;
        }
    }

    private TrainingJob job(Kernels kernels) {
        Path run = resume;
        if (run != null) {
            requireAlone();
            return TrainingJob.resume(session, kernels, RunNames.find(session, run));
        }
        TrainSettings settings = options.settings(session);
        Path folder = out;
        return TrainingJob.fresh(session, kernels, settings, validation(), folder == null ? nextFolder(settings.method().toString()) : session.path(folder.toString()),
                keepIf == null ? null : KeepIf.parse(keepIf));
    }

    private int gate(TrainingJob.@Nullable Passed gate) {
        if (gate == null || gate.step() > 0) {
            return Status.OK;
        }
        Path rejected = gate.rejected();
        session.output().error("nothing passed --keep-if \"" + gate.keepIf() + "\" (last: " + String.join(", ", gate.reasons()) + "), so nothing is in use and no "
                + RunFolder.ADAPTER + " was saved" + (rejected == null ? "" : "; the last weights are in " + rejected + ", if you want them all the same"));
        return Status.FAILED;
    }

    /** A run goes on exactly, so nothing may be changed about it. */
    private void requireAlone() {
        if (spec == null) {
            return;
        }
        Set<String> allowed = Set.of("--resume", "--json", "--profile");
        List<String> others = spec.commandLine().getParseResult().matchedOptions().stream()
                .map(OptionSpec::longestName)
                .filter(name -> !allowed.contains(name))
                .toList();
        if (!others.isEmpty()) {
            throw new UsageException("--resume goes on with the settings of the run; leave out " + String.join(", ", others));
        }
    }

    private @Nullable DataSlot<TaskData> validation() {
        Path file = validation;
        return file == null ? null : DataFiles.task(session.path(file.toString()), session.task().map(), 0);
    }

    private Path nextFolder(String method) {
        int number = 1;
        while (Files.exists(session.path("runs/" + method + "-" + number))) {
            number++;
        }
        return session.path("runs/" + method + "-" + number);
    }

    private void header(TrainingJob job) {
        Output output = session.output();
        Training training = job.training();
        LoraAdapter adapter = training.adapter();
        TrainSettings settings = job.config().settings();
        String[] labels = {"task     ", settings.needsPairs() ? "safety   " : "held out ", "held out "};
        int index = 0;
        for (DataReport report : job.reports()) {
            List<String> lines = DataSummary.lines(report, settings.needsPairs() && index == 1 ? "pair" : "row");
            output.message(labels[index++] + lines.getFirst());
            lines.stream().skip(1).forEach(line -> output.message("         " + line.strip()));
        }
        output.message("method   " + method(settings));
        output.message("trained  " + Numbers.count(training.trainableParameters(), "weight") + ": "
                + (adapter == null ? "all of the model" : (settings.initAdapter() == null ? "" : "of " + settings.initAdapter() + ", ")
                        + AdapterText.of(adapter.config())));
        output.message("steps    " + Numbers.count(training.totalSteps()) + ", " + Numbers.count(training.stepsPerEpoch()) + " an epoch, "
                + settings.batch() * settings.accumulate() + " rows each" + (training.done() > 0 ? "; " + Numbers.count(training.done()) + " done" : ""));
        output.message("memory   " + Numbers.bytes(job.memory()) + " for a step, " + Numbers.bytes(session.memory().inUse()) + " in use, limit "
                + Numbers.bytes(session.memory().limit()));
    }

    private static String method(TrainSettings settings) {
        List<String> words = new ArrayList<>(List.of(settings.method().toString()));
        words.addAll(MethodText.of(settings));
        words.add("lr " + settings.lr() + " " + settings.schedule());
        words.add("seed " + settings.seed());
        return String.join(", ", words);
    }

    private void report(TrainingJob job, TrainingJob.Outcome outcome, @Nullable Profiling profiling) {
        if (json.wanted()) {
            ObjectNode node = figures(job, outcome);
            if (profiling != null) {
                profiling.put(node);
            }
            session.output().json(node);
        } else {
            lines(job, outcome).forEach(session.output()::line);
            if (!outcome.projection().isEmpty()) {
                projection(outcome.projection()).print(session.output());
            }
            if (profiling != null) {
                profiling.table().print(session.output());
            }
        }
        if (profiling != null) {
            session.output().message("every call is in " + profiling.write(outcome.folder()) + "; look with: jfr view io.safeprobe.Kernel FILE");
        }
        if (!outcome.complete()) {
            session.output().message("stopped after step " + outcome.steps() + " of " + outcome.total() + "; go on with: train --resume " + outcome.folder());
        }
    }

    private static Table projection(List<AlignmentProjection.Layer> layers) {
        Table table = new Table("safelora", "cosine", "alignment", "");
        layers.forEach(layer -> table.row(layer.module(), Numbers.figure(layer.cosine()), Numbers.figure(layer.alignment()), layer.projected() ? "projected" : ""));
        return table;
    }

    private List<String> lines(TrainingJob job, TrainingJob.Outcome outcome) {
        TrainProgress progress = outcome.progress();
        String losses = progress.last().map(last -> {
            StepFigures.Sap sap = last.figures().sap();
            return (last.phase() == Phase.TASK ? ", loss " : ", last on safe responses with loss ") + Numbers.figure(last.figures().usefulLoss())
                    + (sap == null ? "" : ", safety loss " + Numbers.figure(sap.safetyLoss()) + ", sum of l_su " + Numbers.figure(lSu(outcome)));
        }).orElse("");
        String speed = String.format(Locale.ROOT, ", %s a step, %,.0f tokens/s, %s at most", Numbers.duration(progress.secondsPerStep()),
                progress.tokensPerSecond(), Numbers.bytes(session.memory().peak()));
        return List.of(
                job.config().settings().method() + ": " + Numbers.count(outcome.steps(), "step") + losses + speed,
                result(outcome) + "; log in " + outcome.folder().resolve("log.jsonl"));
    }

    private static String result(TrainingJob.Outcome outcome) {
        TrainingJob.Passed gate = outcome.gate();
        Path saved = outcome.saved();
        if (gate != null && gate.step() == 0) {
            return "nothing has passed --keep-if, so nothing is in use";
        }
        return "in use now" + (gate == null ? "" : ", as it was after step " + Numbers.count(gate.step()) + " (" + String.join(", ", gate.reasons()) + ")") + "; saved in "
                + (saved == null ? outcome.folder() + " (checkpoint)" : saved);
    }

    /** Over all steps of the run, also those done before it was gone on with. */
    private static double lSu(TrainingJob.Outcome outcome) {
        return RunSummary.of(RunFolder.open(outcome.folder())).lSu().orElse(0);
    }

    private ObjectNode figures(TrainingJob job, TrainingJob.Outcome outcome) {
        TrainProgress progress = outcome.progress();
        ObjectNode node = Output.object();
        node.put("run", outcome.folder().toString()).put("method", job.config().settings().method().toString());
        node.put("steps", outcome.steps()).put("steps_total", outcome.total()).put("complete", outcome.complete());
        progress.last().ifPresent(last -> lastStep(node, last));
        if (job.config().settings().sap() != null) {
            node.put("l_su_sum", lSu(outcome));
        }
        if (!outcome.projection().isEmpty()) {
            ArrayNode layers = node.putArray("safelora");
            outcome.projection().forEach(layer -> layers.addObject().put("module", layer.module()).put("cosine", layer.cosine())
                    .put("alignment", layer.alignment()).put("projected", layer.projected()));
        }
        TrainingJob.Passed gate = outcome.gate();
        if (gate != null) {
            ObjectNode found = node.putObject("keep_if").put("condition", gate.keepIf()).put("passed", gate.step() > 0).put("step", gate.step());
            gate.reasons().forEach(found.putArray("reasons")::add);
            if (gate.rejected() != null) {
                found.put("rejected", gate.rejected().toString());
            }
        }
        node.put("seconds_per_step", progress.secondsPerStep()).put("tokens_per_second", progress.tokensPerSecond());
        node.put("trainable_parameters", job.training().trainableParameters()).put("peak_memory_bytes", session.memory().peak());
        Path saved = outcome.saved();
        node.put("saved", saved == null ? null : saved.toString()).put("log", outcome.folder().resolve("log.jsonl").toString());
        return node;
    }

    private static void lastStep(ObjectNode node, StepRecord last) {
        node.put(last.phase() == Phase.TASK ? "useful_loss" : "alignment_loss", last.figures().usefulLoss());
        StepFigures.Sap sap = last.figures().sap();
        if (sap != null) {
            if (!sap.firstOrder()) {
                node.put("useful_loss_harmful_point", sap.usefulLossHarmfulPoint());
            }
            node.put("safety_loss", sap.safetyLoss());
        }
        if (last.validation() != null) {
            node.put("validation_loss", last.validation().mean());
        }
    }
}
