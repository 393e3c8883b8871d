package io.safeprobe.model.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
                LoraAdapter read = PeftFolder.read(golden.memory, golden.model.config(), Golden.path("tiny-llama-peft"))) {
            PeftFolder.write(read, folder.resolve("copy"));
            try (LoraAdapter again = PeftFolder.read(golden.memory, golden.model.config(), folder.resolve("copy"))) {
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
            try (LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), Golden.path("tiny-llama-peft"))) {
                MergedFolder.write(golden.memory, golden.model, Tuning.of(adapter), "card", merged);
                assertThatThrownBy(() -> MergedFolder.write(golden.memory, golden.model, Tuning.of(adapter), "card", merged)).hasMessageContaining("not empty");
            }
            assertThat(merged.resolve("config.json")).exists();
            try (ModelFolder model = ModelFolder.open(golden.memory, golden.kernels, merged, StoredType.AUTO); Scope scope = golden.memory.scope()) {
                Forward forward = new Forward(new Graph(golden.kernels, scope), model.config(), model.weights());
                int[] ids = Golden.ints(golden.json.path("ids").get(0));
                Tensor logits = forward.logits(forward.hidden(PackedTokens.of(List.of(ids))), IntStream.range(0, ids.length).toArray()).tensor();
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
                LoraAdapter fresh = LoraAdapter.fresh(golden.memory, golden.model.config(),
                        new LoraConfig(3, 6, 0, golden.model.config().names().linear(), false, name), new Random(5))) {
            RandomGenerator random = new Random(6);
            fresh.tensors().values().forEach(tensor -> IntStream.range(0, (int) tensor.elements()).forEach(i -> tensor.set(i, 0.1 * random.nextGaussian())));
            PeftFolder.write(fresh, folder.resolve("adapter"));
            try (LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), folder.resolve("adapter"))) {
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
                LoraAdapter adapter = LoraAdapter.fresh(golden.memory, golden.model.config(),
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
        return forward.logits(forward.hidden(PackedTokens.of(List.of(ids))), new int[] {ids.length - 1}).tensor();
    }

    private void refused(Consumer<ObjectNode> edit, String reason) throws IOException {
        Path copy = Files.createDirectories(folder.resolve("edited"));
        ObjectNode config = (ObjectNode) new JsonMapper().readTree(Files.readString(Golden.path("tiny-llama-peft").resolve("adapter_config.json")));
        edit.accept(config);
        Files.writeString(copy.resolve("adapter_config.json"), config.toString());
        Files.copy(Golden.path("tiny-llama-peft").resolve("adapter_model.safetensors"), copy.resolve("adapter_model.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        try (Golden golden = Golden.open("tiny-llama")) {
            assertThatThrownBy(() -> PeftFolder.read(golden.memory, golden.model.config(), copy)).isInstanceOf(ModelException.class).hasMessageContaining(reason);
        }
    }

    @Test
    void whatWouldChangeResultsIsRefusedByName() throws IOException {
        refused(config -> config.put("peft_type", "LOHA"), "type LOHA");
        refused(config -> config.put("use_dora", true), "use_dora");
        refused(config -> config.putObject("rank_pattern").put("q_proj", 2), "rank_pattern");
        refused(config -> config.putArray("modules_to_save").add("lm_head"), "modules_to_save");
        refused(config -> config.put("target_modules", ".*q_proj"), "regular expression");
        refused(config -> config.put("bias", "all"), "bias 'all'");
        refused(config -> config.put("r", 0), "rank > 0");
    }

    /** PEFT's name for matrices that are stored [in, out]; it sees for itself where it is not said. */
    @Test
    void fanInFanOutIsWrittenForTransposedLayersAndRefusedForOthers() throws IOException {
        Path written = folder.resolve("written");
        try (Golden golden = Golden.open("tiny-gpt2");
                LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), Golden.path("tiny-gpt2-peft"))) {
            PeftFolder.write(adapter, written);
            Path file = written.resolve("adapter_config.json");
            ObjectNode config = (ObjectNode) new JsonMapper().readTree(Files.readString(file));
            assertThat(config.path("fan_in_fan_out").asBoolean()).isTrue();
            Files.writeString(file, config.put("fan_in_fan_out", false).toString());
            PeftFolder.read(golden.memory, golden.model.config(), written).close();
        }
        refused(config -> config.put("fan_in_fan_out", true), "fan_in_fan_out is true, but the linear layers of LlamaForCausalLM are not stored transposed");
    }

    @Test
    void anAdapterForAnotherModelIsRefused() throws IOException {
        refused(config -> config.put("r", 2), "belongs to another model");
        refused(config -> config.putArray("target_modules").add("q_proj").add("k_proj"), "belongs to another model");
        refused(config -> config.putArray("target_modules").add("q_proj"), "belongs to another model");
    }

    @Test
    void aFolderWithoutAnAdapterIsRefused() {
        try (Golden golden = Golden.open("tiny-llama")) {
            assertThatThrownBy(() -> PeftFolder.read(golden.memory, golden.model.config(), folder)).hasMessageContaining("is not an adapter folder");
        }
    }
}
