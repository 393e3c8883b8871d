package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.kernel.Curve;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys that most architectures share, with the values that transformers takes where a key is missing.
 *
 * @param kvHeads key and value heads; 0 for as many as query heads
 * @param headSize width of a head; 0 for hidden size by heads
 * @param spelling names of keys that are not the same everywhere
 */
record CommonKeys(int kvHeads, int headSize, double normEpsilon, int positions, double theta, boolean tied, Spelling spelling) {
    /**
     * Names of keys.
     *
     * @param activation the key of the activation
     * @param standard the activation where the key is missing
     * @param dropout keys of dropout probabilities
     */
    record Spelling(String normEpsilon, String activation, String standard, RopeKeys.Spelling rope, List<String> dropout) {
        static final Spelling LLAMA = new Spelling("rms_norm_eps", "hidden_act", "silu", RopeKeys.Spelling.LLAMA, List.of("attention_dropout"));
    }

    /** Llama's names of keys. */
    CommonKeys(int kvHeads, int headSize, double normEpsilon, int positions, double theta, boolean tied) {
        this(kvHeads, headSize, normEpsilon, positions, theta, tied, Spelling.LLAMA);
    }

    DecoderConfig read(String architecture, ConfigKeys keys, Variant variant) {
        int hidden = keys.number("hidden_size");
        int heads = keys.number("num_attention_heads");
        // null means as many as heads; only a missing key takes the default of the class.
        int groups = keys.number("num_key_value_heads", keys.has("num_key_value_heads") || kvHeads == 0 ? heads : kvHeads);
        int size = keys.number("head_dim", headSize == 0 ? hidden / heads : headSize);
        if (heads % groups != 0 || size == 0 || size % 2 != 0) {
            throw new ModelException("config.json: " + heads + " attention heads, " + groups + " key/value heads and head size " + size
                    + " do not fit: key/value heads must divide the heads and the head size must be even");
        }
        int context = keys.number("max_position_embeddings", positions);
        RopeKeys rope = new RopeKeys(keys, spelling.rope(), context, size);
        return new DecoderConfig(
                architecture,
                hidden,
                keys.number("intermediate_size"),
                keys.number("num_hidden_layers"),
                heads,
                groups,
                size,
                rope.width(),
                keys.number("vocab_size"),
                keys.real(spelling.normEpsilon(), normEpsilon),
                rope.theta(theta),
                rope.scaling(),
                activation(keys, spelling.activation(), spelling.standard()),
                variant,
                keys.flag("tie_word_embeddings", tied),
                context,
                ids(keys.get("eos_token_id")),
                keys.dropout(spelling.dropout()));
    }

    static Curve activation(ConfigKeys keys, String key, String fallback) {
        String name = keys.get(key).asText(fallback);
        return switch (name) {
            case "silu", "swish" -> Curve.SILU;
            case "gelu" -> Curve.GELU;
            case "gelu_pytorch_tanh", "gelu_new", "gelu_fast" -> Curve.GELU_TANH;
            default -> throw new ModelException("config.json: " + key + " '" + name + "' is not supported; silu, gelu and gelu_pytorch_tanh are");
        };
    }

    static List<Integer> ids(JsonNode node) {
        List<Integer> ids = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(id -> ids.add(id.asInt()));
        } else if (node.canConvertToInt()) {
            ids.add(node.asInt());
        }
        return List.copyOf(ids);
    }
}
