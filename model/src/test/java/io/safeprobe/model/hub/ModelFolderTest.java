package io.safeprobe.model.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.safetensors.SafetensorsException;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.safetensors.SafetensorsWriter;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What opens, and what is refused with which words. After every test memory is closed, so nothing may leak on the way out. */
class ModelFolderTest {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String NORM = "model.norm.weight";
    private static final String HEAD = "lm_head.weight";

    @TempDir
    Path folder;

    private final Memory memory = Memory.ofLimit(1 << 26);
    private final Kernels kernels = new ReferenceKernels();

    @AfterEach
    void nothingLeaks() {
        memory.close();
    }

    private ModelFolder open() {
        return ModelFolder.open(memory, kernels, folder, StoredType.AUTO);
    }

    private void copy(String golden) throws IOException {
        try (var files = Files.list(Golden.path(golden))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
    }

    private void editConfig(Consumer<ObjectNode> edit) throws IOException {
        Path file = folder.resolve("config.json");
        ObjectNode config = (ObjectNode) new JsonMapper().readTree(Files.readString(file));
        edit.accept(config);
        Files.writeString(file, config.toString());
    }

    private void editWeights(Consumer<Map<String, Tensor>> edit) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (Scope scope = memory.scope(); SafetensorsFile file = SafetensorsFile.open(memory, folder.resolve("model.safetensors"))) {
            file.tensors().forEach((name, tensor) -> weights.put(name, Tensor.of(scope, tensor.shape(), tensor.toFloats())));
            weights.put("scratch", Tensor.of(scope, Shape.of(1), 1f));
            edit.accept(weights);
            SafetensorsWriter.write(folder.resolve("model.safetensors"), weights, Map.of());
        }
    }

    private void refused(Class<? extends RuntimeException> type, String... reasons) {
        var thrown = assertThatThrownBy(this::open).isInstanceOf(type);
        for (String reason : reasons) {
            thrown.hasMessageContaining(reason);
        }
    }

    @Test
    void aFolderOpensAsAMapping() throws IOException {
        copy("tiny-llama");
        try (ModelFolder model = open()) {
            assertThat(model.config().layers()).isEqualTo(4);
            assertThat(model.config().kvHeads()).isEqualTo(2);
            assertThat(model.dtype()).isEqualTo(DType.F32);
            assertThat(memory.inUse()).as("no weight is copied").isZero();
            assertThat(model.unusedTensors()).isEmpty();
            assertThatThrownBy(model::tokenizer).isInstanceOf(ModelException.class).hasMessageContaining("no tokenizer.json");
        }
    }

    private void store(DType dtype) {
        try (Scope scope = memory.scope(); SafetensorsFile file = SafetensorsFile.open(memory, folder.resolve("model.safetensors"))) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            file.tensors().forEach((name, tensor) -> {
                Tensor copy = Tensor.allocate(scope, dtype, tensor.shape());
                kernels.apply(new Update.Copy(), copy, tensor);
                weights.put(name, copy);
            });
            SafetensorsWriter.write(folder.resolve("model.safetensors"), weights, Map.of());
        }
    }

    /** Of 16-bit weights only the vectors are widened, which are tiny. */
    @ParameterizedTest
    @CsvSource({"F32, F32, 0", "F16, F16, 2000", "BF16, BF16, 2000", "F64, F32, 200000"})
    void openingCopiesWeightsOnlyWhereItMust(DType stored, DType kept, long most) throws IOException {
        copy("tiny-llama");
        store(stored);
        try (ModelFolder model = open()) {
            assertThat(model.storedType()).isEqualTo(stored);
            assertThat(model.dtype()).isEqualTo(kept);
            long bytes = Files.size(folder.resolve("model.safetensors"));
            assertThat(memory.inUse()).isLessThanOrEqualTo(Math.min(most, bytes));
            if (stored == DType.F64) {
                assertThat(memory.inUse()).as("half of what is stored").isGreaterThan(bytes / 3);
            }
        }
    }

    @Test
    void weightsInF64AreNarrowedToTheNearestF32() throws IOException {
        copy("tiny-llama");
        double[] before = embedding();
        store(DType.F64);
        assertThat(embedding()).isEqualTo(before);
        try (ModelFolder model = open()) {
            MergedFolder.write(memory, model, Tuning.NONE, "card", folder.resolve("merged"));
        }
        try (ModelFolder merged = ModelFolder.open(memory, kernels, folder.resolve("merged"), StoredType.AUTO)) {
            assertThat(merged.weights().get(EMBEDDING).toDoubles()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @CsvSource({"U8", "BOOL", "I32"})
    void weightsThatAreNoRealNumbersAreRefused(DType stored) throws IOException {
        copy("tiny-llama");
        store(stored);
        refused(ModelException.class, "'model.embed_tokens.weight' is stored as " + stored, "get the weights in BF16, F16 or F32, or convert them");
    }

    @Test
    void aClassifierNeedsItsHeadInTheRightShape() throws IOException {
        copy("judge-llama");
        editConfig(config -> config.put("num_labels", 2).putObject("id2label").put("0", "a").put("1", "b"));
        refused(ModelException.class, "'score.weight' has shape [3, 32] but config.json asks for [2, 32]");
        editConfig(config -> config.put("num_labels", 3).remove("id2label"));
        editWeights(weights -> rename(weights, "score.weight", "classifier.weight"));
        refused(ModelException.class, "the weights lack 'score.weight'");
    }

    @Test
    void shardsAndATiedHeadOpenToo() throws IOException {
        copy("tiny-llama-tied");
        try (ModelFolder model = open()) {
            assertThat(model.config().tiedHead()).isTrue();
            assertThat(model.config().ropeTheta()).isEqualTo(50_000);
            assertThat(model.dtype()).isEqualTo(DType.BF16);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, F32", "BF16, BF16", "AUTO, F32"})
    void matricesAreConvertedWhenAsked(StoredType asked, DType expected) throws IOException {
        copy("tiny-llama");
        try (ModelFolder model = ModelFolder.open(memory, kernels, folder, asked)) {
            assertThat(model.dtype()).isEqualTo(expected);
            assertThat(model.weights().get(NORM).dtype()).isEqualTo(DType.F32);
        }
    }

    @Test
    void notAModel() throws IOException {
        refused(ModelException.class, "config.json is missing", "is this a model folder");
        assertThatThrownBy(() -> ModelFolder.open(memory, kernels, folder.resolve("none"), StoredType.AUTO)).hasMessageContaining("is not a folder");
        Files.writeString(folder.resolve("adapter_config.json"), "{}");
        refused(ModelException.class, "is an adapter", "--adapter");
    }

    @Test
    void noWeights() throws IOException {
        copy("tiny-llama");
        Files.delete(folder.resolve("model.safetensors"));
        refused(ModelException.class, "neither model.safetensors nor", "converted to safetensors");
    }

    @Test
    void aMissingShard() throws IOException {
        copy("tiny-llama-tied");
        Files.delete(folder.resolve("model-00002-of-00002.safetensors"));
        refused(SafetensorsException.class, "model-00002-of-00002.safetensors", "no such file");
    }

    @Test
    void aTruncatedShard() throws IOException {
        copy("tiny-llama-tied");
        Path shard = folder.resolve("model-00001-of-00002.safetensors");
        byte[] bytes = Files.readAllBytes(shard);
        Files.write(shard, java.util.Arrays.copyOf(bytes, bytes.length - 100));
        refused(SafetensorsException.class, "model-00001-of-00002.safetensors", "truncated");
    }

    @Test
    void anIndexThatReachesOutside() throws IOException {
        copy("tiny-llama-tied");
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"a\": \"../secret.safetensors\"}}");
        refused(ModelException.class, "outside its folder");
    }

    @Test
    void anIndexThatPromisesWhatNoShardHolds() throws IOException {
        copy("tiny-llama-tied");
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"ghost\": \"model-00001-of-00002.safetensors\"}}");
        refused(ModelException.class, "lacks the tensor 'ghost'");
    }

    @Test
    void weightsThatContradictTheConfiguration() throws IOException {
        copy("tiny-llama");
        editConfig(config -> config.put("intermediate_size", 50));
        refused(ModelException.class, "mlp.gate_proj.weight' has shape [48, 32] but config.json asks for [50, 32]");
        editConfig(config -> config.put("intermediate_size", 48).put("num_hidden_layers", 5));
        refused(ModelException.class, "the weights lack 'model.layers.4.");
    }

    @Test
    void surplusTensorsAreReported() throws IOException {
        copy("tiny-llama");
        editWeights(weights -> {});
        try (ModelFolder model = open()) {
            assertThat(model.unusedTensors()).containsExactly("scratch");
        }
    }

    private double[] embedding() {
        return values(EMBEDDING);
    }

    private static void rename(Map<String, Tensor> weights, String from, String to) {
        weights.put(to, java.util.Objects.requireNonNull(weights.remove(from)));
    }

    @Test
    void aTiedHeadMayBeStoredAsEmbeddingAsHeadOrAsBoth() throws IOException {
        copy("tiny-qwen2");
        double[] expected = embedding();
        editWeights(weights -> weights.put(HEAD, java.util.Objects.requireNonNull(weights.get(EMBEDDING))));
        assertThat(embedding()).isEqualTo(expected);
        editWeights(weights -> weights.remove(EMBEDDING));
        assertThat(embedding()).isEqualTo(expected);
        try (ModelFolder model = open()) {
            MergedFolder.write(memory, model, Tuning.NONE, "card", folder.resolve("merged"));
        }
        try (ModelFolder merged = ModelFolder.open(memory, kernels, folder.resolve("merged"), StoredType.AUTO)) {
            assertThat(merged.weights().get(EMBEDDING).toDoubles()).isEqualTo(expected);
        }
    }

    @Test
    void aTiedHeadThatDiffersIsRefused() throws IOException {
        copy("tiny-llama");
        editConfig(config -> config.put("tie_word_embeddings", true));
        refused(ModelException.class, "ties the head to the embedding, but 'lm_head.weight' and 'model.embed_tokens.weight' differ", "set tie_word_embeddings to false");
    }

    @Test
    void aMissingHeadThatIsNotTiedIsRefused() throws IOException {
        copy("tiny-llama");
        editWeights(weights -> weights.remove(HEAD));
        refused(ModelException.class, "the weights lack 'lm_head.weight'", "set tie_word_embeddings to true");
    }

    @Test
    void namesMayLackTheirPrefix() throws IOException {
        copy("tiny-qwen2");
        double[] expected = embedding();
        editWeights(weights -> {
            weights.remove("scratch");
            List.copyOf(weights.keySet()).forEach(name -> rename(weights, name, name.substring("model.".length())));
        });
        assertThat(embedding()).isEqualTo(expected);
        try (ModelFolder model = open()) {
            assertThat(model.unusedTensors()).isEmpty();
            assertThat(model.stored(NORM).dtype()).isEqualTo(DType.F32);
        }
    }

    /** As openai-community/gpt2 is stored: without the prefix, and with the causal masks. */
    @Test
    void gpt2AsTheHubHasIt() throws IOException {
        copy("tiny-gpt2");
        double[] expected = values("transformer.h.1.mlp.c_proj.weight");
        editWeights(weights -> {
            rename(weights, "scratch", "transformer.h.0.attn.bias");
            weights.put("transformer.h.1.attn.masked_bias", java.util.Objects.requireNonNull(weights.get("transformer.h.0.attn.bias")));
            List.copyOf(weights.keySet()).forEach(name -> rename(weights, name, name.substring("transformer.".length())));
        });
        assertThat(values("transformer.h.1.mlp.c_proj.weight")).isEqualTo(expected);
        try (ModelFolder model = open()) {
            assertThat(model.unusedTensors()).isEmpty();
            MergedFolder.write(memory, model, Tuning.NONE, "card", folder.resolve("merged"));
        }
        try (SafetensorsFile merged = SafetensorsFile.open(memory, folder.resolve("merged/model.safetensors"))) {
            assertThat(merged.tensors()).containsKeys("transformer.wte.weight", "transformer.wpe.weight", "transformer.h.1.ln_2.bias").doesNotContainKey("lm_head.weight");
        }
        editWeights(weights -> rename(weights, "scratch", "h.1.attn.c_attn.scale"));
        refused(ModelException.class, "has no place for 'h.1.attn.c_attn.scale'");
    }

    /** As EleutherAI/pythia-70m is stored. */
    @Test
    void buffersOfGptNeoXAreNoWeights() throws IOException {
        copy("tiny-neox");
        editWeights(weights -> {
            rename(weights, "scratch", "gpt_neox.layers.0.attention.bias");
            for (String buffer : List.of("attention.masked_bias", "attention.rotary_emb.inv_freq")) {
                weights.put("gpt_neox.layers.1." + buffer, java.util.Objects.requireNonNull(weights.get("gpt_neox.layers.0.attention.bias")));
            }
        });
        try (ModelFolder model = open()) {
            assertThat(model.unusedTensors()).isEmpty();
        }
    }

    private double[] values(String name) {
        try (ModelFolder model = open()) {
            return model.weights().get(name).toDoubles();
        }
    }

    @Test
    void aTensorOfALayerThatWouldBePassedOverIsRefused() throws IOException {
        copy("tiny-llama");
        editWeights(weights -> rename(weights, "scratch", "model.layers.1.self_attn.rotary_emb.inv_freq"));
        try (ModelFolder model = open()) {
            assertThat(model.unusedTensors()).as("a buffer that is computed anew").isEmpty();
        }
        editWeights(weights -> rename(weights, "scratch", "model.layers.4.extra"));
        try (ModelFolder model = open()) {
            assertThat(model.unusedTensors()).containsExactly("model.layers.4.extra");
        }
        editWeights(weights -> rename(weights, "scratch", "model.layers.3.self_attn.q_proj.bias"));
        refused(ModelException.class, "has no place for 'model.layers.3.self_attn.q_proj.bias'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"architectures\": [\"BertModel\"]} | architecture 'BertModel' is not supported; supported: Gemma",
        "{} | architecture '' is not supported",
        "{\"architectures\" | is not valid JSON",
        "{\"architectures\": [\"LlamaForCausalLM\"]} | positive whole number for hidden_size, but has none",
    })
    void aConfigurationThatIsNotUnderstood(String json, String reason) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
        refused(ModelException.class, reason);
    }

    @Test
    void settingsThatWouldChangeResultsAreRefusedByName() throws IOException {
        copy("tiny-llama");
        editConfig(config -> config.put("clip_qkv", 8));
        refused(ModelException.class, "clip_qkv");
        editConfig(config -> config.putNull("clip_qkv").put("attention_bias", true));
        refused(ModelException.class, "the weights lack 'model.layers.0.self_attn.q_proj.bias'");
        editConfig(config -> config.put("attention_bias", false).putObject("rope_scaling").put("rope_type", "su"));
        refused(ModelException.class, "rotary scaling 'su'");
        editConfig(config -> config.putNull("rope_scaling").put("hidden_act", "relu"));
        refused(ModelException.class, "hidden_act 'relu'");
        editConfig(config -> config.put("hidden_act", "silu").put("num_key_value_heads", 3));
        refused(ModelException.class, "key/value heads must divide the heads");
    }

    @Test
    void openingAndClosingManyTimesDoesNotGrow() throws IOException {
        copy("tiny-llama-tied");
        for (int i = 0; i < 50; i++) {
            ModelFolder.open(memory, kernels, folder, StoredType.F32).close();
        }
        assertThat(memory.inUse()).isZero();
    }
}
