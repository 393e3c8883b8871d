package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What Gemma 2 and Gemma 3 share: norms on both sides, times one plus the weight, scaled embeddings, and windows in most layers (arXiv 2408.00118). */
final class Gemma {
    private static final WeightNames NAMES = WeightNames.LLAMA.withNorms(
            "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm");

    private Gemma() {}

    static CommonKeys.Spelling spelling(String rope) {
        return new CommonKeys.Spelling("rms_norm_eps", "hidden_activation", "gelu_pytorch_tanh",
                new RopeKeys.Spelling("rope_theta", "partial_rotary_factor", 1, false, 0, "", rope), List.of("attention_dropout"));
    }

    /**
     * The common part of a variant.
     *
     * @param pattern where layer_types are missing, each layer but every so many-th has a window
     */
    static Variant variant(ConfigKeys keys, int pattern) {
        // hidden_activation counts, whatever is said here; cache_implementation is how transformers keeps keys and values.
        keys.ignore("hidden_act", "cache_implementation");
        boolean bias = keys.flag("attention_bias", false);
        return Variant.PLAIN.withNames(NAMES).withNorm(Variant.Norm.RMS_PLUS_ONE).withBias(bias, bias, false).withWindows(windows(keys, pattern));
    }

    static Variant.Scales scales(ConfigKeys keys, double attentionCap, double logitCap) {
        return new Variant.Scales(Math.sqrt(keys.number("hidden_size")), 1 / Math.sqrt(keys.number("query_pre_attn_scalar", 256)), attentionCap, logitCap);
    }

    /** A cap; null is none, that is 0. */
    static double cap(ConfigKeys keys, String key, double missing) {
        double cap = keys.real(key, keys.has(key) ? 0 : missing);
        if (cap < 0 || (cap == 0 && keys.isSet(key))) {
            throw new ModelException("config.json needs a number above 0, or null, for " + key + ", but has " + keys.get(key));
        }
        return cap;
    }

    private static List<Integer> windows(ConfigKeys keys, int pattern) {
        int layers = keys.number("num_hidden_layers");
        int window = keys.number("sliding_window", keys.has("sliding_window") ? 0 : 4096);
        JsonNode types = keys.get("layer_types");
        List<Integer> windows = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            boolean listed = types.isArray() && !types.isEmpty();
            String type = listed ? types.path(layer).asText("") : (layer + 1) % pattern == 0 ? "full_attention" : "sliding_attention";
            boolean slides = type.equals("sliding_attention");
            if ((slides ? window == 0 : !type.equals("full_attention")) || (listed && types.size() != layers)) {
                throw new ModelException("config.json: layer_types " + types + " and sliding_window " + window + " do not fit: each of the " + layers
                        + " layers must be full_attention, or sliding_attention where there is a sliding_window");
            }
            windows.add(slides ? window : 0);
        }
        return windows;
    }
}
