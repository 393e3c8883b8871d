package io.safeprobe.sap.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.safeprobe.engine.kernel.CopyingDevice;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.safetensors.SafetensorsWriter;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Weights;
import io.safeprobe.model.lora.LoraConfig;
import io.safeprobe.sap.TinyModel;
import io.safeprobe.sap.checkpoint.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SafeLoRA's projection against PyTorch, which layers it takes, and what it leaves alone. */
class AlignmentProjectionTest {
    @TempDir
    Path folder;

    private static SafeLora settings(String base, @Nullable Double threshold, @Nullable Integer layers) {
        return new SafeLora(base, null, threshold, layers);
    }

    /** The weights of a model with the rows of every matrix in reverse order. */
    private static Map<String, Tensor> turned(Scope scope, TinyModel tiny) {
        Map<String, Tensor> turned = new LinkedHashMap<>();
        tiny.model.weights().all().forEach((name, tensor) -> {
            double[] values = tensor.toDoubles();
            long columns = tensor.shape().rank() == 2 ? tensor.shape().dim(1) : values.length;
            long rows = values.length / columns;
            turned.put(name, Tensor.of(scope, tensor.dtype(), tensor.shape(), i -> values[(int) ((rows - 1 - i / columns) * columns + i % columns)]));
        });
        return turned;
    }

    /** A folder of the model before its alignment. */
    private Path base(TinyModel tiny, String model) throws IOException {
        Path base = Files.createDirectories(folder.resolve("base-" + model));
        Files.copy(TinyModel.path(model).resolve("config.json"), base.resolve("config.json"));
        try (Scope scope = tiny.memory.scope()) {
            SafetensorsWriter.write(base.resolve("model.safetensors"), turned(scope, tiny), Map.of("format", "pt"));
        }
        return base;
    }

    private static Map<String, double[]> tensors(Training training) {
        Map<String, double[]> tensors = new LinkedHashMap<>();
        training.objective().trainable().tensors().forEach((name, tensor) -> tensors.put(name, tensor.toDoubles()));
        return tensors;
    }

    @Test
    void itIsThatOfPyTorch() throws IOException {
        JsonNode golden = new JsonMapper().readTree(Files.readString(TinyModel.path("safelora.json")));
        try (TinyModel tiny = new TinyModel(new VectorKernels(2), 1L << 30); Training training = tiny.training(TinyModel.settings(null)); Scope scope = tiny.memory.scope();
                SafetensorsFile projected = SafetensorsFile.open(tiny.memory, TinyModel.path("safelora.safetensors"))) {
            List<AlignmentProjection.Layer> layers = AlignmentProjection.apply(tiny.memory, tiny.kernels, tiny.model.config(), training.objective().trainable(),
                    settings("base", 1.0, null), tiny.model.weights(), tiny.model.weights(), new Weights(scope, turned(scope, tiny)));
            assertThat(layers).hasSize(golden.size()).allMatch(AlignmentProjection.Layer::projected);
            for (AlignmentProjection.Layer layer : layers) {
                JsonNode expected = golden.path(layer.module());
                assertThat(layer.cosine()).as(layer.module()).isCloseTo(expected.path("cosine").asDouble(), within(1e-6));
                assertThat(layer.alignment()).as(layer.module()).isCloseTo(expected.path("alignment").asDouble(), within(1e-5));
            }
            projected.tensors().forEach((name, b) -> {
                double largest = Arrays.stream(b.toDoubles()).map(Math::abs).max().orElseThrow();
                assertThat(tensors(training).get(name)).as(name).containsExactly(b.toDoubles(), within(1e-6 * largest));
            });
        }
    }

    @Test
    void theThresholdOrTheNumberChoosesTheLayersAndTheOthersKeepTheirBits() {
        List<AlignmentProjection.Layer> all = projected(settings("base", -1.0, null));
        assertThat(all).noneMatch(AlignmentProjection.Layer::projected);
        List<Double> cosines = all.stream().map(AlignmentProjection.Layer::cosine).sorted().toList();
        assertThat(projected(settings("base", (cosines.get(2) + cosines.get(3)) / 2, null))).filteredOn(AlignmentProjection.Layer::projected).hasSize(3);
        List<AlignmentProjection.Layer> two = projected(settings("base", null, 2));
        assertThat(two.stream().filter(AlignmentProjection.Layer::projected).map(AlignmentProjection.Layer::cosine).sorted().toList()).isEqualTo(cosines.subList(0, 2));
        assertThat(two.stream().sorted(Comparator.comparingDouble(AlignmentProjection.Layer::cosine)).skip(2)).noneMatch(AlignmentProjection.Layer::projected);
        assertThat(projected(settings("base", null, 99))).allMatch(AlignmentProjection.Layer::projected);
    }

    private static List<AlignmentProjection.Layer> projected(SafeLora settings) {
        try (TinyModel tiny = new TinyModel(new VectorKernels(2), 1L << 30); Training training = tiny.training(TinyModel.settings(null)); Scope scope = tiny.memory.scope()) {
            Map<String, double[]> before = tensors(training);
            List<AlignmentProjection.Layer> layers = AlignmentProjection.apply(tiny.memory, tiny.kernels, tiny.model.config(), training.objective().trainable(), settings,
                    tiny.model.weights(), tiny.model.weights(), new Weights(scope, turned(scope, tiny)));
            layers.forEach(layer -> {
                String b = "base_model.model." + layer.module() + ".lora_B.weight";
                assertThat(Arrays.equals(tensors(training).get(b), before.get(b))).as(b).isEqualTo(!layer.projected());
            });
            return layers;
        }
    }

    /** All weights: the change of each linear layer is projected, from either side where matrices are stored the other way. */
    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "tiny-gpt2"})
    void ofAllWeightsTheChangeOfEveryLinearLayerIsProjected(String name) throws IOException {
        try (TinyModel tiny = new TinyModel(name, new VectorKernels(2), 1L << 30)) {
            TrainSettings lora = TinyModel.settings(null, 2, 4, 1, 0, false);
            TrainSettings full = new TrainSettings(2, 1, 4, 1, 1e-2, lora.schedule(), 0, 0, true, lora.lora(), null, null,
                    Defences.NONE.with(settings(base(tiny, name).toString(), 1.0, null)), 128, 256, 7, false, 0, false);
            try (Training training = tiny.training(full)) {
                training.run(RunFolder.create(folder.resolve("run"), full), _ -> {}, () -> false);
                Map<String, double[]> trained = tensors(training);
                List<AlignmentProjection.Layer> layers = training.project();
                assertThat(layers).isNotEmpty().allMatch(AlignmentProjection.Layer::projected);
                for (AlignmentProjection.Layer layer : layers) {
                    String weight = layer.module() + ".weight";
                    Tensor before = tiny.model.weights().get(weight);
                    assertThat(tensors(training).get(weight)).as(weight)
                            .containsExactly(projected(before, trained.getOrDefault(weight, new double[0]), name.contains("gpt2")), within(1e-5));
                    trained.remove(weight);
                }
                trained.forEach((weight, values) -> assertThat(tensors(training).get(weight)).as(weight).isEqualTo(values));
            }
        }
    }

    /** {@code W + C dW} in float64, by loops. */
    private static double[] projected(Tensor before, double[] trained, boolean transposed) {
        double[] w = before.toDoubles();
        int rows = (int) before.shape().dim(0);
        int columns = (int) before.shape().dim(1);
        int out = transposed ? columns : rows;
        int in = transposed ? rows : columns;
        double[][] v = new double[out][in];
        double[][] change = new double[out][in];
        double square = 0;
        for (int i = 0; i < out; i++) {
            for (int j = 0; j < in; j++) {
                int at = transposed ? j * columns + i : i * columns + j;
                int turned = (rows - 1 - at / columns) * columns + at % columns;
                v[i][j] = w[at] - w[turned];
                change[i][j] = trained[at] - w[at];
                square += v[i][j] * v[i][j];
            }
        }
        double[] result = w.clone();
        for (int i = 0; i < out; i++) {
            for (int k = 0; k < out; k++) {
                double c = 0;
                for (int j = 0; j < in; j++) {
                    c += v[i][j] * v[k][j];
                }
                for (int j = 0; j < in; j++) {
                    result[transposed ? j * columns + i : i * columns + j] += c / Math.sqrt(square) * change[k][j];
                }
            }
        }
        return result;
    }

    @Test
    void whereNothingIsProjectedItIsPlainFineTuningToTheBitAndOnADeviceTheSame() throws IOException {
        TrainSettings sft = TinyModel.settings(null, 3, 4, 1, 0.1, true);
        List<Map<String, double[]>> results = new ArrayList<>();
        String base;
        try (TinyModel tiny = new TinyModel(new VectorKernels(1), 1L << 30)) {
            base = base(tiny, "tiny-llama").toString();
        }
        try (VectorKernels processor = new VectorKernels(1); CopyingDevice device = new CopyingDevice()) {
            for (Defences defences : List.of(Defences.NONE, Defences.NONE.with(settings(base, -1.0, null)), Defences.NONE.with(settings(base, 1.0, null)))) {
                try (TinyModel tiny = new TinyModel(processor, 1L << 30); Training training = tiny.training(sft.with(null, defences))) {
                    results.add(finished(training));
                }
            }
            try (TinyModel tiny = new TinyModel(device, 1L << 30); Training training = tiny.training(sft.with(null, Defences.NONE.with(settings(base, 1.0, null))))) {
                results.add(finished(training));
            }
            assertThat(device.blocks()).isZero();
        }
        List<List<List<Double>>> bits = results.stream().map(result -> result.values().stream().map(values ->
                IntStream.range(0, values.length).mapToObj(i -> values[i]).toList()).toList()).toList();
        assertThat(bits.get(1)).isEqualTo(bits.get(0));
        assertThat(bits.get(2)).isNotEqualTo(bits.get(0));
        assertThat(bits.get(3)).isEqualTo(bits.get(2));
    }

    private Map<String, double[]> finished(Training training) throws IOException {
        training.run(RunFolder.create(Files.createTempDirectory(folder, "run").resolve("it"), Map.of()), _ -> {}, () -> false);
        training.project();
        return tensors(training);
    }

    @Test
    void whatCannotBeProjectedIsRefusedBeforeTheFirstStep() {
        try (TinyModel tiny = new TinyModel(new VectorKernels(1), 1L << 30)) {
            assertThatThrownBy(() -> tiny.training(with(settings(TinyModel.path("tiny-llama").toString(), null, null), false)))
                    .isInstanceOf(ModelException.class).hasMessageContaining("the same weights").hasMessageContaining("before its alignment");
            assertThatThrownBy(() -> tiny.training(with(settings(TinyModel.path("tiny-qwen2").toString(), null, null), false)))
                    .isInstanceOf(ModelException.class).hasMessageContaining("tiny-qwen2 is another architecture").hasMessageContaining("--safelora-base");
            assertThatThrownBy(() -> tiny.training(with(settings(folder.resolve("none").toString(), null, null), false)))
                    .isInstanceOf(ModelException.class).hasMessageContaining("is not a folder");
            assertThatThrownBy(() -> tiny.training(with(settings(TinyModel.path("tiny-llama").toString(), null, null), true)))
                    .isInstanceOf(ModelException.class).hasMessageContaining("DoRA");
            assertThatThrownBy(() -> settings("base", 0.5, 3)).hasMessageContaining("not both");
            assertThatThrownBy(() -> settings("base", 1.5, null)).hasMessageContaining("cosine");
            assertThatThrownBy(() -> settings("base", null, -1)).hasMessageContaining("-1 layers");
        }
    }

    private static TrainSettings with(SafeLora safeLora, boolean dora) {
        TrainSettings.Lora lora = new TrainSettings.Lora(2, 4, 0, List.of("q_proj"), false, dora, LoraConfig.Init.DEFAULT, List.of(), List.of(),
                LoraConfig.Bias.NONE);
        TrainSettings sft = TinyModel.settings(null, 1, 4, 1, 0.1, true);
        return new TrainSettings(1, 1, 4, 1, 1e-3, sft.schedule(), 0, 0, false, lora, null, null, Defences.NONE.with(safeLora), 128, 256, 7, false, 0, false);
    }
}
