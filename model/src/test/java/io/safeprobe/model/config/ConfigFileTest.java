package io.safeprobe.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.model.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each architecture reads from config.json, and which keys it refuses by name. */
class ConfigFileTest {
    @TempDir
    Path folder;

    private DecoderConfig read(String architecture, @Nullable String more) throws IOException {
        String sizes = architecture.startsWith("GPT2") ? ""
                : ", 'hidden_size': 64, 'intermediate_size': 96, 'num_hidden_layers': 4, 'num_attention_heads': 8, 'vocab_size': 100";
        return parse("{'architectures': ['" + architecture + "']" + sizes + (more == null ? "" : more) + "}");
    }

    private DecoderConfig parse(String json) throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, json.replace('\'', '"'));
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
        "LlamaForCausalLM | , 'partial_rotary_factor': 0.5 | rotating only a part of each head is not supported for this architecture",
        "Phi3ForCausalLM | , 'partial_rotary_factor': 0.4 | 0.4 of a head of 8 columns are 3 to be rotated; they must be an even number",
        "Phi3ForCausalLM | , 'full_attn_mod': 2 | sets full_attn_mod to 2, which is not supported; 1",
        "Phi3ForCausalLM | , 'mlp_bias': true | mlp_bias = true",
        "Phi3ForCausalLM | , 'rope_scaling': {'type': 'su', 'short_factor': [1.0], 'long_factor': [1.0]} | must be 4 positive numbers",
        "GPTNeoXForCausalLM | , 'rotary_pct': 1.5 | they must be an even number, above 0 and at most 8",
        "GPTNeoXForCausalLM | , 'hidden_act': 'relu' | hidden_act 'relu' is not supported",
        "GPTNeoXForCausalLM | , 'rope_theta': 5000 | rope_theta = 5000",
        "GPT2LMHeadModel | , 'n_head': 7 | n_embd 768 and n_head 7 do not fit",
        "GPT2LMHeadModel | , 'scale_attn_by_inverse_layer_idx': true | scale_attn_by_inverse_layer_idx = true",
        "GPT2LMHeadModel | , 'add_cross_attention': true | add_cross_attention = true",
        "Gemma3ForCausalLM | , 'use_bidirectional_attention': true | use_bidirectional_attention = true",
        "Gemma3ForCausalLM | , 'attn_logit_softcapping': 50.0 | attn_logit_softcapping = 50.0",
        "Gemma3ForCausalLM | , 'layer_types': ['full_attention'] | do not fit: each of the 4 layers",
        "Gemma3ForCausalLM | , 'sliding_window': null | do not fit: each of the 4 layers",
        "Gemma3ForCausalLM | , 'rope_parameters': {'rope_theta': 5} | needs an object full_attention within rope_parameters",
        "Gemma3ForCausalLM | , 'rope_parameters': {'full_attention': {}, 'sliding_attention': {'rope_type': 'linear'}} | rope_parameters.sliding_attention",
        "Gemma3ForCausalLM | , 'rope_local_base_freq': 0 | a rotary base above 1 for layers with a sliding window, but has 0.0",
        "Gemma2ForCausalLM | , 'final_logit_softcapping': 0 | a number above 0, or null, for final_logit_softcapping, but has 0",
        "Gemma2ForCausalLM | , 'rope_local_base_freq': 10000 | rope_local_base_freq = 10000",
        "Gemma3ForConditionalGeneration | | architecture 'Gemma3ForConditionalGeneration' is not supported",
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
    void whatMayChangeResultsIsRefusedByName(String architecture, @Nullable String more, String reason) {
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

    @Test
    void dropoutIsReadAndNotApplied() throws IOException {
        DecoderConfig gpt2 = read("GPT2LMHeadModel", ", 'attn_pdrop': 0.1, 'resid_pdrop': 0.0, 'embd_pdrop': 0.2");
        assertThat(gpt2.dropout()).isEqualTo(Map.of("attn_pdrop", 0.1, "embd_pdrop", 0.2));
        assertThat(read("LlamaForCausalLM", ", 'attention_dropout': 0.1").dropout()).isEqualTo(Map.of("attention_dropout", 0.1));
        assertThat(read("LlamaForCausalLM", ", 'attention_dropout': 0").dropout()).isEmpty();
    }

    /** config.json of openai-community/gpt2. */
    @Test
    void gpt2() throws IOException {
        DecoderConfig gpt2 = parse("""
                {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 50256, "embd_pdrop": 0.1,
                 "eos_token_id": 50256, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768,
                 "n_head": 12,
                 "n_layer": 12, "n_positions": 1024, "resid_pdrop": 0.1, "summary_activation": null, "summary_first_dropout": 0.1,
                 "summary_proj_to_labels": true,
                 "summary_type": "cls_index", "summary_use_proj": true, "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}},
                 "vocab_size": 50257}""");
        assertThat(parameters(gpt2)).isEqualTo(124_439_808L);
        assertThat(gpt2.weightShapes().get("transformer.h.11.attn.c_attn.weight")).containsExactly(768, 2304);
        assertThat(gpt2.dropout()).containsOnlyKeys("attn_pdrop", "resid_pdrop", "embd_pdrop");
        assertThat(gpt2.names().linear()).containsExactly("c_attn", "c_proj", "c_fc");
        assertThat(gpt2.names().defaultTargets()).containsExactly("c_attn");
        // What the one of gpt2-xl has besides.
        assertThat(read("GPT2LMHeadModel", ", 'n_special': 0, 'predict_special_tokens': true, 'output_past': true").layers()).isEqualTo(12);
        assertThat(read("GPT2LMHeadModel", ", 'scale_attn_weights': false").attentionScale()).isEqualTo(1);
    }

    /** config.json of EleutherAI/pythia-70m. */
    @Test
    void pythia() throws IOException {
        DecoderConfig pythia = parse("""
                {"architectures": ["GPTNeoXForCausalLM"], "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu", "hidden_size": 512,
                 "initializer_range": 0.02,
                 "intermediate_size": 2048, "layer_norm_eps": 1e-05, "max_position_embeddings": 2048, "model_type": "gpt_neox", "num_attention_heads": 8,
                 "num_hidden_layers": 6, "rotary_emb_base": 10000, "rotary_pct": 0.25, "tie_word_embeddings": false, "torch_dtype": "float16",
                 "transformers_version": "4.24.0", "use_cache": true, "use_parallel_residual": true, "vocab_size": 50304}""");
        assertThat(parameters(pythia)).isEqualTo(70_426_624L);
        assertThat(pythia.rotary()).isEqualTo(16);
        assertThat(pythia.variant().parallel()).isTrue();
        assertThat(read("GPTNeoXForCausalLM", "").rotary()).isEqualTo(2);
        // What the one of gpt-neox-20b has besides.
        String more = ", 'hidden_act': 'gelu_fast', 'attention_probs_dropout_prob': 0, 'hidden_dropout_prob': 0";
        assertThat(read("GPTNeoXForCausalLM", more).activation()).isEqualTo(Curve.GELU_TANH);
    }

    /** config.json of microsoft/Phi-3-mini-4k-instruct, and what the one of 128k has in its place. */
    @Test
    void phi3() throws IOException {
        String mini = """
                {"_name_or_path": "Phi-3-mini-4k-instruct", "architectures": ["Phi3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
                 "auto_map": {"AutoConfig": "configuration_phi3.Phi3Config"}, "bos_token_id": 1, "embd_pdrop": 0.0, "eos_token_id": 32000, "hidden_act": "silu",
                 "hidden_size": 3072, "initializer_range": 0.02, "intermediate_size": 8192, "max_position_embeddings": 4096, "model_type": "phi3",
                 "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "original_max_position_embeddings": 4096, "pad_token_id": 32000,
                 "resid_pdrop": 0.0, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "sliding_window": 2047, "tie_word_embeddings": false,
                 "torch_dtype": "bfloat16", "transformers_version": "4.40.2", "use_cache": true, "vocab_size": 32064}""";
        DecoderConfig phi3 = parse(mini);
        assertThat(parameters(phi3)).isEqualTo(3_821_079_552L);
        assertThat(phi3.variant().window(31)).isEqualTo(2047);
        assertThat(phi3.names().defaultTargets()).containsExactly("qkv_proj");
        String factors = Collections.nCopies(48, "1.5").toString();
        String scaling = "\"rope_scaling\": {\"type\": \"%s\", \"short_factor\": " + factors + ", \"long_factor\": " + factors + "}";
        DecoderConfig longer = parse(mini.replace("\"rope_scaling\": null", scaling.formatted("su"))
                .replace(" \"max_position_embeddings\": 4096", " \"max_position_embeddings\": 131072").replace("2047", "262144"));
        assertThat(longer.ropeScaling()).isInstanceOfSatisfying(RopeScaling.LongRope.class, rope -> {
            assertThat(rope.original()).isEqualTo(4096);
            assertThat(rope.attentionFactor()).isCloseTo(1.190238, within(1e-6));
        });
        // Without the key the context of training is that of the class.
        DecoderConfig without = parse(mini.replace("\"original_max_position_embeddings\": 4096, ", "")
                .replace("\"rope_scaling\": null", scaling.formatted("longrope"))
                .replace("\"max_position_embeddings\": 4096", "\"max_position_embeddings\": 131072"));
        assertThat(without.ropeScaling()).isEqualTo(longer.ropeScaling());
    }

    /** config.json of google/gemma-3-1b-it, and the newer spelling of google/gemma-3-270m. */
    @Test
    void gemma3() throws IOException {
        String start = """
                {"architectures": ["Gemma3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": null, "bos_token_id": 2,
                 "eos_token_id": [1, 106], "final_logit_softcapping": null, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh",
                 "initializer_range": 0.02,
                 "max_position_embeddings": 32768, "model_type": "gemma3_text", "num_attention_heads": 4, "num_key_value_heads": 1, "pad_token_id": 0,
                 "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_local_base_freq": 10000, "rope_scaling": null, "rope_theta": 1000000,
                 "sliding_window": 512,
                 "torch_dtype": "bfloat16", "use_cache": true, "vocab_size": 262144,""";
        DecoderConfig one = parse(start + """
                "cache_implementation": "hybrid", "hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 26, "sliding_window_pattern": 6}""");
        assertThat(parameters(one)).isEqualTo(999_885_952L);
        assertThat(one.variant().windows().stream().filter(window -> window == 0)).hasSize(4);
        assertThat(one.variant().window(5)).isZero();
        assertThat(one.localRotation(4)).isTrue();
        assertThat(one.localRotation(5)).isFalse();
        assertThat(one.variant().windowTheta()).isEqualTo(10_000);
        assertThat(one.ropeTheta()).isEqualTo(1_000_000);
        assertThat(one.attentionScale()).isEqualTo(1.0 / 16);
        String types = Collections.nCopies(3, "\"sliding_attention\", ".repeat(5) + "\"full_attention\"").toString();
        DecoderConfig small = parse(start + """
                "_sliding_window_pattern": 6, "use_bidirectional_attention": false, "hidden_size": 640, "intermediate_size": 2048, "num_hidden_layers": 18,
                "layer_types":""" + types + "}");
        assertThat(parameters(small)).isEqualTo(268_098_176L);
        assertThat(small.variant().windows().stream().filter(window -> window == 0)).hasSize(3);
    }

    /** config.json of google/gemma-2-2b. */
    @Test
    void gemma2() throws IOException {
        String file = """
                {"architectures": ["Gemma2ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": 50.0, "bos_token_id": 2,
                 "cache_implementation": "hybrid", "eos_token_id": 1, "final_logit_softcapping": 30.0, "head_dim": 256, "hidden_act": "gelu_pytorch_tanh",
                 "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 2304, "initializer_range": 0.02, "intermediate_size": 9216,
                 "max_position_embeddings": 8192, "model_type": "gemma2", "num_attention_heads": 8, "num_hidden_layers": 26, "num_key_value_heads": 4,
                 "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "sliding_window": 4096,
                 "torch_dtype": "float32",
                 "transformers_version": "4.42.4", "use_cache": true, "vocab_size": 256000}""";
        DecoderConfig gemma2 = parse(file);
        assertThat(parameters(gemma2)).isEqualTo(2_614_341_888L);
        assertThat(gemma2.variant().windows().subList(0, 4)).containsExactly(4096, 0, 4096, 0);
        assertThat(gemma2.variant().scales()).isEqualTo(new Variant.Scales(48, 1.0 / 16, 50, 30));
        assertThat(parse(file.replace("\"attn_logit_softcapping\": 50.0", "\"attn_logit_softcapping\": null")).variant().scales().attentionCap()).isZero();
        assertThat(read("Gemma2ForCausalLM", "").variant().scales()).isEqualTo(new Variant.Scales(8, 1.0 / 16, 50, 30));
    }

    private static long parameters(DecoderConfig config) {
        return config.weightShapes().values().stream().mapToLong(extents -> Arrays.stream(extents).reduce(1, Math::multiplyExact)).sum();
    }
}
