package io.safeprobe.sap.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.optim.GradientNorm;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.sap.TinyModel;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.sap.objective.Objective;
import io.safeprobe.sap.objective.Objective.Wanted;
import io.safeprobe.sap.objective.SafetyForm;
import io.safeprobe.sap.probe.Perturbation;
import io.safeprobe.sap.probe.Probe;
import io.safeprobe.sap.train.SapSettings.Variant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One step and ten steps of every method against PyTorch in float64, to 1e-4 in every loss and gradient. */
class GoldenTrialsTest {
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path folder;

    private static Kernels kernels(String name) {
        return name.equals("scalar") ? new ReferenceKernels() : new VectorKernels(2);
    }

    private static @Nullable SapSettings sap(String trial) {
        return switch (trial) {
            case "sft" -> null;
            case "sap-paper" -> TinyModel.sap(Variant.PAPER, 2e-2, 0.05, false);
            case "sap-paper-radius" -> TinyModel.sap(Variant.PAPER, 2e-2, 0.5, true);
            case "sap-paper-eps2e-5" -> TinyModel.sap(Variant.PAPER, 2e-5, 0.05, false);
            case "sap-code" -> TinyModel.sap(Variant.CODE, 2e-2, 0.05, false);
            case "sap-code-eps2e-5" -> TinyModel.sap(Variant.CODE, 2e-5, 0.05, false);
            default -> throw new IllegalArgumentException(trial);
        };
    }

    @ParameterizedTest
    @CsvSource({"sft, scalar", "sft, vector", "sap-paper, scalar", "sap-paper, vector", "sap-paper-radius, vector", "sap-code, scalar", "sap-code, vector"})
    void tenSteps(String trial, String backend) throws IOException {
        JsonNode expected = new JsonMapper().readTree(Files.readString(TinyModel.path("trials/" + trial + ".json"))).path("steps");
        List<StepRecord> steps = new ArrayList<>();
        try (TinyModel tiny = new TinyModel(kernels(backend), 1L << 30); Training training = tiny.training(TinyModel.settings(sap(trial)))) {
            assertThat(training.run(RunFolder.create(folder.resolve("run"), Map.of()), steps::add, () -> false)).isTrue();
            assertThat(steps).hasSameSizeAs(expected);
            for (int i = 0; i < steps.size(); i++) {
                assertStep(steps.get(i), expected.get(i), TOLERANCE);
            }
            try (SafetensorsFile golden = SafetensorsFile.open(tiny.memory, TinyModel.path("trials/" + trial + ".safetensors"))) {
                training.objective().trainable().tensors().forEach((name, tensor) -> assertClose(tensor, tensor(golden, "final.weight." + name), name));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"sap-paper-eps2e-5, vector", "sap-code-eps2e-5, vector"})
    void theFirstStepAtThePublishedEpsilon(String trial, String backend) throws IOException {
        JsonNode expected = new JsonMapper().readTree(Files.readString(TinyModel.path("trials/" + trial + ".json"))).path("steps").get(0);
        try (TinyModel tiny = new TinyModel(kernels(backend), 1L << 30); Training training = tiny.training(TinyModel.settings(sap(trial), 1, 4, 1, 0, false))) {
            List<StepRecord> steps = new ArrayList<>();
            training.run(RunFolder.create(folder.resolve("run"), Map.of()), steps::add, () -> false);
            // The probe is a difference of nearly equal gradients here: float32 leaves its norm three digits.
            assertStep(steps.getFirst(), expected, 5e-3);
        }
    }

    private static void assertStep(StepRecord step, JsonNode expected, double probeTolerance) {
        JsonNode actual = new JsonMapper().valueToTree(step.toMap());
        double loss = expected.path("useful_loss").asDouble();
        for (String key : List.of("step", "epoch", "useful_loss", "useful_loss_harmful_point", "safety_loss", "safety_grad_norm", "lora_grad_norm")) {
            if (expected.has(key)) {
                double golden = expected.path(key).asDouble();
                assertThat(actual.path(key).asDouble(Double.NaN)).as("%s of step %s", key, step.step()).isCloseTo(golden, within(TOLERANCE * Math.abs(golden)));
            }
        }
        if (expected.has("probe_norm")) {
            double norm = expected.path("probe_norm").asDouble();
            assertThat(actual.path("probe_norm").asDouble(Double.NaN)).as("probe_norm of step %s", step.step()).isCloseTo(norm, within(probeTolerance * norm));
            // A difference of two losses: float32 cannot know it better than the losses themselves.
            assertThat(actual.path("l_su").asDouble(Double.NaN)).as("l_su of step %s", step.step()).isCloseTo(expected.path("l_su").asDouble(), within(TOLERANCE * loss));
        }
    }

    @ParameterizedTest
    @CsvSource({"sap-paper, 2e-2", "sap-code, 2e-2"})
    void everyGradientOfTheFirstStep(String trial, double epsilon) {
        try (TinyModel tiny = new TinyModel(new VectorKernels(2), 1L << 30); Training training = tiny.training(TinyModel.settings(sap(trial)));
                Scope scope = tiny.memory.scope();
                SafetensorsFile golden = SafetensorsFile.open(tiny.memory, TinyModel.path("trials/" + trial + ".safetensors"))) {
            Objective objective = training.objective();
            StepBatch batch = training.batch(0);
            Probe probe = Probe.zero(tiny.kernels, scope, tiny.model.config(), List.of(1, 3));
            List<String> names = List.copyOf(objective.trainable().tensors().keySet());
            Objective.Gradient safety = objective.safety(scope, batch.pairs(), SafetyForm.CONTRASTIVE, 1, probe, Wanted.WEIGHTS, 0);
            for (int i = 0; i < names.size(); i++) {
                Tensor scaled = Tensor.zeros(scope, safety.weights().get(i).dtype(), safety.weights().get(i).shape());
                tiny.kernels.apply(new Update.Accumulate(safety.scale()), scaled, safety.weights().get(i));
                assertClose(scaled, tensor(golden, "step1.g." + names.get(i)), names.get(i));
            }
            double norm = GradientNorm.of(tiny.kernels, scope, safety.weights());
            Objective.Gradient harmful;
            List<Tensor> weights = List.copyOf(objective.trainable().tensors().values());
            double[] before = weights.getFirst().toDoubles();
            try (Perturbation _ = Perturbation.apply(tiny.kernels, scope, weights, safety.weights(), norm, epsilon)) {
                assertThat(weights.getFirst().toDoubles()).isNotEqualTo(before);
                harmful = objective.useful(scope, batch.parts(), probe, Wanted.PROBE, 0);
            }
            assertThat(weights.getFirst().toDoubles()).as("restored exactly").isEqualTo(before);
            Objective.Gradient useful = objective.useful(scope, batch.parts(), probe, Wanted.BOTH, 0);
            int index = 0;
            for (int layer : List.of(1, 3)) {
                assertClose(harmful.probe().get(index), tensor(golden, "step1.h.layer." + layer), "h of layer " + layer);
                assertClose(useful.probe().get(index), tensor(golden, "step1.u.layer." + layer), "u of layer " + layer);
                index++;
            }
            if (trial.equals("sap-code")) {
                for (int i = 0; i < names.size(); i++) {
                    assertClose(useful.weights().get(i), tensor(golden, "step1.grad." + names.get(i)), names.get(i));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"sap-paper, 2e-2, 0.999999", "sap-paper-eps2e-5, 2e-5, 0.999"})
    void theProbeDirectionSurvivesFloat32(String trial, double epsilon, double leastCosine) {
        try (TinyModel tiny = new TinyModel(new VectorKernels(2), 1L << 30); Training training = tiny.training(TinyModel.settings(sap(trial)));
                Scope scope = tiny.memory.scope();
                SafetensorsFile golden = SafetensorsFile.open(tiny.memory, TinyModel.path("trials/" + trial + ".safetensors"))) {
            Objective objective = training.objective();
            StepBatch batch = training.batch(0);
            Probe probe = Probe.zero(tiny.kernels, scope, tiny.model.config(), List.of(1, 3));
            Objective.Gradient safety = objective.safety(scope, batch.pairs(), SafetyForm.CONTRASTIVE, 1, probe, Wanted.WEIGHTS, 0);
            List<Tensor> weights = List.copyOf(objective.trainable().tensors().values());
            Objective.Gradient harmful;
            try (Perturbation _ = Perturbation.apply(
                    tiny.kernels, scope, weights, safety.weights(), GradientNorm.of(tiny.kernels, scope, safety.weights()), epsilon)) {
                harmful = objective.useful(scope, batch.parts(), probe, Wanted.PROBE, 0);
            }
            Objective.Gradient plain = objective.useful(scope, batch.parts(), probe, Wanted.PROBE, 0);
            double dot = 0;
            double ours = 0;
            double theirs = 0;
            for (int v = 0; v < 2; v++) {
                double[] truth = tensor(golden, "step1.probe_grad.layer." + (v == 0 ? 1 : 3)).toDoubles();
                for (int i = 0; i < truth.length; i++) {
                    double p = harmful.probe().get(v).get(i) - plain.probe().get(v).get(i);
                    dot += p * truth[i];
                    ours += p * p;
                    theirs += truth[i] * truth[i];
                }
            }
            assertThat(dot / Math.sqrt(ours * theirs)).as("cosine of the probe's gradient to float64").isGreaterThan(leastCosine);
        }
    }

    private static Tensor tensor(SafetensorsFile golden, String name) {
        Tensor tensor = golden.tensors().get(name);
        if (tensor == null) {
            throw new AssertionError("the golden file has no " + name);
        }
        return tensor;
    }

    private static void assertClose(Tensor actual, Tensor golden, String what) {
        double[] a = actual.toDoubles();
        double[] g = golden.toDoubles();
        assertThat(a.length).as(what).isEqualTo(g.length);
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < g.length; i++) {
            scale = Math.max(scale, Math.abs(g[i]));
            worst = Math.max(worst, Double.isNaN(a[i]) ? Double.POSITIVE_INFINITY : Math.abs(a[i] - g[i]));
        }
        assertThat(worst).as("%s: largest error, of numbers up to %s", what, scale).isLessThanOrEqualTo(TOLERANCE * scale);
    }
}
