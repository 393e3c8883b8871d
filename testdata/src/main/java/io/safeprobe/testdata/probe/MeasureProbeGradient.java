package io.safeprobe.testdata.probe;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.optim.GradientNorm;
import io.safeprobe.engine.optim.Schedule;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.decoder.Weights;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import io.safeprobe.sap.data.SafetyData;
import io.safeprobe.sap.data.TaskData;
import io.safeprobe.sap.objective.Dropouts;
import io.safeprobe.sap.objective.Objective;
import io.safeprobe.sap.objective.Objective.Wanted;
import io.safeprobe.sap.objective.SafetyForm;
import io.safeprobe.sap.objective.Trainable;
import io.safeprobe.sap.probe.Perturbation;
import io.safeprobe.sap.probe.Probe;
import io.safeprobe.sap.train.TrainSettings;
import io.safeprobe.sap.train.Training;
import io.safeprobe.sap.train.TrainingData;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * How far the gradient of the probe, as float32 knows it, is from that in float64: the difference, and the exact one, over several epsilons. On the demonstration model
 * with LoRA as the authors' program has it (r 8, q_proj and v_proj, dropout 0.1), fresh and after some steps of plain fine-tuning, its frozen weights
 * stored in float32 and in bfloat16; float64 widens what is stored.
 *
 * <p>Usage: {@code MeasureProbeGradient [DIR]}; by default {@code testdata/demo}. Prints the table of {@code testdata/reports/probe-gradient.md}.
 */
public final class MeasureProbeGradient {
    private static final double[] EPSILONS = {2e-5, 1e-4, 1e-3, 1e-2, 1e-1};
    private static final int[] STEPS = {0, 100};
    /** Rows and pairs of the measured step: the reference takes its time. */
    private static final int COUNT = 4;
    private static final int MAX_TOKENS = 128;
    private static final double DROPOUT = 0.1;
    private static final long SEED = 42;

    private MeasureProbeGradient() {}

    public static void main(String[] args) {
        Path folder = Path.of(args.length > 0 ? args[0] : "testdata/demo");
        System.out.println("| weights | steps before | epsilon | difference f32 to exact f64 | difference f64 to exact f64 | exact f32 to exact f64 |");
        System.out.println("|---|---|---|---|---|---|");
        try (Memory memory = Memory.ofMachine(); VectorKernels kernels = new VectorKernels()) {
            for (StoredType type : List.of(StoredType.F32, StoredType.BF16)) {
                try (ModelFolder model = ModelFolder.open(memory, kernels, folder.resolve("model"), type)) {
                    measure(memory, kernels, model, type, data(folder.resolve("data"), model));
                }
            }
        }
    }

    private static TrainingData data(Path folder, ModelFolder model) {
        int vocabulary = model.config().vocabulary();
        List<Example> rows = TaskData.read(folder.resolve("task.jsonl"), null, 0).encode(model.encoder()::encode, MAX_TOKENS, vocabulary).examples();
        List<PairExample> pairs = SafetyData.read(folder.resolve("safety.jsonl"), null, 0).encode(model.encoder()::encode, MAX_TOKENS, vocabulary).examples();
        return new TrainingData(rows, pairs, List.of());
    }

    private static void measure(Memory memory, Kernels kernels, ModelFolder model, StoredType type, TrainingData data) {
        TrainSettings settings = new TrainSettings(STEPS[STEPS.length - 1] + 1, 1, 10, 1, 3e-4, Schedule.Kind.CONSTANT, 0, 0, false,
                new TrainSettings.Lora(8, 16, DROPOUT, List.of("q_proj", "v_proj")), null, null, MAX_TOKENS, MAX_TOKENS, SEED, true, 0, false);
        try (Training training = Training.prepare(memory, kernels, model.config(), model.weights(), "demo", settings, data); Scope scope = memory.scope()) {
            Map<String, Tensor> wide = new LinkedHashMap<>();
            model.weights().all().forEach((name, tensor) -> wide.put(name, Tensor.of(scope, tensor.shape(), tensor.toDoubles())));
            for (int steps : STEPS) {
                while (training.done() < steps) {
                    training.step();
                }
                List<Example> rows = training.batch(steps).parts().getFirst().subList(0, COUNT);
                Batch batch = new Batch(steps, List.of(rows), data.pairs().subList(0, COUNT));
                try (LoraAdapter adapter = Objects.requireNonNull(training.adapter()).copyAs(memory, DType.F64)) {
                    Objective reference = new Objective(memory, new ReferenceKernels(), model.config(), new Weights(scope, wide), new Trainable.Lora(adapter),
                            new Dropouts(DROPOUT, SEED), false);
                    print(type + " | " + steps, training.objective(), reference, batch);
                }
            }
        }
    }

    private record Batch(long step, List<List<Example>> parts, List<PairExample> pairs) {}

    private static void print(String what, Objective single, Objective reference, Batch batch) {
        try (Scope scope = single.memory().scope()) {
            Point rounded = Point.of(scope, single, batch);
            Point truth = Point.of(scope, reference, batch);
            for (double epsilon : EPSILONS) {
                System.out.printf(Locale.ROOT, "| %s | %.0e | %s | %s | %s |%n", what, epsilon, error(rounded.difference(epsilon), truth.exact()),
                        error(truth.difference(epsilon), truth.exact()), error(rounded.exact(), truth.exact()));
            }
        }
    }

    /** Where the gradient of L_su to the probe is asked for, V = 0: the exact one for epsilon 1, of all layers one after the other, and what the difference needs. */
    private record Point(Objective objective, Batch batch, List<Tensor> safety, double norm, List<Double> exact, List<Double> plain) {
        static Point of(Scope scope, Objective objective, Batch batch) {
            List<Tensor> safety = objective.safety(
                    scope, batch.pairs(), SafetyForm.CONTRASTIVE, 1, Probe.none(objective.kernels()), Wanted.WEIGHTS, batch.step()).weights();
            double norm = GradientNorm.of(objective.kernels(), scope, safety);
            double factor = Perturbation.factor(objective.kernels(), scope, weights(objective), norm, 1);
            Probe probe = probe(scope, objective);
            List<Double> exact = flat(objective.usefulAlong(scope, batch.parts(), probe, safety, factor, Wanted.PROBE, batch.step()).probe());
            return new Point(objective, batch, safety, norm, exact, flat(objective.useful(scope, batch.parts(), probe, Wanted.PROBE, batch.step()).probe()));
        }

        private static List<Tensor> weights(Objective objective) {
            return List.copyOf(objective.trainable().tensors().values());
        }

        private static Probe probe(Scope scope, Objective objective) {
            List<Integer> layers = IntStream.range(0, objective.config().layers()).boxed().toList();
            return Probe.zero(objective.kernels(), scope, objective.config(), layers, weights(objective).getFirst().dtype());
        }

        List<Double> difference(double epsilon) {
            try (Scope scope = objective.memory().scope();
                    Perturbation _ = Perturbation.apply(objective.kernels(), scope, weights(objective), safety, norm, epsilon)) {
                List<Double> harmful = flat(objective.useful(scope, batch.parts(), probe(scope, objective), Wanted.PROBE, batch.step()).probe());
                return IntStream.range(0, harmful.size()).mapToObj(i -> harmful.get(i) - plain.get(i)).toList();
            }
        }
    }

    private static List<Double> flat(List<Tensor> tensors) {
        return tensors.stream().flatMapToDouble(tensor -> Arrays.stream(tensor.toDoubles())).boxed().toList();
    }

    /** The cosine, and in brackets the part of {@code a} that is not along {@code truth}, relative to its length. */
    private static String error(List<Double> a, List<Double> truth) {
        double dot = IntStream.range(0, a.size()).mapToDouble(i -> a.get(i) * truth.get(i)).sum();
        double squareA = a.stream().mapToDouble(value -> value * value).sum();
        double squareT = truth.stream().mapToDouble(value -> value * value).sum();
        double factor = dot / squareT;
        double off = IntStream.range(0, a.size()).mapToDouble(i -> Math.pow(a.get(i) - factor * truth.get(i), 2)).sum();
        return String.format(Locale.ROOT, "%.9f (%.1e)", dot / Math.sqrt(squareA * squareT), Math.sqrt(off / squareA));
    }
}
