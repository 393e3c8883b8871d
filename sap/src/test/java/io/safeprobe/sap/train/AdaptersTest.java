package io.safeprobe.sap.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.optim.Schedule;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraConfig.Bias;
import io.safeprobe.model.lora.LoraConfig.Init;
import io.safeprobe.model.lora.PeftFolder;
import io.safeprobe.sap.TinyModel;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.sap.objective.SafetyForm;
import io.safeprobe.sap.train.TrainSettings.Lora;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of adapter trains, by sft and by both variants of SAP, is stored, and goes on after a stop with the same bits. */
class AdaptersTest {
    private static final int STEPS = 6;

    @TempDir
    Path folder;

    private static Stream<Arguments> kinds() {
        return Stream.of(
                Arguments.of("tiny-llama", "paper", new Lora(2, 4, 0.1, List.of("q_proj", "down_proj"), true, true, Init.GAUSSIAN, List.of(1, 3), List.of(), Bias.NONE)),
                Arguments.of("tiny-llama-tied", "code", new Lora(2, 4, 0, List.of("all-linear"), false, false, Init.DEFAULT, List.of(), List.of("embed_tokens", "norm"), Bias.ALL)),
                Arguments.of("tiny-llama-tied", "sft", new Lora(2, 4, 0, List.of("v_proj", "lm_head"), false, true, Init.DEFAULT, List.of(), List.of(), Bias.NONE)),
                Arguments.of("tiny-qwen2", "code", new Lora(2, 4, 0, List.of(".*\\.(self_attn\\.(q|o)|mlp\\.up)_proj"), true, true, Init.DEFAULT, List.of(), List.of(), Bias.LORA_ONLY)),
                Arguments.of("tiny-llama-bias", "paper", new Lora(2, 4, 0, List.of("up_proj"), false, false, Init.GAUSSIAN, List.of(), List.of("lm_head", "self_attn"), Bias.ALL)));
    }

    private static TrainSettings settings(String method, Lora lora) {
        SapSettings sap = switch (method) {
            case "paper" -> new SapSettings(SapSettings.Variant.PAPER, List.of(0, 1), 0.05, false, 2e-2, 1, SafetyForm.CONTRASTIVE, 3);
            case "code" -> new SapSettings(SapSettings.Variant.CODE, List.of(0, 1), 0.05, false, 2e-2, 1, SafetyForm.CONTRASTIVE, 3);
            default -> null;
        };
        // All rows in every step, so that losses can be compared.
        return new TrainSettings(STEPS, 1, TinyModel.rows().size(), 1, 1e-2, Schedule.Kind.CONSTANT, 0, 0, false, lora, null, sap, 128, 256, 7, false, 0, false);
    }

    private static Map<String, double[]> tensors(Training training) {
        Map<String, double[]> tensors = new LinkedHashMap<>();
        training.objective().trainable().tensors().forEach((name, tensor) -> tensors.put(name, tensor.toDoubles()));
        return tensors;
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void trainsStoresAndGoesOn(String model, String method, Lora lora) {
        TrainSettings settings = settings(method, lora);
        List<Double> losses = new ArrayList<>();
        Map<String, double[]> fresh;
        Map<String, double[]> straight;
        try (TinyModel tiny = new TinyModel(model, new VectorKernels(2), 1L << 30); Training training = tiny.training(settings)) {
            fresh = tensors(training);
            training.requireMemory();
            RunFolder run = RunFolder.create(folder.resolve("run"), settings);
            assertThat(run.config(TrainSettings.class)).as("run.json holds everything").isEqualTo(settings);
            training.run(run, step -> losses.add(step.figures().usefulLoss()), () -> false);
            straight = tensors(training);
            LoraAdapter trained = Objects.requireNonNull(training.adapter());
            PeftFolder.write(trained, folder.resolve("adapter"));
            try (LoraAdapter read = PeftFolder.read(tiny.memory, tiny.model.config(), tiny.model.weights()::get, folder.resolve("adapter"))) {
                read.tensors().forEach((name, tensor) -> assertThat(tensor.toDoubles()).as(name).isEqualTo(straight.get(name)));
            }
        }
        assertThat(losses.getLast()).isLessThan(0.97 * losses.getFirst());
        fresh.forEach((name, before) -> assertThat(straight.get(name)).as(name).isNotEqualTo(before));
        try (TinyModel tiny = new TinyModel(model, new VectorKernels(2), 1L << 30); Training training = tiny.training(settings)) {
            training.run(RunFolder.create(folder.resolve("stopped"), Map.of()), step -> {}, () -> training.done() == 3);
        }
        try (TinyModel tiny = new TinyModel(model, new VectorKernels(2), 1L << 30); Training training = tiny.training(settings)) {
            RunFolder run = RunFolder.open(folder.resolve("stopped"));
            training.restore(run);
            training.run(run, step -> {}, () -> false);
            tensors(training).forEach((name, values) -> assertThat(values).as(name).isEqualTo(straight.get(name)));
        }
    }

    /** A run.json of before adapters had these choices. */
    @Test
    void settingsWithoutTheLaterChoicesAreThoseOfPlainLora() {
        Map<String, Object> older = Map.of("rank", 4, "alpha", 8.0, "dropout", 0.0, "targets", List.of("q_proj"));
        assertThat(RunFolder.create(folder.resolve("older"), older).config(Lora.class)).isEqualTo(new Lora(4, 8, 0, List.of("q_proj")));
    }

    @Test
    void aNameThatMeansNothingIsRefused() {
        try (TinyModel tiny = new TinyModel()) {
            Lora head = new Lora(2, 4, 0, List.of("q_proj"), false, false, Init.DEFAULT, List.of(), List.of("score"), Bias.NONE);
            assertThatThrownBy(() -> tiny.training(settings("sft", head))).isInstanceOf(ModelException.class).hasMessageContaining("'score' names no module of this model");
            Lora both = new Lora(2, 4, 0, List.of("q_proj"), false, false, Init.DEFAULT, List.of(9), List.of(), Bias.NONE);
            assertThatThrownBy(() -> tiny.training(settings("sft", both))).isInstanceOf(ModelException.class).hasMessageContaining("layers [9] of 4");
            Lora embedding = new Lora(2, 4, 0, List.of(".*"), false, false, Init.DEFAULT, List.of(), List.of(), Bias.NONE);
            assertThatThrownBy(() -> tiny.training(settings("sft", embedding))).isInstanceOf(ModelException.class).hasMessageContaining("LoRA on the embedding");
        }
    }
}
