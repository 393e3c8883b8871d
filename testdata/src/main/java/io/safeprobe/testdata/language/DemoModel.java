package io.safeprobe.testdata.language;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The shape of the demonstration model: a Llama with grouped-query attention and a tied head, as {@code config.json} has it. */
final class DemoModel {

    /** Longest sequence, in tokens. The language's dialogues have some 40. */
    static final int MAX_POSITIONS = 256;

    private DemoModel() {}

    /** The content of {@code config.json}. */
    static Map<String, Object> configuration(WordTokenizer tokenizer) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("architectures", List.of("LlamaForCausalLM"));
        map.put("model_type", "llama");
        map.put("vocab_size", tokenizer.size());
        map.put("hidden_size", 128);
        map.put("intermediate_size", 320);
        map.put("num_hidden_layers", 4);
        map.put("num_attention_heads", 4);
        map.put("num_key_value_heads", 2);
        map.put("head_dim", 32);
        map.put("hidden_act", "silu");
        map.put("max_position_embeddings", MAX_POSITIONS);
        map.put("rms_norm_eps", 1e-5);
        map.put("rope_theta", 10000.0);
        map.put("attention_bias", false);
        map.put("mlp_bias", false);
        map.put("attention_dropout", 0.0);
        map.put("initializer_range", 0.02);
        map.put("tie_word_embeddings", true);
        map.put("use_cache", true);
        map.put("torch_dtype", "float32");
        map.putAll(generation(tokenizer));
        return map;
    }

    /** The content of {@code generation_config.json}. */
    static Map<String, Object> generation(WordTokenizer tokenizer) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("bos_token_id", tokenizer.id(ChatFormat.BEGIN));
        map.put("eos_token_id", tokenizer.id(ChatFormat.END));
        map.put("pad_token_id", tokenizer.id(ChatFormat.PAD));
        return map;
    }
}
