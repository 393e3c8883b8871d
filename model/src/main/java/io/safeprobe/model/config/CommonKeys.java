package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.kernel.Curve;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys that all architectures share, with the values that transformers takes where a key is missing.
 *
 * @param kvHeads key and value heads; 0 for as many as query heads
 * @param headSize width of a head; 0 for hidden size by heads
 */
record CommonKeys(int kvHeads, int headSize, double normEpsilon, int positions, double theta, boolean tied) {
    DecoderConfig read(String architecture, ConfigKeys keys, Variant variant) {
        keys.only("attention_dropout", 0, "dropping attention weights while training is not supported; set it to 0 to train without");
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
        RopeKeys rope = new RopeKeys(keys, context, size);
        return new DecoderConfig(
                architecture,
                hidden,
                keys.number("intermediate_size"),
                keys.number("num_hidden_layers"),
                heads,
                groups,
                size,
                keys.number("vocab_size"),
                keys.real("rms_norm_eps", normEpsilon),
                rope.theta(theta),
                rope.scaling(),
                activation(keys.get("hidden_act").asText("silu")),
                variant,
                keys.flag("tie_word_embeddings", tied),
                context,
                ids(keys.get("eos_token_id")));
    }

    private static Curve activation(String name) {
        return switch (name) {
            case "silu", "swish" -> Curve.SILU;
            case "gelu" -> Curve.GELU;
            case "gelu_pytorch_tanh", "gelu_new" -> Curve.GELU_TANH;
            default -> throw new ModelException("config.json: hidden_act '" + name + "' is not supported; silu, gelu and gelu_pytorch_tanh are");
        };
    }

    private static List<Integer> ids(JsonNode node) {
        List<Integer> ids = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(id -> ids.add(id.asInt()));
        } else if (node.canConvertToInt()) {
            ids.add(node.asInt());
        }
        return List.copyOf(ids);
    }
}
