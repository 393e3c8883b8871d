package io.safeprobe.sap.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.optim.Schedule;
import io.safeprobe.sap.TinyModel;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.sap.objective.SafetyForm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SAP trains every architecture: an adapter, or all weights with their biases and norms. */
class ArchitecturesTest {
    private static final int STEPS = 8;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "tiny-llama-bias, PAPER, false", "tiny-llama-bias, CODE, true", "tiny-mistral, CODE, false", "tiny-mistral-window, PAPER, true",
        "tiny-qwen2, PAPER, false", "tiny-qwen2-window, CODE, true", "tiny-qwen3, PAPER, false", "tiny-qwen3, CODE, true", "tiny-olmo2, PAPER, false",
        "tiny-olmo2, CODE, true", "tiny-smollm3, CODE, false", "tiny-smollm3, PAPER, true", "rope-dynamic, PAPER, false", "rope-longrope, CODE, false",
        "tiny-phi3, PAPER, false", "tiny-phi3-longrope, CODE, true", "tiny-neox, PAPER, false", "tiny-neox-serial, CODE, true",
        "tiny-gpt2, PAPER, false", "tiny-gpt2, CODE, true",
        "tiny-gemma3, PAPER, false", "tiny-gemma3, CODE, true", "tiny-gemma2, PAPER, true", "tiny-gemma2, CODE, false"
    })
    void theLossFallsAndWhatIsTrainedMoves(String name, SapSettings.Variant variant, boolean full) {
        SapSettings sap = new SapSettings(variant, List.of(0, 1), 0.05, false, 2e-2, 1, SafetyForm.CONTRASTIVE, 3);
        List<Double> losses = new ArrayList<>();
        try (TinyModel tiny = new TinyModel(name, new VectorKernels(2), 1L << 30); Training training = tiny.training(settings(tiny, sap, full))) {
            training.requireMemory();
            assertThat(training.run(RunFolder.create(folder.resolve("run"), Map.of()), step -> losses.add(step.figures().usefulLoss()), () -> false)).isTrue();
            if (full) {
                assertThat(training.objective().trainable().tensors()).hasSameSizeAs(tiny.model.weights().all());
                training.objective().trainable().tensors().forEach((weight, tensor) ->
                        assertThat(tensor.toDoubles()).as(weight).isNotEqualTo(tiny.model.weights().get(weight).toDoubles()));
            }
        }
        assertThat(losses).hasSize(STEPS);
        assertThat(losses.getLast()).isLessThan(0.97 * losses.getFirst());
    }

    /** All rows in every step, so that losses can be compared. */
    private static TrainSettings settings(TinyModel tiny, SapSettings sap, boolean full) {
        return new TrainSettings(STEPS, 1, TinyModel.rows().size(), 1, full ? 3e-3 : 2e-2, Schedule.Kind.CONSTANT, 0, 0, full,
                new TrainSettings.Lora(4, 8, 0, tiny.model.config().names().defaultTargets()), null, sap, 128, 256, 7, false, 0, false);
    }
}
