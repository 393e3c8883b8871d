package io.safeprobe.shell.command;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.Profile;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.optim.Schedule;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.generate.GenerationConfig;
import io.safeprobe.model.generate.Generator;
import io.safeprobe.model.generate.Seeds;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import io.safeprobe.sap.objective.SafetyForm;
import io.safeprobe.sap.train.SapSettings;
import io.safeprobe.sap.train.StepRecord;
import io.safeprobe.sap.train.TrainSettings;
import io.safeprobe.sap.train.Training;
import io.safeprobe.sap.train.TrainingData;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Measures the open model on the open data; medians, since machines are busy with other things too. */
final class Benchmark {
    private static final int REPEATS = 5;
    private static final int STREAM_ROWS = 32 << 10;
    private static final int STREAM_COLUMNS = 2 << 10;
    /** Tokens from one look at the speed of memory to the next. */
    private static final int READ_EVERY = 4;
    private static final long SEED = 42;

    private final Session session;
    private final Plan plan;

    /** Sizes of a step, and how many steps. */
    record Plan(int batch, int safetyBatch, int maxTokens, int safetyMaxTokens, int warmup, int steps, boolean recompute) {}

    /**
     * Measured steps of a method.
     *
     * @param seconds of each, sorted
     * @param tokens of rows and pairs in all of them
     * @param peakBytes the most bytes of tensors during a step, opened weights that are mapped not among them
     */
    record Steps(String method, List<Double> seconds, long tokens, long peakBytes, Profile profile) {
        double median() {
            return Benchmark.median(seconds);
        }

        double tokensPerSecond() {
            return tokens / seconds.stream().mapToDouble(Double::doubleValue).sum();
        }
    }

    /** Greedy decoding of one sequence, beside the rate at which this machine reads memory. */
    record Generation(double tokensPerSecond, long weightBytes, double streamGigabytesPerSecond) {
        double gigabytesPerSecond() {
            return tokensPerSecond * weightBytes / 1e9;
        }
    }

    Benchmark(Session session, Plan plan) {
        this.session = session;
        this.plan = plan;
    }

    /** Opening the folder of the open model once more. */
    double openSeconds() {
        Path folder = session.model().path();
        return median(IntStream.range(0, REPEATS).mapToObj(repeat -> {
            long start = System.nanoTime();
            try (ModelFolder again = ModelFolder.open(session.memory(), session.kernels(), folder, StoredType.AUTO)) {
                session.output().status("opened " + again.path());
                return seconds(start);
            }
        }).sorted().toList());
    }

    /** Steps of {@code sft}, or of {@code paper} or {@code code} for the variants of sap. */
    Steps steps(String method) {
        Profile profile = new Profile(session.kernels());
        List<Double> seconds = new ArrayList<>();
        long tokens = 0;
        try (Training training = prepare(method, profile)) {
            training.requireMemory();
            long before = session.memory().inUse();
            session.memory().resetPeak();
            for (int step = 0; step < plan.warmup() + plan.steps() && !session.interrupt().requested(); step++) {
                if (step == plan.warmup()) {
                    profile.reset();
                }
                StepRecord record = training.step();
                session.output().status(method + ": step " + (step + 1) + " of " + (plan.warmup() + plan.steps()));
                if (step >= plan.warmup()) {
                    seconds.add(record.seconds());
                    tokens += record.tokens();
                }
            }
            return new Steps(method, seconds.stream().sorted().toList(), tokens, session.memory().peak() - before, profile);
        } catch (IllegalArgumentException misfit) {
            throw new UsageException(misfit.getMessage() + "", misfit);
        }
    }

    private Training prepare(String method, Profile profile) {
        SapSettings sap = switch (method) {
            case "sft" -> null;
            case "paper" -> sap(SapSettings.Variant.PAPER);
            case "code" -> sap(SapSettings.Variant.CODE);
            default -> throw new UsageException("there is no method '" + method + "' to measure; there are sft, paper and code");
        };
        TrainSettings settings = new TrainSettings((long) plan.warmup() + plan.steps(), 1, plan.batch(), 1, 1e-4, Schedule.Kind.CONSTANT, 0, 0, false,
                new TrainSettings.Lora(8, 16, 0, session.model().config().names().defaultTargets()), null, sap, plan.maxTokens(), plan.safetyMaxTokens(), SEED, true, 0, plan.recompute());
        return Training.prepare(session.memory(), profile, session.model().config(), session.model().weights(), "bench", settings, data(sap));
    }

    private SapSettings sap(SapSettings.Variant variant) {
        return new SapSettings(variant, SapSettings.defaultLayers(session.model().config().layers()), 0.05, false, 2e-5, 1, SafetyForm.CONTRASTIVE, plan.safetyBatch());
    }

    private TrainingData data(@Nullable SapSettings sap) {
        int vocabulary = session.model().config().vocabulary();
        List<Example> rows = session.task().data().encode(session.encoder(), plan.maxTokens(), vocabulary).examples();
        List<PairExample> pairs = sap == null ? List.of() : session.safety().data().encode(session.encoder(), plan.safetyMaxTokens(), vocabulary).examples();
        return new TrainingData(rows, pairs, List.of());
    }

    /**
     * Greedy decoding from the first tokens of the vocabulary: what is said does not matter, and nothing stops it. After every few tokens all memory that no cache holds is
     * read at once, since the speed of memory may change within seconds; the token after that, which finds nothing in the caches, does not count.
     */
    Generation generate(int tokens) {
        ModelFolder model = session.model();
        int[] prompt = IntStream.range(0, Math.min(16, model.config().vocabulary())).toArray();
        Generator generator = new Generator(session.memory(), session.kernels(), model.config(), session.objective()::frozen);
        List<Double> gaps = new ArrayList<>();
        List<Double> reads = new ArrayList<>();
        try (Scope scope = session.memory().scope()) {
            Tensor large = Tensor.allocate(scope, DType.F32, Shape.of(STREAM_ROWS, STREAM_COLUMNS));
            Tensor sums = Tensor.allocate(scope, DType.F32, Shape.of(STREAM_ROWS));
            session.kernels().apply(new Update.Fill(1), large);
            for (int repeat = 0; repeat < 4 * REPEATS; repeat++) {
                read(large, sums); // until it is compiled
            }
            int[] seen = {0};
            long[] last = {0};
            Generator.Listener clock = (sequence, id) -> {
                int token = seen[0]++;
                if (token % READ_EVERY > 0) {
                    gaps.add(seconds(last[0]));
                }
                last[0] = System.nanoTime();
                if (token % READ_EVERY == READ_EVERY - 1) {
                    reads.add(read(large, sums));
                }
                return false;
            };
            generator.generate(List.of(prompt), GenerationConfig.greedy(tokens), Seeds.of(SEED), clock, session.interrupt()::requested);
            if (reads.isEmpty()) {
                reads.add(read(large, sums));
            }
        }
        long all = model.weights().all().values().stream().mapToLong(weight -> weight.elements() * weight.dtype().bytes()).sum();
        // Of an untied embedding a token reads one row, which is nothing.
        Tensor embedding = model.weights().get(WeightNames.weight(model.config().names().embedding()));
        long unread = model.config().tiedHead() ? 0 : embedding.elements() * embedding.dtype().bytes();
        double rate = gaps.isEmpty() ? 0 : 1 / median(gaps.stream().sorted().toList());
        double stream = 4.0 * STREAM_ROWS * STREAM_COLUMNS / median(reads.stream().sorted().toList()) / 1e9;
        return new Generation(rate, all - unread, stream);
    }

    /** Seconds in which all threads read memory: as sums of float32, since nothing reads with less arithmetic. */
    private double read(Tensor large, Tensor sums) {
        long start = System.nanoTime();
        session.kernels().run(new Op.SumColumns(), List.of(large), List.of(sums));
        return seconds(start);
    }

    /** The most memory this process has ever had, as the system counts it; 0 where it does not say. */
    static long peakResidentBytes() {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmHWM:")).map(line -> Arrays.asList(line.split("\\s+"))).mapToLong(words -> 1024 * Long.parseLong(words.get(1)))
                    .findFirst().orElse(0);
        } catch (IOException unreadable) {
            throw new CommandException(status + " cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private static double median(List<Double> sorted) {
        return sorted.get(sorted.size() / 2);
    }
}
