package io.safeprobe.sap.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.optim.GradientNorm;
import io.safeprobe.engine.optim.Optimizer;
import io.safeprobe.engine.optim.Schedule;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.sap.TinyModel;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.objective.Objective;
import io.safeprobe.sap.objective.Objective.Gradient;
import io.safeprobe.sap.objective.Objective.Wanted;
import io.safeprobe.sap.objective.ProbeThenWeights;
import io.safeprobe.sap.objective.SafetyForm;
import io.safeprobe.sap.probe.Probe;
import io.safeprobe.sap.train.SapSettings.Variant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The layers that the gradients to the probe and to the weights have in common are computed once, and no bit tells. */
class SharedLayersTest {
    private static final double BETA = 0.3;

    /** Passes everything on, and counts what is computed forward. */
    private static final class Counting implements Kernels {
        private final Kernels kernels = new VectorKernels(2);
        private int attentions;

        @Override
        public Device device() {
            return kernels.device();
        }

        @Override
        public void run(Op op, List<Tensor> inputs, List<Tensor> outputs) {
            attentions += op instanceof Op.Attention ? 1 : 0;
            kernels.run(op, inputs, outputs);
        }

        @Override
        public void update(Update update, List<Tensor> tensors) {
            kernels.update(update, tensors);
        }
    }

    private static List<Integer> layers(String text) {
        return Arrays.stream(text.split(" ", -1)).map(Integer::valueOf).toList();
    }

    /** One step of SAP on all rows with dropout, in {@code parts} parts. */
    private static TrainSettings settings(TinyModel tiny, String layers, boolean full, boolean recompute, int parts) {
        SapSettings sap = new SapSettings(Variant.PAPER, layers(layers), BETA, false, 2e-2, 1, SafetyForm.CONTRASTIVE, 3);
        return new TrainSettings(3, 1, 24 / parts, parts, 1e-3, Schedule.Kind.CONSTANT, 0, 0, full,
                new TrainSettings.Lora(4, 8, 0.2, tiny.model.config().names().linear()), null, sap, 128, 256, 7, false, 0, recompute);
    }

    /** A training that has moved from where it began: B of a fresh adapter is 0, and then dropout would not show. */
    private static Training training(TinyModel tiny, TrainSettings settings) {
        Training training = tiny.training(settings);
        Random random = new Random(11);
        training.objective().trainable().tensors().values().forEach(tensor -> {
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.set(i, tensor.get(i) + 0.1 * random.nextGaussian());
            }
        });
        return training;
    }

    private static List<double[]> bits(List<Tensor> tensors) {
        return tensors.stream().map(Tensor::toDoubles).toList();
    }

    private static void assertSame(List<double[]> actual, List<double[]> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i)).as("tensor %d", i).isEqualTo(expected.get(i));
        }
        assertThat(expected).anySatisfy(values -> assertThat(values).doesNotContain(0));
    }

    @ParameterizedTest
    @CsvSource({"tiny-llama, 0, false, false, 1", "tiny-llama, 0, false, true, 1", "tiny-llama, 2 1, false, false, 1", "tiny-llama, 1 3, false, true, 1",
            "tiny-llama, 3, false, false, 1", "tiny-llama, 3, false, true, 1", "tiny-llama, 1 3, true, true, 1", "tiny-llama, 1 3, false, false, 2",
            "tiny-llama-tied, 0, true, false, 1", "tiny-neox, 1, false, true, 1", "tiny-gpt2, 0, true, true, 1", "tiny-gemma3, 1, false, false, 1"})
    void bothGradientsAreThoseOfTwoComputations(String folder, String probed, boolean full, boolean recompute, int parts) {
        Counting kernels = new Counting();
        try (TinyModel tiny = new TinyModel(folder, kernels, 1L << 30); Training training = training(tiny, settings(tiny, probed, full, recompute, parts));
                Scope scope = tiny.memory.scope()) {
            Objective objective = training.objective();
            StepBatch batch = training.batch(1);
            Probe probe = Probe.zero(kernels, scope, tiny.model.config(), layers(probed));
            Gradient toProbe = objective.useful(scope, batch.parts(), probe, Wanted.PROBE, 1);
            probe.add(BETA, toProbe.probe());
            Gradient toWeights = objective.useful(scope, batch.parts(), probe, Wanted.WEIGHTS, 1);
            int twice = kernels.attentions;
            kernels.attentions = 0;
            Probe other = Probe.zero(kernels, scope, tiny.model.config(), layers(probed));
            long before = tiny.memory.inUse();
            try (Scope passing = tiny.memory.scope(); ProbeThenWeights useful = objective.probeThenWeights(batch.parts(), 1)) {
                Gradient toOther = useful.probe(passing, other);
                assertThat(toOther.loss()).isEqualTo(toProbe.loss());
                assertSame(bits(toOther.probe()), bits(toProbe.probe()));
                other.add(BETA, toOther.probe());
                Gradient shared = useful.weights(passing, other);
                assertThat(shared.loss()).isEqualTo(toWeights.loss()).isNotEqualTo(toProbe.loss());
                assertSame(bits(shared.weights()), bits(toWeights.weights()));
            }
            assertThat(tiny.memory.inUse()).isEqualTo(before);
            if (!recompute) {
                int below = layers(probed).stream().min(Integer::compare).orElseThrow() + 1;
                assertThat(kernels.attentions).isEqualTo(parts == 1 ? twice - below : twice);
            } else {
                assertThat(kernels.attentions).isLessThan(twice);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, false", "1 3, false", "1 3, true", "3, false", "3, true"})
    void aStepIsTheOneOfAlgorithm1(String probed, boolean recompute) {
        try (TinyModel tiny = new TinyModel(new VectorKernels(2), 1L << 30); Scope scope = tiny.memory.scope();
                Training one = training(tiny, settings(tiny, probed, false, recompute, 1));
                Training other = training(tiny, settings(tiny, probed, false, recompute, 1))) {
            StepFigures figures = one.step().figures();
            Objective objective = other.objective();
            StepBatch batch = other.batch(0);
            SapSettings sap = new SapSettings(Variant.PAPER, layers(probed), BETA, false, 2e-2, 1, SafetyForm.CONTRASTIVE, 3);
            Probe probe = Probe.zero(tiny.kernels, scope, tiny.model.config(), sap.layers());
            Gradient safety = objective.safety(scope, batch.pairs(), sap.form(), sap.temperature(), probe, Wanted.WEIGHTS, 0);
            double norm = GradientNorm.of(tiny.kernels, scope, safety.weights());
            HarmfulPull pull = HarmfulPull.of(scope, objective, sap, batch, probe, safety.weights(), norm, Wanted.PROBE);
            probe.add(BETA, pull.towards());
            probe.add(-BETA, pull.away());
            Gradient gradient = objective.useful(scope, batch.parts(), probe, Wanted.WEIGHTS, 0);
            Optimizer optimizer = new Optimizer(tiny.kernels, scope, Optimizer.Rule.AdamW.PYTORCH, objective.trainable().tensors());
            optimizer.step(gradient.weights(), 1e-3);
            assertThat(figures.usefulLoss()).isEqualTo(pull.loss());
            assertThat(figures.sap()).isEqualTo(new StepFigures.Sap(
                    pull.lossHarmfulPoint(), false, safety.loss(), norm * safety.scale(), GradientNorm.of(tiny.kernels, scope, probe.list())));
            assertThat(figures.gradientNorm()).isEqualTo(GradientNorm.of(tiny.kernels, scope, gradient.weights())).isPositive();
            assertSame(bits(List.copyOf(one.objective().trainable().tensors().values())), bits(List.copyOf(objective.trainable().tensors().values())));
        }
    }

    /**
     * While V is sought, what lies below is kept for W; but W needs that, and the rest, afterwards anyway. All that is added are the angles of the batch's
     * tokens and some of their indices, which the second half makes again.
     */
    @ParameterizedTest
    @CsvSource({"0, false", "0, true", "1 3, false", "1 3, true", "3, false", "3, true"})
    void itNeedsNoMoreMemoryThanTwoComputations(String probed, boolean recompute) {
        try (TinyModel tiny = new TinyModel(new VectorKernels(2), 1L << 30); Training training = training(tiny, settings(tiny, probed, false, recompute, 1))) {
            Objective objective = training.objective();
            List<List<Example>> parts = training.batch(0).parts();
            objective.tokenLoss(parts.getFirst()); // makes the table of angles, which stays
            List<Long> peaks = new ArrayList<>();
            for (boolean shared : List.of(false, true)) {
                long before = tiny.memory.inUse();
                tiny.memory.resetPeak();
                try (Scope scope = tiny.memory.scope(); ProbeThenWeights useful = objective.probeThenWeights(parts, 0)) {
                    Probe probe = Probe.zero(tiny.kernels, scope, tiny.model.config(), layers(probed));
                    if (shared) {
                        useful.probe(scope, probe);
                    } else {
                        objective.useful(scope, parts, probe, Wanted.PROBE, 0);
                    }
                    useful.weights(scope, probe);
                }
                peaks.add(tiny.memory.peak() - before);
            }
            long tokens = parts.getFirst().stream().mapToInt(Example::tokens).sum();
            assertThat(peaks.get(1)).isLessThan(peaks.get(0) + 4 * tokens * (tiny.model.config().rotary() + 8));
        }
    }

    @Test
    void aProbeOnOtherLayersIsRefused() {
        try (TinyModel tiny = new TinyModel(new VectorKernels(2), 1L << 30); Training training = training(tiny, settings(tiny, "1 3", false, false, 1));
                Scope scope = tiny.memory.scope(); ProbeThenWeights useful = training.objective().probeThenWeights(training.batch(0).parts(), 0)) {
            useful.probe(scope, Probe.zero(tiny.kernels, scope, tiny.model.config(), List.of(1, 3)));
            Probe lower = Probe.zero(tiny.kernels, scope, tiny.model.config(), List.of(0, 3));
            assertThatThrownBy(() -> useful.weights(scope, lower)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("was 1 and is 0");
        }
    }
}
