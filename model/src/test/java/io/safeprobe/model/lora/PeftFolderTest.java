package io.safeprobe.model.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.safetensors.SafetensorsWriter;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.PackedTokens;
import io.safeprobe.model.hub.MergedFolder;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import io.safeprobe.model.hub.Tuning;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class PeftFolderTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsReadBackToTheBit() {
        try (Golden golden = Golden.open("tiny-llama");
                LoraAdapter read = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, Golden.path("tiny-llama-peft"))) {
            PeftFolder.write(read, folder.resolve("copy"));
            try (LoraAdapter again = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, folder.resolve("copy"))) {
                assertThat(again.config()).isEqualTo(read.config());
                read.tensors().forEach((name, tensor) -> assertThat(values(again, name)).as(name).isEqualTo(tensor.toDoubles()));
            }
        }
    }

    private static double[] values(LoraAdapter adapter, String name) {
        Tensor tensor = adapter.tensors().get(name);
        return tensor == null ? new double[0] : tensor.toDoubles();
    }

    @Test
    void theMergedFolderGivesTheLogitsOfModelAndAdapter() {
        Path merged = folder.resolve("merged");
        try (Golden golden = Golden.adapter("tiny-llama-peft", new ReferenceKernels())) {
            try (LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, Golden.path("tiny-llama-peft"))) {
                MergedFolder.write(golden.memory, golden.model, Tuning.of(adapter), "card", merged);
                assertThatThrownBy(() -> MergedFolder.write(golden.memory, golden.model, Tuning.of(adapter), "card", merged)).hasMessageContaining("not empty");
            }
            assertThat(merged.resolve("config.json")).exists();
            try (ModelFolder model = ModelFolder.open(golden.memory, golden.kernels, merged, StoredType.AUTO); Scope scope = golden.memory.scope()) {
                Forward forward = new Forward(new Graph(golden.kernels, scope), model.config(), model.weights());
                int[] ids = Golden.ints(golden.json.path("ids").get(0));
                Tensor logits = forward.logits(forward.hidden(PackedTokens.of(List.of(ids)))).tensor();
                double[] expected = golden.tensor("merged_logits.0").toDoubles();
                for (int i = 0; i < expected.length; i++) {
                    assertThat(logits.get(i)).isCloseTo(expected[i], org.assertj.core.api.Assertions.within(1e-4));
                }
            }
        }
    }

    /** Save, read again and merge an adapter on every linear layer of each architecture. */
    @ParameterizedTest
    @FieldSource("io.safeprobe.model.Golden#FOLDERS")
    void aSavedAdapterAndAMergedFolderGiveTheSameLogits(String name) {
        int[] ids = {1, 5, 9, 13, 17, 21, 25, 29, 33, 37};
        Path merged = folder.resolve("merged");
        try (Golden golden = Golden.open(name); Scope scope = golden.memory.scope();
                LoraAdapter fresh = LoraAdapter.fresh(golden.memory, golden.model.config(), golden.model.weights()::get,
                        new LoraConfig(3, 6, 0, golden.model.config().names().linear(), false, name), new Random(5))) {
            RandomGenerator random = new Random(6);
            fresh.tensors().values().forEach(tensor -> IntStream.range(0, (int) tensor.elements()).forEach(i -> tensor.set(i, 0.1 * random.nextGaussian())));
            PeftFolder.write(fresh, folder.resolve("adapter"));
            try (LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, folder.resolve("adapter"))) {
                MergedFolder.write(golden.memory, golden.model, Tuning.of(adapter), "card", merged);
                Graph graph = new Graph(golden.kernels, scope);
                double[] bare = logits(new Forward(graph, golden.model.config(), golden.model.weights()), ids).toDoubles();
                double[] adapted = logits(new Forward(graph, golden.model.config(), golden.model.weights()).with(adapter, graph::constant), ids).toDoubles();
                try (ModelFolder model = ModelFolder.open(golden.memory, golden.kernels, merged, StoredType.F32)) {
                    double[] folded = logits(new Forward(graph, model.config(), model.weights()), ids).toDoubles();
                    // A folder in bfloat16 rounds what was merged.
                    double tolerance = golden.model.dtype() == DType.BF16 ? 0.2 : 1e-4;
                    double changed = 0;
                    for (int i = 0; i < folded.length; i++) {
                        assertThat(folded[i]).isCloseTo(adapted[i], org.assertj.core.api.Assertions.within(tolerance));
                        changed = Math.max(changed, Math.abs(adapted[i] - bare[i]));
                    }
                    assertThat(changed).as("the adapter does something").isGreaterThan(0.2);
                }
            }
        }
    }

    @Test
    void aFreshAdapterChangesNothing() {
        try (Golden golden = Golden.open("tiny-llama"); Scope scope = golden.memory.scope();
                LoraAdapter adapter = LoraAdapter.fresh(golden.memory, golden.model.config(), golden.model.weights()::get,
                        new LoraConfig(3, 6, 0, golden.model.config().names().linear(), false, "tiny"), new Random(5))) {
            assertThat(adapter.modules()).hasSize(4 * 7);
            Graph graph = new Graph(golden.kernels, scope);
            int[] ids = {1, 2, 3};
            Tensor bare = logits(new Forward(graph, golden.model.config(), golden.model.weights()), ids);
            Tensor adapted = logits(new Forward(graph, golden.model.config(), golden.model.weights()).with(adapter, graph::constant), ids);
            assertThat(adapted.toDoubles()).isEqualTo(bare.toDoubles());
        }
    }

    private static Tensor logits(Forward forward, int[] ids) {
        return forward.logits(forward.hidden(PackedTokens.of(List.of(ids)), new int[] {ids.length - 1})).tensor();
    }

    private void refused(Consumer<ObjectNode> edit, String reason) throws IOException {
        Path copy = Files.createDirectories(folder.resolve("edited"));
        ObjectNode config = (ObjectNode) new JsonMapper().readTree(Files.readString(Golden.path("tiny-llama-peft").resolve("adapter_config.json")));
        edit.accept(config);
        Files.writeString(copy.resolve("adapter_config.json"), config.toString());
        Files.copy(Golden.path("tiny-llama-peft").resolve("adapter_model.safetensors"), copy.resolve("adapter_model.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        try (Golden golden = Golden.open("tiny-llama")) {
            assertThatThrownBy(() -> PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, copy)).isInstanceOf(ModelException.class).hasMessageContaining(reason);
        }
    }

    @Test
    void whatWouldChangeResultsIsRefusedByName() throws IOException {
        refused(config -> config.put("peft_type", "LOHA"), "type LOHA");
        refused(config -> config.putObject("trainable_token_indices").putArray("embed_tokens").add(3), "trainable_token_indices (tokens trained one by one) is not supported");
        refused(config -> config.putArray("target_parameters").add("mlp.experts"), "target_parameters");
        refused(config -> config.putArray("layer_replication").addArray().add(0).add(2), "layer_replication");
        refused(config -> config.putObject("megatron_config").put("x", 1), "megatron_config");
        refused(config -> config.putArray("alora_invocation_tokens").add(1), "alora_invocation_tokens (activated LoRA)");
        refused(config -> config.put("use_qalora", true), "use_qalora");
        refused(config -> config.putObject("kasa_config").put("beta", 1), "kasa_config");
        refused(config -> config.putObject("velora_config").put("scale", 1), "velora_config");
        refused(config -> config.put("init_lora_weights", "pissa_niter_4"), "'pissa_niter_4' changes the weights of the model, which is not supported; save the adapter in PEFT with"
                + " path_initial_model_for_weight_conversion");
        refused(config -> config.put("init_lora_weights", "olora"), "'olora' changes the weights");
        refused(config -> config.put("init_lora_weights", "mica"), "'mica' is not supported; true");
        refused(config -> config.put("use_new_trick", true), "sets use_new_trick = true, which is not known");
        refused(config -> config.put("use_dora", "yes"), "use_dora must be true or false");
        refused(config -> config.put("use_dora", true), "lora_magnitude_vector' is missing");
        refused(config -> config.put("use_dora", true).put("lora_bias", true), "DoRA has no bias");
        refused(config -> config.put("lora_bias", true), "lora_B.bias' is missing");
        refused(config -> config.put("bias", "some"), "bias 'some'");
        refused(config -> config.put("r", 0), "rank > 0");
        refused(config -> config.putNull("target_modules"), "target_modules must be a list of names, a regular expression");
        refused(config -> config.put("target_modules", ".*(?P<which>q|v)_proj"), "is no regular expression that Java understands");
        refused(config -> config.putObject("rank_pattern").put("(q_proj", 2), "is no regular expression");
        refused(config -> config.putObject("rank_pattern").put("q_proj", 0), "need numbers above 0");
        refused(config -> config.put("target_modules", ".*q_proj").put("layers_to_transform", 1), "can be chosen only where targets are names");
        refused(config -> config.put("layers_to_transform", "all"), "layers_to_transform must be a whole number");
        refused(config -> config.putArray("target_modules").add("q_proj").add("embed_tokens"), "LoRA on the embedding");
        refused(config -> config.putArray("modules_to_save").add("o_proj("), "is no regular expression");
        refused(config -> config.putArray("modules_to_save").add("o_proj"), "o_proj.weight' is missing");
    }

    /** PEFT's name for matrices that are stored [in, out]; it sees for itself where it is not said. */
    @Test
    void numbersOfTheConfigurationAreTakenAsTheyAreOrRefused() throws IOException {
        refused(config -> config.put("r", 4.5), "edited: r must be a whole number, not 4.5");
        refused(config -> config.put("r", 1L << 40), "r must be a whole number, not 1099511627776");
        refused(config -> config.put("r", "4"), "r must be a whole number, not \"4\"");
        refused(config -> config.remove("r"), "r must be a whole number, not missing");
        refused(config -> config.put("lora_alpha", new BigDecimal("1e400")), "lora_alpha must be a number");
        refused(config -> config.put("lora_alpha", "8"), "lora_alpha must be a number, not \"8\"");
        refused(config -> config.putArray("rank_pattern").add(2), "rank_pattern must map names to numbers, not be [2]");
        refused(config -> config.putObject("rank_pattern").put("q_proj", 2.5), "rank_pattern of q_proj must be a whole number");
        refused(config -> config.putObject("alpha_pattern").put("q_proj", "x"), "alpha_pattern of q_proj must be a number");
        for (String text : List.of("[]", "null", "")) {
            Files.writeString(folder.resolve("adapter_config.json"), text);
            try (Golden golden = Golden.open("tiny-llama")) {
                assertThatThrownBy(() -> PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, folder))
                        .hasMessage(folder + ": adapter_config.json is no JSON object; get it again");
            }
        }
    }

    @Test
    void ofSeveralAdaptersTheOneAtFaultIsNamed() throws IOException {
        refused(config -> config.put("r", 2), folder.resolve("edited") + ": adapter tensor");
        refused(config -> config.putArray("layers_to_transform").add(99), folder.resolve("edited") + ": no layer is left to adapt");
    }

    @Test
    void fanInFanOutIsWrittenForTransposedLayersAndRefusedForOthers() throws IOException {
        Path written = folder.resolve("written");
        try (Golden golden = Golden.open("tiny-gpt2");
                LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, Golden.path("tiny-gpt2-peft"))) {
            PeftFolder.write(adapter, written);
            Path file = written.resolve("adapter_config.json");
            ObjectNode config = (ObjectNode) new JsonMapper().readTree(Files.readString(file));
            assertThat(config.path("fan_in_fan_out").asBoolean()).isTrue();
            Files.writeString(file, config.put("fan_in_fan_out", false).toString());
            PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, written).close();
        }
        refused(config -> config.put("fan_in_fan_out", true), "fan_in_fan_out is true, but the linear layers of LlamaForCausalLM are not stored transposed");
    }

    @Test
    void anAdapterForAnotherModelIsRefused() throws IOException {
        refused(config -> config.put("r", 2), "belongs to another model");
        refused(config -> config.putArray("target_modules").add("q_proj").add("k_proj"), "belongs to another model");
        refused(config -> config.putArray("target_modules").add("q_proj"), "belongs to another model");
        refused(config -> config.putArray("target_modules").add("query"), "no layer is left to adapt");
        refused(config -> config.putObject("rank_pattern").put("q_proj", 2), "belongs to another model");
        refused(config -> config.putArray("layers_to_transform").add(1), "has no place for");
    }

    /** PEFT stores the head along with a branch on it; another head means another model. */
    @Test
    void weightsOfTheModelThatWereStoredAlongMustBeThoseOfTheModel() throws IOException {
        Path copy = Files.createDirectories(folder.resolve("head"));
        Path head = Golden.path("adapters").resolve("head");
        Files.copy(head.resolve("adapter_config.json"), copy.resolve("adapter_config.json"));
        try (Golden golden = Golden.open("tiny-llama"); Scope scope = golden.memory.scope(); SafetensorsFile file = SafetensorsFile.open(golden.memory, head.resolve("adapter_model.safetensors"))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(file.tensors());
            String name = "base_model.model.lm_head.base_layer.weight";
            tensors.put(name, Tensor.zeros(scope, DType.F32, golden.model.weights().get("lm_head.weight").shape()));
            SafetensorsWriter.write(copy.resolve("adapter_model.safetensors"), tensors, Map.of());
            assertThatThrownBy(() -> PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, copy)).hasMessageContaining("another 'base_model.model.lm_head.weight' than this model");
            tensors.put(name, Tensor.zeros(scope, DType.F32, Shape.of(98, 32)));
            SafetensorsWriter.write(copy.resolve("adapter_model.safetensors"), tensors, Map.of());
            assertThatThrownBy(() -> PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, copy)).hasMessageContaining("vocabulary was resized");
        }
    }

    @Test
    void aPickleIsRefused() throws IOException {
        Files.copy(Golden.path("tiny-llama-peft").resolve("adapter_config.json"), folder.resolve("adapter_config.json"));
        Files.writeString(folder.resolve("adapter_model.bin"), "x");
        try (Golden golden = Golden.open("tiny-llama")) {
            assertThatThrownBy(() -> PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, folder))
                    .hasMessageContaining("adapter_model.bin is a pickle").hasMessageContaining("save_pretrained");
        }
    }

    @Test
    void aFolderWithoutAnAdapterIsRefused() {
        try (Golden golden = Golden.open("tiny-llama")) {
            assertThatThrownBy(() -> PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, folder)).hasMessageContaining("is not an adapter folder");
        }
    }
}
