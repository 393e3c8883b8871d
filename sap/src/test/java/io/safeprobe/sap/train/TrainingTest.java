package io.safeprobe.sap.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.MemoryException;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.sap.TinyModel;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import io.safeprobe.sap.objective.SafetyForm;
import io.safeprobe.sap.train.SapSettings.Variant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Trainings that must be equal to one another, to the bit or nearly. */
class TrainingTest {
    @TempDir
    Path folder;

    private static TinyModel tiny(int threads) {
        return new TinyModel(new VectorKernels(threads), 1L << 30);
    }

    private static Map<String, List<Double>> weights(Training training) {
        Map<String, List<Double>> weights = new LinkedHashMap<>();
        training.objective().trainable().tensors().forEach((name, tensor) -> {
            List<Double> values = new ArrayList<>();
            for (double value : tensor.toDoubles()) {
                values.add(value);
            }
            weights.put(name, values);
        });
        return weights;
    }

    private Map<String, List<Double>> trained(TrainSettings settings, int threads, String name) {
        try (TinyModel tiny = tiny(threads); Training training = tiny.training(settings)) {
            training.run(RunFolder.create(folder.resolve(name), Map.of()), step -> {}, () -> false);
            return weights(training);
        }
    }

    private static @Nullable SapSettings method(String name) {
        return switch (name) {
            case "paper" -> TinyModel.sap(Variant.PAPER, 2e-2, 0.5, true);
            case "code" -> TinyModel.sap(Variant.CODE, 2e-2, 0.05, false);
            case "paper-exact" -> TinyModel.sap(Variant.PAPER, 2e-2, 0.5, true).with(ProbeGradient.EXACT);
            case "code-exact" -> TinyModel.sap(Variant.CODE, 2e-2, 0.05, false).with(ProbeGradient.EXACT);
            default -> null;
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "paper", "code", "paper-exact", "code-exact"})
    void aResumedRunGoesOnWithTheSameBits(String method) {
        TrainSettings settings = TinyModel.settings(method(method), 9, 5, 1, 0.1, true);
        Map<String, List<Double>> straight = trained(settings, 2, "straight");
        Path stopped = folder.resolve("stopped");
        try (TinyModel tiny = tiny(2); Training training = tiny.training(settings)) {
            assertThat(training.run(RunFolder.create(stopped, Map.of()), step -> {}, () -> training.done() == 4)).isFalse();
        }
        try (TinyModel tiny = tiny(2); Training training = tiny.training(settings)) {
            RunFolder run = RunFolder.open(stopped);
            training.restore(run);
            assertThat(training.done()).isEqualTo(4);
            assertThat(training.run(run, step -> {}, () -> false)).isTrue();
            assertThat(weights(training)).isEqualTo(straight);
            assertThat(run.log()).extracting(line -> line.path("step").asLong()).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
        }
    }

    @Test
    void aRunThatDiedBetweenCheckpointsGoesOnFromTheLastAndLogsNoStepTwice() throws IOException {
        TrainSettings settings = TinyModel.settings(method("code"), 9, 5, 1, 0, true);
        Map<String, List<Double>> straight = trained(settings, 2, "straight");
        Path died = folder.resolve("died");
        try (TinyModel tiny = tiny(2); Training training = tiny.training(settings)) {
            assertThatThrownBy(() -> training.run(RunFolder.create(died, Map.of()), step -> {
                if (step.step() == 8) {
                    throw new IllegalStateException("power cut");
                }
            }, () -> false)).hasMessage("power cut");
        }
        Files.writeString(died.resolve("log.jsonl"), "{\"step\": 9, \"useful", java.nio.file.StandardOpenOption.APPEND);
        try (TinyModel tiny = tiny(2); Training training = tiny.training(settings)) {
            RunFolder run = RunFolder.open(died);
            training.restore(run);
            // 24 rows in batches of 5: an epoch, and with it a checkpoint, is 5 steps.
            assertThat(training.done()).isEqualTo(5);
            training.run(run, step -> {}, () -> false);
            assertThat(weights(training)).isEqualTo(straight);
            assertThat(run.log()).hasSize(9);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "paper", "code", "paper-exact", "code-exact"})
    void theNumberOfThreadsChangesNoBit(String method) {
        TrainSettings settings = TinyModel.settings(method(method), 4, 5, 1, 0.1, true);
        assertThat(trained(settings, 1, "one")).isEqualTo(trained(settings, 3, "three"));
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void withoutPerturbationAndProbeSapIsPlainFineTuning(Variant variant) {
        Map<String, List<Double>> sft = trained(TinyModel.settings(null, 5, 4, 1, 0.1, true), 2, "sft");
        SapSettings none = TinyModel.sap(variant, 0, variant == Variant.PAPER ? 0.3 : 0, false);
        assertThat(trained(TinyModel.settings(none, 5, 4, 1, 0.1, true), 2, "sap")).isEqualTo(sft);
        // The counterpart: with both, it is not.
        assertThat(trained(TinyModel.settings(method(variant.toString()), 5, 4, 1, 0.1, true), 2, "probed")).isNotEqualTo(sft);
    }

    @Test
    void theVariantsDifferFromTheFirstStepOnInTheirProbe() {
        SapSettings paper = TinyModel.sap(Variant.PAPER, 2e-2, 0.05, false);
        SapSettings code = TinyModel.sap(Variant.CODE, 2e-2, 0.05, false);
        List<StepRecord> ofPaper = new ArrayList<>();
        List<StepRecord> ofCode = new ArrayList<>();
        try (TinyModel tiny = tiny(2); Training a = tiny.training(TinyModel.settings(paper, 2, 4, 1, 0, false));
                Training b = tiny.training(TinyModel.settings(code, 2, 4, 1, 0, false))) {
            a.run(RunFolder.create(folder.resolve("paper"), Map.of()), ofPaper::add, () -> false);
            b.run(RunFolder.create(folder.resolve("code"), Map.of()), ofCode::add, () -> false);
        }
        // Step 1 measures the same at V = 0, but the gradient of the code variant does not see a probe yet.
        assertThat(ofCode.getFirst().figures().usefulLoss()).isEqualTo(ofPaper.getFirst().figures().usefulLoss());
        assertThat(ofCode.getFirst().figures().gradientNorm()).isNotEqualTo(ofPaper.getFirst().figures().gradientNorm());
        // AdamW's first step has the size of its learning rate in every entry, whatever the gradient: beta sqrt(2 layers x 32).
        assertThat(probeNorm(ofCode.getFirst())).isCloseTo(0.05 * Math.sqrt(64), within(1e-3));
        assertThat(probeNorm(ofPaper.getFirst())).isLessThan(0.01);
        // In step 2 the code variant's useful loss is under the stale probe.
        assertThat(ofCode.getLast().figures().usefulLoss()).isNotCloseTo(ofPaper.getLast().figures().usefulLoss(), within(1e-3));
    }

    private static double probeNorm(StepRecord step) {
        StepFigures.Sap sap = step.figures().sap();
        assertThat(sap).isNotNull();
        return sap == null ? Double.NaN : sap.probeNorm();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "paper", "code", "paper-exact", "code-exact"})
    void accumulatedPartsEqualOneBatch(String method) {
        Map<String, List<Double>> whole = trained(TinyModel.settings(method(method), 3, 4, 1, 0, false), 2, "whole");
        Map<String, List<Double>> parts = trained(TinyModel.settings(method(method), 3, 2, 2, 0, false), 2, "parts");
        whole.forEach((name, values) -> {
            List<Double> other = parts.getOrDefault(name, List.of());
            for (int i = 0; i < values.size(); i++) {
                assertThat(other.get(i)).as(name).isCloseTo(values.get(i), within(2e-5));
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "paper", "code"})
    void recomputedLayersChangeNoBitAndNeedLessMemory(String method) {
        TrainSettings kept = TinyModel.settings(method(method), 4, 5, 1, 0.1, true);
        assertThat(trained(kept.withRecompute(true), 2, "again")).isEqualTo(trained(kept, 2, "kept"));
        try (TinyModel tiny = tiny(1)) {
            long[] need = new long[2];
            for (int i = 0; i < 2; i++) {
                try (Training training = tiny.training(kept.withRecompute(i == 1))) {
                    need[i] = training.requireMemory();
                }
            }
            assertThat(need[1]).isLessThan(need[0] * 3 / 4);
        }
    }

    @Test
    void fullFineTuningMovesEveryWeightAndLeavesTheModelAlone() {
        TrainSettings lora = TinyModel.settings(method("paper"), 2, 4, 1, 0, false);
        TrainSettings full = new TrainSettings(2, 1, 4, 1, 1e-3, lora.schedule(), 0, 0, true, lora.lora(), null, lora.sap(), 128, 256, 7, false, 0, false);
        try (TinyModel tiny = tiny(2); Training training = tiny.training(full)) {
            training.run(RunFolder.create(folder.resolve("full"), Map.of()), step -> {}, () -> false);
            training.objective().trainable().tensors().forEach((name, tensor) ->
                    assertThat(tensor.toDoubles()).as(name).isNotEqualTo(tiny.model.weights().get(name).toDoubles()));
        }
    }

    @Test
    void aLossThatIsNotANumberStopsTheTrainingBeforeTheWeightsMoveAndKeepsTheCheckpoint() {
        TrainSettings settings = TinyModel.settings(method("paper"), 12, 4, 1, 0, false);
        try (TinyModel tiny = tiny(2); Training training = tiny.training(settings)) {
            RunFolder run = RunFolder.create(folder.resolve("run"), Map.of());
            Tensor first = training.objective().trainable().tensors().values().iterator().next();
            assertThatThrownBy(() -> training.run(run, step -> {
                if (step.step() == 8) {
                    tiny.kernels.apply(new Update.Fill(Double.NaN), first);
                }
            }, () -> false)).isInstanceOf(DivergedException.class).hasMessageContaining("step 9 diverged").hasMessageContaining("--lr");
            assertThat(run.latest()).hasValueSatisfying(checkpoint -> assertThat(checkpoint.steps()).isEqualTo(6));
            run.restore(tiny.memory, run.latest().orElseThrow(), saved -> saved.values().forEach(tensor ->
                    assertThat(tensor.toDoubles()).doesNotContain(Double.NaN)));
        }
    }

    @Test
    void memoryThatWillNotSufficeIsSaidBeforeTheFirstStepAndTheEstimateIsTheNeed() {
        TrainSettings settings = TinyModel.settings(method("paper"), 6, 24, 1, 0, false);
        long need;
        try (TinyModel tiny = tiny(2); Training training = tiny.training(settings)) {
            need = training.requireMemory();
            long before = tiny.memory.inUse();
            tiny.memory.resetPeak();
            training.run(RunFolder.create(folder.resolve("run"), Map.of()), step -> {}, () -> false);
            assertThat(tiny.memory.peak() - before).isEqualTo(need);
        }
        try (TinyModel small = new TinyModel(new VectorKernels(1), need); Training training = small.training(settings)) {
            assertThatThrownBy(training::requireMemory).isInstanceOf(MemoryException.class).hasMessageContaining("MB").hasMessageContaining("it fits with --recompute");
        }
    }

    @Test
    void settingsThatAreSaidToFitDoFitAndDoTheSameSteps() {
        TrainSettings settings = TinyModel.settings(method("paper"), 6, 24, 1, 0, false);
        long least = needOf(settings.withRecompute(true).withBatch(1, 24));
        long most = needOf(settings.withRecompute(true).withBatch(24, 1));
        long inUse = inUse(settings);
        List<String> advice = new ArrayList<>();
        for (long room : new long[] {most, (least + most) / 2, least}) {
            try (TinyModel small = new TinyModel(new VectorKernels(1), inUse + room); Training training = small.training(settings)) {
                advice.add(org.assertj.core.api.Assertions.catchThrowable(training::requireMemory).getMessage());
            }
        }
        assertThat(advice.getFirst()).contains("it fits with --recompute (");
        for (String said : advice) {
            var fitting = java.util.regex.Pattern.compile("it fits with --recompute(?: --batch (\\d+) --accumulate (\\d+))? \\((.*) MB\\)").matcher(said);
            assertThat(fitting.find()).as(said).isTrue();
            int batch = fitting.group(1) == null ? 24 : Integer.parseInt(fitting.group(1));
            int accumulate = fitting.group(2) == null ? 1 : Integer.parseInt(fitting.group(2));
            assertThat(batch * accumulate).isEqualTo(24);
            assertThat(needOf(settings.withRecompute(true).withBatch(batch, accumulate)) / 1e6).isCloseTo(Double.parseDouble(fitting.group(3)), within(0.06));
        }
        try (TinyModel small = new TinyModel(new VectorKernels(1), inUse + least / 4); Training training = small.training(settings)) {
            assertThatThrownBy(training::requireMemory).hasMessageContaining("even --recompute --batch 1 --accumulate 24 --safety-batch 1 needs").hasMessageContaining("--max-tokens");
        }
    }

    private static long needOf(TrainSettings settings) {
        try (TinyModel tiny = tiny(1); Training training = tiny.training(settings)) {
            return training.requireMemory();
        }
    }

    /** With the angles of the longest row, which a rehearsal leaves beside the weights. */
    private static long inUse(TrainSettings settings) {
        try (TinyModel tiny = tiny(1); Training training = tiny.training(settings)) {
            training.requireMemory();
            return tiny.memory.inUse();
        }
    }

    @Test
    void theEstimateHoldsWhereTheLongestRowsAndPairsAreNotThoseThatLearnMost() {
        List<Example> rows = new ArrayList<>();
        List<PairExample> pairs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            rows.add(i % 2 == 0 ? learning(40, 1) : learning(39, 38));
            pairs.add(i % 2 == 0 ? new PairExample(learning(30, 1), learning(31, 1)) : new PairExample(learning(29, 28), learning(30, 29)));
        }
        TrainSettings settings = TinyModel.settings(method("paper"), 8, 2, 1, 0, true);
        try (TinyModel tiny = tiny(1); Training training = Training.prepare(tiny.memory, tiny.kernels, tiny.model.config(), tiny.model.weights(), "tiny", settings,
                new TrainingData(rows, pairs, List.of()))) {
            long need = training.requireMemory();
            long before = tiny.memory.inUse();
            tiny.memory.resetPeak();
            training.run(RunFolder.create(folder.resolve("run"), Map.of()), step -> {}, () -> false);
            assertThat(tiny.memory.peak() - before).isLessThanOrEqualTo(need);
        }
    }

    /** A row of {@code tokens} tokens of which the last {@code learnt} are learnt. */
    private static Example learning(int tokens, int learnt) {
        int[] ids = new int[tokens];
        java.util.Arrays.setAll(ids, i -> 3 + i * tokens % 90);
        int[] labels = ids.clone();
        java.util.Arrays.fill(labels, 0, tokens - learnt, Example.IGNORED);
        return new Example(ids, labels, 97);
    }

    @Test
    void impossibleRequestsAreRefusedByName() {
        try (TinyModel tiny = tiny(1)) {
            SapSettings beyond = new SapSettings(Variant.PAPER, List.of(1, 4), 0.05, false, 2e-5, 1, SafetyForm.CONTRASTIVE, 3);
            assertThatThrownBy(() -> tiny.training(TinyModel.settings(beyond))).isInstanceOf(ModelException.class)
                    .hasMessageContaining("probe layer 4 is out of range").hasMessageContaining("0 to 3");
            assertThatThrownBy(() -> Training.prepare(tiny.memory, tiny.kernels, tiny.model.config(), tiny.model.weights(), "tiny",
                    TinyModel.settings(method("paper")), new TrainingData(TinyModel.rows(), List.of(), List.of())))
                    .hasMessageContaining("needs safety pairs");
            TrainSettings lora = TinyModel.settings(null);
            TrainSettings wrong = new TrainSettings(2, 1, 4, 1, 1e-3, lora.schedule(), 0, 0, false,
                    new TrainSettings.Lora(4, 8, 0, List.of("query")), null, null, 128, 256, 7, false, 0, false);
            assertThatThrownBy(() -> tiny.training(wrong)).isInstanceOf(ModelException.class).hasMessageContaining("'query'").hasMessageContaining("q_proj");
        }
    }

    @Test
    void aCheckpointOfAnotherModelIsRefused() {
        TrainSettings settings = TinyModel.settings(null, 1, 4, 1, 0.1, false);
        try (TinyModel tiny = tiny(1)) {
            Path run = folder.resolve("run");
            try (Training training = tiny.training(settings)) {
                training.run(RunFolder.create(run, Map.of()), step -> {}, () -> false);
            }
            TrainSettings other = new TrainSettings(1, 1, 4, 1, 1e-3, settings.schedule(), 0, 0, false,
                    new TrainSettings.Lora(2, 8, 0, List.of("q_proj")), null, null, 128, 256, 7, false, 0, false);
            try (Training training = tiny.training(other)) {
                assertThatThrownBy(() -> training.restore(RunFolder.open(run))).hasMessageContaining("does not fit this model");
            }
        }
    }

    @Test
    void validationIsMeasuredAfterEveryEpoch() {
        try (TinyModel tiny = tiny(2)) {
            List<Example> rows = TinyModel.rows();
            try (Training training = Training.prepare(tiny.memory, tiny.kernels, tiny.model.config(), tiny.model.weights(), "tiny",
                    TinyModel.settings(null, 4, 10, 1, 0, false), new TrainingData(rows.subList(0, 20), List.of(), rows.subList(20, 24)))) {
                List<StepRecord> steps = new ArrayList<>();
                training.run(RunFolder.create(folder.resolve("run"), Map.of()), steps::add, () -> false);
                assertThat(steps).extracting(step -> step.validation() != null).containsExactly(false, true, false, true);
                assertThat(steps.getLast().toMap()).containsKey("validation_loss");
            }
        }
    }
}
