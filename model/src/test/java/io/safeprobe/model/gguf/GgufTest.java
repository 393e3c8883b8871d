package io.safeprobe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import io.safeprobe.model.hub.Tuning;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraConfig;
import io.safeprobe.model.lora.PeftFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** GGUF files, read again by the specification and run by ggml's conventions. */
class GgufTest {
    @TempDir
    Path folder;

    private GgufReader exported(Golden golden, Tuning tuning, DType dtype) throws IOException {
        Path file = folder.resolve(dtype + "-model.gguf");
        GgufModel.write(golden.memory, golden.model, tuning, "a name", dtype, golden.model.hasTokenizer(), file);
        assertThat(folder.resolve(file.getFileName() + ".part")).doesNotExist();
        return new GgufReader(file);
    }

    private static void sameLogits(GgufReader file, Golden golden, String tensor, double tolerance) {
        double[][] logits = new GgmlForward(file).logits(Golden.ints(golden.json.path("ids").get(0)));
        double[] expected = golden.tensor(tensor).toDoubles();
        for (int i = 0; i < expected.length; i++) {
            assertThat(logits[i / logits[0].length][i % logits[0].length]).isCloseTo(expected[i], within(tolerance));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "tiny-llama-tied", "tiny-llama-bias", "tiny-mistral", "rope-linear", "rope-llama3"})
    void theFileAloneGivesTheModelsLogits(String name) throws IOException {
        try (Golden golden = Golden.open(name)) {
            sameLogits(exported(golden, Tuning.NONE, golden.model.dtype()), golden, "logits.0", 1e-5);
        }
    }

    @Test
    void aRealModelToo() throws IOException {
        try (Golden golden = Golden.stories(new ReferenceKernels())) {
            GgufReader file = exported(golden, Tuning.NONE, DType.F32);
            double[][] logits = new GgmlForward(file).logits(Golden.ints(golden.json.path("ids")));
            double[] expected = golden.tensor("logits").toDoubles();
            for (int i = 0; i < expected.length; i++) {
                assertThat(logits[i / 512][i % 512]).isCloseTo(expected[i], within(1e-5));
            }
            assertThat(file.keys).containsEntry("tokenizer.ggml.model", "llama").containsEntry("tokenizer.ggml.add_bos_token", true)
                    .containsEntry("tokenizer.ggml.bos_token_id", 1).containsEntry("tokenizer.ggml.eos_token_id", 2)
                    .containsEntry("tokenizer.ggml.add_space_prefix", true);
            assertThat(file.list("tokenizer.ggml.tokens")).hasSize(512).element(259).isEqualTo("\u2581t");
            assertThat(file.list("tokenizer.ggml.token_type").subList(0, 4)).isEqualTo(List.of(2, 3, 3, 6));
            assertThat(file.list("tokenizer.ggml.scores")).hasSize(512);
        }
    }

    @Test
    void anAdapterIsFoldedInOrStandsAlone() throws IOException {
        try (Golden golden = Golden.adapter("tiny-llama-peft", new ReferenceKernels());
                LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, Golden.path("tiny-llama-peft"))) {
            sameLogits(exported(golden, Tuning.of(adapter), DType.F32), golden, "merged_logits.0", 1e-5);
            GgufReader base = exported(golden, Tuning.NONE, DType.F32);
            Path file = folder.resolve("adapter.gguf");
            GgufAdapter.write(golden.memory, golden.model.config(), adapter, "a name", DType.F32, file);
            GgufReader alone = new GgufReader(file);
            assertThat(alone.keys).containsEntry("general.type", "adapter").containsEntry("adapter.type", "lora")
                    .containsEntry("general.architecture", "llama").containsEntry("adapter.lora.alpha", 8f);
            applied(base, alone);
            sameLogits(base, golden, "merged_logits.0", 1e-5);
        }
    }

    /** What llama.cpp does with an adapter: W + alpha / rank * B A, rank being the rows of A. */
    private static void applied(GgufReader base, GgufReader adapter) {
        adapter.tensors.keySet().stream().filter(name -> name.endsWith(".lora_a")).forEach(name -> {
            String weight = name.substring(0, name.length() - ".lora_a".length());
            double[] a = adapter.tensor(name);
            double[] b = adapter.tensor(weight + ".lora_b");
            double[] w = base.tensor(weight);
            int rank = (int) adapter.stored(name).extents[0];
            int in = a.length / rank;
            for (int i = 0; i < w.length; i++) {
                for (int r = 0; r < rank; r++) {
                    w[i] += adapter.real("adapter.lora.alpha") / rank * b[i / in * rank + r] * a[r * in + i % in];
                }
            }
        });
    }

    @Test
    void theScaleOfARankStabilisedAdapterIsKept() throws IOException {
        try (Golden golden = Golden.open("tiny-llama");
                LoraAdapter adapter = LoraAdapter.fresh(golden.memory, golden.model.config(), golden.model.weights()::get,
                        new LoraConfig(5, 7, 0, golden.model.config().names().linear(), true, ""), new Random(3))) {
            adapter.tensors().values().forEach(tensor -> tensor.set(1, 0.5));
            GgufReader folded = exported(golden, Tuning.of(adapter), DType.F32);
            GgufReader base = exported(golden, Tuning.NONE, DType.F32);
            GgufAdapter.write(golden.memory, golden.model.config(), adapter, "", DType.F32, folder.resolve("adapter.gguf"));
            applied(base, new GgufReader(folder.resolve("adapter.gguf")));
            folded.tensors.keySet().forEach(name -> assertThat(base.tensor(name)).as(name).containsExactly(folded.tensor(name), within(1e-6)));
        }
    }

    @ParameterizedTest
    @CsvSource({"tiny-qwen2, qwen2", "tiny-qwen2-window, qwen2", "tiny-qwen3, qwen3", "tiny-olmo2, olmo2", "tiny-mistral-window, llama"})
    void otherArchitecturesHaveTheirNamesAndKeys(String name, String architecture) throws IOException {
        try (Golden golden = Golden.open(name)) {
            var config = golden.model.config();
            GgufReader file = exported(golden, Tuning.NONE, DType.F32);
            assertThat(file.keys).containsEntry("general.architecture", architecture).containsEntry("tokenizer.ggml.model", "no_vocab");
            assertThat(file.number(architecture + ".block_count")).isEqualTo(config.layers());
            assertThat(file.number(architecture + ".vocab_size")).isEqualTo(97);
            boolean window = name.endsWith("window");
            assertThat(file.number(architecture + ".context_length")).isEqualTo(window ? name.contains("qwen") ? 6 : 7 : config.maxPositions());
            Dialect dialect = Dialect.of(config);
            golden.model.weights().all().forEach((weight, tensor) -> {
                GgufReader.Stored stored = file.stored(dialect.tensorName(weight));
                assertThat(stored.extents).as(weight).isEqualTo(tensor.shape().toArray());
                if (!dialect.interleaved()) {
                    assertThat(stored.values).as(weight).isEqualTo(tensor.toDoubles());
                }
            });
            assertThat(file.tensors).hasSize(golden.model.weights().all().size() + (name.equals("tiny-olmo2") && config.tiedHead() ? 1 : 0));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-mistral-window", "tiny-qwen3", "tiny-olmo2"})
    void aTiedHeadThatTheAdapterChangedIsWrittenBesideTheEmbedding(String name) throws IOException {
        try (Golden golden = Golden.open(name);
                LoraAdapter adapter = LoraAdapter.fresh(golden.memory, golden.model.config(), golden.model.weights()::get,
                        new LoraConfig(2, 4, 0, List.of("lm_head"), false, ""), new Random(3))) {
            String weight = "base_model.model.lm_head.lora_B.weight";
            adapter.tensor(weight).set(0, 0.5);
            double[] embedding = golden.model.weights().get("model.embed_tokens.weight").toDoubles();
            double[] a = adapter.tensor(weight.replace("_B", "_A")).toDoubles();
            GgufReader file = exported(golden, Tuning.of(adapter), DType.F32);
            assertThat(file.tensor("token_embd.weight")).isEqualTo(embedding);
            assertThat(file.tensor("output.weight")[0]).isCloseTo(embedding[0] + 2 * 0.5 * a[0], within(1e-6)).isNotEqualTo(embedding[0]);

            // Alone it needs a tensor to stand on.
            Path alone = folder.resolve("alone.gguf");
            if (name.equals("tiny-olmo2")) {
                GgufAdapter.write(golden.memory, golden.model.config(), adapter, "", DType.F32, alone);
                assertThat(new GgufReader(alone).tensors).containsKey("output.weight.lora_a");
            } else {
                assertThatThrownBy(() -> GgufAdapter.write(golden.memory, golden.model.config(), adapter, "", DType.F32, alone))
                        .isInstanceOf(ModelException.class).hasMessageContaining("none for lm_head").hasMessageContaining("leave --adapter out");
                assertThat(alone).doesNotExist();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, 0", "F16, 1", "BF16, 32"})
    void matricesHaveTheTypeAskedForAndVectorsFloat32(DType dtype, int fileType) throws IOException {
        try (Golden golden = Golden.open("tiny-llama")) {
            GgufReader file = exported(golden, Tuning.NONE, dtype);
            assertThat(file.number("general.file_type")).isEqualTo(fileType);
            file.tensors.forEach((name, tensor) -> assertThat(tensor.dtype()).as(name).isEqualTo(tensor.extents.length == 1 ? DType.F32 : dtype));
            double[] exact = golden.model.weights().get("model.embed_tokens.weight").toDoubles();
            double[] stored = file.tensor("token_embd.weight");
            for (int i = 0; i < exact.length; i++) {
                assertThat(stored[i]).isEqualTo(switch (dtype) {
                    case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) exact[i]));
                    case BF16 -> DType.fromBf16(DType.toBf16((float) exact[i]));
                    default -> exact[i];
                });
            }
        }
    }

    private void refused(Golden golden, Tuning tuning, DType dtype, boolean tokenizer, String reason) {
        Path file = folder.resolve("refused.gguf");
        assertThatThrownBy(() -> GgufModel.write(golden.memory, golden.model, tuning, "", dtype, tokenizer, file))
                .isInstanceOf(ModelException.class).hasMessageContaining(reason);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void whatLlamaCppWouldDoOtherwiseIsRefusedAndLeavesNoFile() {
        Map.of("rope-dynamic", "the rotary scaling dynamic", "rope-longrope", "longrope", "rope-yarn", "beta_fast 8.0", "tiny-smollm3", "every fourth").forEach((name, reason) -> {
            try (Golden golden = Golden.open(name)) {
                refused(golden, Tuning.NONE, DType.F32, false, reason);
            }
        });
        try (Golden golden = Golden.open("tiny-llama"); var scope = golden.memory.scope()) {
            refused(golden, Tuning.NONE, DType.F32, true, "--no-tokenizer");
            refused(golden, Tuning.NONE, DType.F64, false, "f32, f16 or bf16");
            Tensor large = Tensor.allocate(scope, DType.F32, golden.model.weights().get("lm_head.weight").shape());
            large.set(3, 70_000);
            refused(golden, Tuning.of(Map.of("lm_head.weight", large)), DType.F16, false, "no room");
        }
    }

    @Test
    void byteLevelTokenizersAreKnownByTheirRegularExpression() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.path("tiny-llama").resolve(name), model.resolve(name));
        }
        String start = "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":3,\"content\":\"<|end|>\",\"special\":true,\"single_word\":false,\"lstrip\":false,"
                + "\"rstrip\":false,\"normalized\":false}],\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]},\"pre_tokenizer\":";
        String bytes = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":%s}";
        Files.writeString(model.resolve("tokenizer.json"), start + bytes.formatted("true") + "}");
        Files.writeString(model.resolve("tokenizer_config.json"), "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"no\"},"
                + " {\"name\": \"default\", \"template\": \"{{ messages[0].content }}\"}]}");
        try (Golden golden = Golden.open("tiny-llama");
                ModelFolder opened = ModelFolder.open(golden.memory, golden.kernels, model, StoredType.AUTO)) {
            Path file = folder.resolve("model.gguf");
            GgufModel.write(golden.memory, opened, Tuning.NONE, "", DType.F32, true, file);
            GgufReader read = new GgufReader(file);
            assertThat(read.keys).containsEntry("tokenizer.ggml.model", "gpt2").containsEntry("tokenizer.ggml.pre", "gpt-2")
                    .containsEntry("tokenizer.ggml.merges", List.of("a b")).containsEntry("tokenizer.ggml.add_bos_token", false);
            assertThat(read.keys).containsEntry("tokenizer.chat_template", "{{ messages[0].content }}");
            List<?> tokens = read.list("tokenizer.ggml.tokens");
            assertThat(tokens).hasSize(97).doesNotHaveDuplicates();
            assertThat(tokens.subList(0, 5)).isEqualTo(List.of("a", "b", "ab", "<|end|>", "[PAD4]"));
            assertThat(read.list("tokenizer.ggml.token_type").subList(0, 5)).isEqualTo(List.of(1, 1, 1, 3, 5));
        }
        JsonMapper json = new JsonMapper();
        ObjectNode tokenizer = (ObjectNode) json.readTree(start + bytes.formatted("true") + "}");
        tokenizer.withObject("/model").put("ignore_merges", true);
        assertThatThrownBy(() -> Splitting.of(tokenizer)).hasMessageContaining("ignore_merges").hasMessageContaining("--no-tokenizer");
        tokenizer.set("pre_tokenizer", json.readTree("{\"type\":\"Whitespace\"}"));
        assertThatThrownBy(() -> Splitting.of(tokenizer)).hasMessageContaining("Whitespace");
    }

    @ParameterizedTest
    @CsvSource({"qwen3, qwen2, true", "smollm2, smollm, true", "llama2, default, false"})
    void realTokenizersAreKnown(String name, String pre, boolean byteLevel) {
        Splitting splitting = Splitting.of(io.safeprobe.model.config.ConfigFile.json(Golden.shared("tokenizers/" + name).resolve("tokenizer.json")));
        assertThat(splitting.name()).isEqualTo(pre);
        assertThat(splitting.byteLevel()).isEqualTo(byteLevel);
    }
}
