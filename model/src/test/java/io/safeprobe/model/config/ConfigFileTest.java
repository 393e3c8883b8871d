package io.safeprobe.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.model.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each architecture reads from config.json, and which keys it refuses by name. */
class ConfigFileTest {
    @TempDir
    Path folder;

    private DecoderConfig read(String architecture, String more) throws IOException {
        Path file = folder.resolve("config.json");
        String sizes = "'hidden_size': 64, 'intermediate_size': 96, 'num_hidden_layers': 4, 'num_attention_heads': 8, 'vocab_size': 100";
        Files.writeString(file, ("{'architectures': ['" + architecture + "'], " + sizes + more + "}").replace('\'', '"'));
        return ConfigFile.decoder(file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokenizers/smollm2/config.json", "models/stories260K/config.json"})
    void realConfigurationsAreRead(String file) {
        assertThat(ConfigFile.decoder(Golden.shared(file)).architecture()).isEqualTo("LlamaForCausalLM");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "LlamaForCausalLM | , 'clip_qkv': 8.0 | sets clip_qkv = 8.0, which is not supported for LlamaForCausalLM",
        "LlamaForCausalLM | , 'sliding_window': 4096 | sliding_window = 4096",
        "LlamaForCausalLM | , 'rope_interleaved': true | rope_interleaved = true",
        "LlamaForCausalLM | , 'attention_dropout': 1.5 | a probability from 0 to below 1 for attention_dropout, but has 1.5",
        "LlamaForCausalLM | , 'quantization_config': {'bits': 4} | quantised weights are not supported",
        "MistralForCausalLM | , 'num_key_value_heads': 8, 'attention_bias': true | attention_bias = true",
        "MistralForCausalLM | , 'num_key_value_heads': 8, 'layer_types': ['full_attention'] | layer_types",
        "MistralForCausalLM | , 'num_key_value_heads': 8, 'sliding_window': -1 | positive whole number for sliding_window, but has -1",
        "Qwen2ForCausalLM | , 'num_key_value_heads': 8, 'layer_types': ['sliding_attention', 'full_attention', 'full_attention', 'full_attention'] | do not fit",
        "Qwen2ForCausalLM | , 'num_key_value_heads': 8, 'layer_types': ['full_attention'] | do not fit",
        "Qwen2ForCausalLM | , 'num_key_value_heads': 8, 'use_mrope': true | use_mrope = true",
        "Qwen3ForCausalLM | , 'num_key_value_heads': 8, 'num_experts': 4 | num_experts = 4",
        "Olmo2ForCausalLM | , 'clip_qkv': 8.0 | clip_qkv = 8.0",
        "SmolLM3ForCausalLM | , 'use_sliding_window': true | use_sliding_window",
        "SmolLM3ForCausalLM | , 'no_rope_layers': [1, 0] | less than 4 entries",
        "Qwen3ForCausalLM | , 'num_key_value_heads': 8, 'tie_word_embeddings': 'yes' | true or false for tie_word_embeddings",
    })
    void whatMayChangeResultsIsRefusedByName(String architecture, String more, String reason) {
        assertThatThrownBy(() -> read(architecture, more)).isInstanceOf(ModelException.class).hasMessageContaining(reason);
    }

    @Test
    void whatIsSetToNothingIsNoObstacle() throws IOException {
        DecoderConfig config = read("LlamaForCausalLM", ", 'sliding_window': null, 'rope_interleaved': false, 'layer_types': [], 'task_specific_params': {}, 'note': ''");
        assertThat(config.kvHeads()).isEqualTo(8);
    }

    @Test
    void whatChangesNothingIsNoObstacle() throws IOException {
        DecoderConfig config = read("LlamaForCausalLM", ", 'pretraining_tp': 2, '_attn_implementation_autoset': true, 'transformers.js_config': {'dtype': 'q4'}, "
                + "'auto_map': {'AutoModel': 'x.Y'}, 'original_max_position_embeddings': 4096, 'attention_dropout': 0");
        assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.None());
    }

    @Test
    void missingKeysTakeTheValuesOfTheirClass() throws IOException {
        assertThat(read("LlamaForCausalLM", "").maxPositions()).isEqualTo(2048);
        DecoderConfig mistral = read("MistralForCausalLM", "");
        assertThat(mistral.variant().windows()).isEqualTo(List.of(4096, 4096, 4096, 4096));
        assertThat(read("MistralForCausalLM", ", 'sliding_window': null").variant().window(0)).isZero();
        DecoderConfig qwen3 = read("Qwen3ForCausalLM", ", 'num_key_value_heads': 2");
        assertThat(qwen3.headSize()).isEqualTo(128);
        assertThat(qwen3.weightShapes().get("model.layers.3.self_attn.k_norm.weight")).containsExactly(128);
        assertThat(qwen3.weightShapes().get("model.layers.0.self_attn.q_proj.weight")).containsExactly(1024, 64);
    }

    @Test
    void layersWithoutRotationOfSmolLm3() throws IOException {
        assertThat(read("SmolLM3ForCausalLM", "").variant().unrotated()).containsExactly(3);
        assertThat(read("SmolLM3ForCausalLM", ", 'no_rope_layers': [0, 1, 1, 0]").variant().unrotated()).containsExactly(0, 3);
        assertThat(read("SmolLM3ForCausalLM", "").tiedHead()).isTrue();
    }

    @Test
    void slidingLayersOfQwen() throws IOException {
        String kv = ", 'num_key_value_heads': 8";
        assertThat(read("Qwen2ForCausalLM", kv + ", 'sliding_window': 512, 'max_window_layers': 2").variant().windows()).containsOnly(0);
        assertThat(read("Qwen2ForCausalLM", kv + ", 'use_sliding_window': true, 'sliding_window': 512, 'max_window_layers': 3").variant().windows())
                .containsExactly(0, 0, 0, 512);
        assertThat(read("Qwen3ForCausalLM", kv + ", 'use_sliding_window': true, 'sliding_window': 512, 'max_window_layers': 4, "
                + "'layer_types': ['full_attention', 'sliding_attention', 'full_attention', 'full_attention']").variant().windows()).containsExactly(0, 512, 0, 0);
    }
}
