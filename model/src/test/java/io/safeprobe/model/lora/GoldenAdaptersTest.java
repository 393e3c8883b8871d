package io.safeprobe.model.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.safetensors.SafetensorsWriter;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.PackedTokens;
import io.safeprobe.model.hub.MergedFolder;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import io.safeprobe.model.hub.Tuning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters that PEFT wrote, one for each of its features: what they compute, what their gradients are, and that they survive being written and merged. */
class GoldenAdaptersTest {
    private static final double SAME = 1e-5;
    private static final JsonNode JSON = ConfigFile.json(folder("golden.json"));

    @TempDir
    Path temporary;

    private static Path folder(String name) {
        return Golden.path("adapters").resolve(name);
    }

    private static Stream<String> names() {
        return JSON.path("adapters").properties().stream().map(Map.Entry::getKey);
    }

    private static Stream<String> withGradients() {
        return names().filter(name -> JSON.path("adapters").path(name).path("gradients").asBoolean());
    }

    /** An adapter on its model, with the numbers that PEFT gave. */
    private static final class Case implements AutoCloseable {
        final Golden golden;
        final LoraAdapter adapter;
        final SafetensorsFile expected;
        final String name;

        Case(String name) {
            this(name, folder(name));
        }

        Case(String name, Path stored) {
            this.name = name;
            golden = Golden.open(JSON.path("adapters").path(name).path("base").asText(), new VectorKernels(2));
            adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, stored);
            expected = SafetensorsFile.open(golden.memory, folder("golden.safetensors"));
        }

        Forward forward(Graph graph) {
            return new Forward(graph, golden.model.config(), golden.model.weights()).with(adapter, graph::constant);
        }

        Tensor expected(String what) {
            return Objects.requireNonNull(expected.tensors().get(name + "." + what), what);
        }

        void assertLogits(Forward forward) {
            for (int i = 0; i < JSON.path("ids").size(); i++) {
                assertClose(logits(forward, Golden.ints(JSON.path("ids").get(i))), expected("logits." + i), SAME, name + " row " + i);
            }
        }

        @Override
        public void close() {
            adapter.close();
            expected.close();
            golden.close();
        }
    }

    private static Tensor logits(Forward forward, int[] ids) {
        return forward.logits(forward.hidden(PackedTokens.of(List.of(ids)))).tensor();
    }

    private static void assertClose(Tensor actual, Tensor expected, double tolerance, String what) {
        double[] a = actual.toDoubles();
        double[] e = expected.toDoubles();
        assertThat(a.length).as(what).isEqualTo(e.length);
        double worst = 0;
        for (int i = 0; i < a.length; i++) {
            worst = Math.max(worst, Double.isNaN(a[i]) ? Double.POSITIVE_INFINITY : Math.abs(a[i] - e[i]));
        }
        assertThat(worst).as(what).isLessThanOrEqualTo(tolerance);
    }

    @ParameterizedTest
    @MethodSource("names")
    void logitsAsInPeft(String name) {
        try (Case each = new Case(name); Scope scope = each.golden.memory.scope()) {
            each.assertLogits(each.forward(new Graph(each.golden.kernels, scope)));
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void lossAsInPeftAlsoWithoutStoredLogits(String name) {
        try (Case each = new Case(name); Scope scope = each.golden.memory.scope()) {
            Graph graph = new Graph(each.golden.kernels, scope);
            assertThat(loss(each.forward(graph)).tensor().item()).isCloseTo(JSON.path("adapters").path(name).path("loss").asDouble(), within(SAME));
        }
    }

    private static Value loss(Forward forward) {
        List<int[]> ids = List.of(Golden.ints(JSON.path("ids").get(0)), Golden.ints(JSON.path("ids").get(1)));
        PackedTokens tokens = PackedTokens.of(ids);
        List<Integer> rows = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        for (int i = 0; i < ids.size(); i++) {
            int[] labels = Golden.ints(JSON.path("labels").get(i));
            for (int t = 1; t < labels.length; t++) {
                if (labels[t] >= 0) {
                    rows.add(tokens.start(i) + t - 1);
                    targets.add(labels[t]);
                }
            }
        }
        Value losses = forward.losses(forward.hidden(tokens, rows.stream().mapToInt(i -> i).toArray()), targets.stream().mapToInt(i -> i).toArray());
        return losses.sum().scale(1.0 / rows.size());
    }

    @ParameterizedTest
    @MethodSource("withGradients")
    void gradientsOfEverythingThatIsTrainedAsInPeft(String name) {
        for (boolean recomputing : new boolean[] {false, true}) {
            try (Case each = new Case(name); Scope scope = each.golden.memory.scope()) {
                Graph graph = new Graph(each.golden.kernels, scope);
                List<Value> variables = new ArrayList<>();
                Forward forward = new Forward(graph, each.golden.model.config(), each.golden.model.weights()).recomputing(recomputing).with(each.adapter, tensor -> {
                    variables.add(graph.variable(tensor));
                    return variables.getLast();
                });
                List<Tensor> gradients = graph.gradient(loss(forward), variables);
                int i = 0;
                for (String tensor : each.adapter.tensors().keySet()) {
                    Tensor golden = each.expected("grad." + tensor);
                    assertClose(gradients.get(i++), golden, 1e-4 * Arrays.stream(golden.toDoubles()).map(Math::abs).max().orElse(0), name + " gradient of " + tensor);
                }
                assertThat(each.expected.tensors().keySet().stream().filter(key -> key.startsWith(name + ".grad."))).as("PEFT trains no more").hasSize(i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void whatIsWrittenIsTheSameAdapter(String name) {
        try (Case each = new Case(name)) {
            PeftFolder.write(each.adapter, temporary.resolve("copy"));
            try (Case again = new Case(name, temporary.resolve("copy"))) {
                assertThat(again.adapter.config()).isEqualTo(each.adapter.config());
                assertThat(again.adapter.tensors().keySet()).isEqualTo(each.adapter.tensors().keySet());
                each.adapter.tensors().forEach((key, tensor) -> assertThat(again.adapter.tensor(key).toDoubles()).as(key).isEqualTo(tensor.toDoubles()));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void theMergedFolderComputesTheSame(String name) throws IOException {
        try (Case each = new Case(name); ModelFolder wide = inFloat32(each); Scope scope = each.golden.memory.scope()) {
            MergedFolder.write(each.golden.memory, wide, Tuning.of(each.adapter), "card", temporary.resolve("merged"));
            try (ModelFolder merged = ModelFolder.open(each.golden.memory, each.golden.kernels, temporary.resolve("merged"), StoredType.AUTO)) {
                each.assertLogits(new Forward(new Graph(each.golden.kernels, scope), merged.config(), merged.weights()));
            }
        }
    }

    /** The model with its weights widened, so that a folder merged from it is not rounded to 16 bits. */
    private ModelFolder inFloat32(Case each) throws IOException {
        Path wide = Files.createDirectories(temporary.resolve("wide"));
        Files.copy(each.golden.model.path().resolve("config.json"), wide.resolve("config.json"));
        try (Scope scope = each.golden.memory.scope()) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            each.golden.model.weights().all().forEach((name, weight) -> {
                Tensor copy = Tensor.allocate(scope, DType.F32, weight.shape());
                each.golden.kernels.apply(new Update.Copy(), copy, weight);
                weights.put(name, copy);
            });
            SafetensorsWriter.write(wide.resolve("model.safetensors"), weights, Map.of("format", "pt"));
        }
        return ModelFolder.open(each.golden.memory, each.golden.kernels, wide, StoredType.AUTO);
    }

    /** The generator's mask drops an input where 7 t + 3 i is a multiple of 5, with probability 0.2 therefore. */
    @ParameterizedTest
    @ValueSource(strings = {"dora", "dora-bias"})
    void doraDropsInputsAsPeftDoes(String name) {
        try (Case each = new Case(name); Scope scope = each.golden.memory.scope()) {
            Graph graph = new Graph(each.golden.kernels, scope);
            Forward forward = each.forward(graph).withDropout((made, module, shape, dtype) -> {
                Tensor mask = Tensor.allocate(made.scope(), dtype, shape);
                for (long at = 0; at < mask.elements(); at++) {
                    mask.set(at, (7 * (at / shape.dim(1)) + 3 * (at % shape.dim(1))) % 5 == 0 ? 0 : 1.25);
                }
                return made.constant(mask);
            });
            assertClose(logits(forward, Golden.ints(JSON.path("ids").get(0))), each.expected("dropped_logits"), SAME, name);
        }
    }

    /** Magnitudes with and without .weight, with the adapter's name, and as a row; biases without base_layer: as versions since 0.5 wrote them. */
    @Test
    void namesOfOlderVersions() throws IOException {
        for (int style = 0; style < 3; style++) {
            Path old = Files.createDirectories(temporary.resolve("old" + style));
            Files.copy(folder("dora-bias/adapter_config.json"), old.resolve("adapter_config.json"));
            try (Case each = new Case("dora-bias")) {
                Map<String, Tensor> renamed = new LinkedHashMap<>();
                for (Map.Entry<String, Tensor> entry : each.adapter.tensors().entrySet()) {
                    String name = entry.getKey();
                    Tensor tensor = entry.getValue();
                    renamed.put(switch (style) {
                        case 0 -> name.replace("lora_magnitude_vector", "lora_magnitude_vector.default.weight").replaceFirst("(lora_[AB])\\.", "$1.default.");
                        case 1 -> name.replace("lora_magnitude_vector", "lora_magnitude_vector.weight").replace("base_layer.", "");
                        default -> name.replace("lora_magnitude_vector", "lora_magnitude_vector.default");
                    }, style == 2 && tensor.shape().rank() == 1 && name.contains("magnitude")
                            ? tensor.reshape(io.safeprobe.engine.tensor.Shape.of(1, tensor.elements())) : tensor);
                }
                SafetensorsWriter.write(old.resolve("adapter_model.safetensors"), renamed, Map.of("format", "pt"));
                try (Case again = new Case("dora-bias", old); Scope scope = again.golden.memory.scope()) {
                    again.assertLogits(again.forward(new Graph(again.golden.kernels, scope)));
                }
            }
        }
    }

    /** Configurations as versions of PEFT wrote them: each had fewer keys than the next, and they differ in what stands for nothing. */
    @ParameterizedTest
    @ValueSource(strings = {
        """
        {"alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": "x", "bias": "none", "fan_in_fan_out": false, "inference_mode": true,
        "init_lora_weights": true, "layers_pattern": null, "layers_to_transform": null, "lora_alpha": 8, "lora_dropout": 0.05, "modules_to_save": null,
        "peft_type": "LORA", "r": 4, "rank_pattern": {}, "revision": null, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"}""",
        """
        {"alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": "x", "bias": "none", "fan_in_fan_out": false, "inference_mode": true,
        "init_lora_weights": true, "layer_replication": null, "layers_pattern": null, "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 8,
        "lora_dropout": 0.0, "megatron_config": null, "megatron_core": "megatron.core", "modules_to_save": null, "peft_type": "LORA", "r": 4, "rank_pattern": {},
        "revision": null, "runtime_config": {"ephemeral_gpu_offload": false}, "target_modules": "(?:.*?\\\\.)?self_attn\\\\.(?:q|v)_proj", "task_type": "CAUSAL_LM",
        "use_dora": false, "use_rslora": false}""",
        """
        {"alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": "x", "bias": "none", "corda_config": null, "eva_config": null, "exclude_modules": null,
        "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": "orthogonal", "layer_replication": null, "layers_pattern": [], "layers_to_transform": [],
        "loftq_config": {}, "lora_alpha": 8, "lora_bias": false, "lora_dropout": 0.0, "megatron_config": null, "megatron_core": "megatron.core",
        "modules_to_save": [], "peft_type": "LORA", "qalora_group_size": 16, "r": 4, "rank_pattern": {}, "revision": null, "target_modules": ["q_proj", "v_proj"],
        "target_parameters": null, "task_type": "CAUSAL_LM", "trainable_token_indices": null, "use_dora": false, "use_qalora": false, "use_rslora": false}"""
    })
    void configurationsOfOlderVersions(String text) throws IOException {
        ObjectNode config = (ObjectNode) new JsonMapper().readTree(text);
        Files.writeString(temporary.resolve("adapter_config.json"), config.toString());
        Files.copy(Golden.path("tiny-llama-peft").resolve("adapter_model.safetensors"), temporary.resolve("adapter_model.safetensors"));
        try (Golden golden = Golden.adapter("tiny-llama-peft", new VectorKernels(1)); Scope scope = golden.memory.scope();
                LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, temporary)) {
            Graph graph = new Graph(golden.kernels, scope);
            Forward forward = new Forward(graph, golden.model.config(), golden.model.weights()).with(adapter, graph::constant);
            assertClose(logits(forward, Golden.ints(golden.json.path("ids").get(0))), golden.tensor("logits.0"), SAME, "logits");
        }
    }
}
