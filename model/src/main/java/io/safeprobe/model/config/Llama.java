package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.kernel.Curve;
import java.util.ArrayList;
import java.util.List;

/** LlamaForCausalLM: the plain case of the decoder (arXiv 2302.13971; grouped-query attention as in arXiv 2307.09288). */
final class Llama implements Architecture {
    @Override
    public String className() {
        return "LlamaForCausalLM";
    }

    @Override
    public DecoderConfig read(JsonNode config) {
        refuse(config, "attention_bias");
        refuse(config, "mlp_bias");
        int hidden = number(config, "hidden_size");
        int heads = number(config, "num_attention_heads");
        int kvHeads = config.hasNonNull("num_key_value_heads") ? number(config, "num_key_value_heads") : heads;
        int headSize = config.hasNonNull("head_dim") ? number(config, "head_dim") : hidden / heads;
        if (heads % kvHeads != 0 || headSize % 2 != 0) {
            throw new ModelException("config.json: " + heads + " attention heads, " + kvHeads + " key/value heads and head size " + headSize
                    + " do not fit: key/value heads must divide the heads and the head size must be even");
        }
        return new DecoderConfig(
                className(),
                hidden,
                number(config, "intermediate_size"),
                number(config, "num_hidden_layers"),
                heads,
                kvHeads,
                headSize,
                number(config, "vocab_size"),
                config.path("rms_norm_eps").asDouble(1e-6),
                ropeTheta(config),
                activation(config.path("hidden_act").asText("silu")),
                config.path("tie_word_embeddings").asBoolean(false),
                config.path("max_position_embeddings").asInt(2048),
                ids(config.path("eos_token_id")));
    }

    private static void refuse(JsonNode config, String key) {
        if (config.path(key).asBoolean(false)) {
            throw new ModelException("config.json sets " + key + ", which is not supported yet; this model would give wrong results");
        }
    }

    private static int number(JsonNode config, String key) {
        JsonNode value = config.path(key);
        if (!value.canConvertToInt() || value.asInt() <= 0) {
            throw new ModelException("config.json needs a positive whole number for " + key + ", but has " + (value.isMissingNode() ? "none" : value));
        }
        return value.asInt();
    }

    /** transformers 4 writes rope_theta and rope_scaling, transformers 5 one object rope_parameters. */
    private static double ropeTheta(JsonNode config) {
        for (String key : List.of("rope_scaling", "rope_parameters")) {
            JsonNode scaling = config.path(key);
            String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
            if (scaling.isObject() && !type.equals("default")) {
                throw new ModelException("config.json asks for the rotary scaling '" + type + "', which is not supported yet; only 'default' is");
            }
        }
        return config.path("rope_parameters").path("rope_theta").asDouble(config.path("rope_theta").asDouble(10_000));
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
