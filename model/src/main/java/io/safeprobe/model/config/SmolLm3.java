package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** SmolLM3ForCausalLM: Llama without rotary embedding in every fourth layer (NoPE, arXiv 2501.18795). */
final class SmolLm3 implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(4, 0, 1e-6, 32_768, 2_000_000, true);

    @Override
    public String className() {
        return "SmolLM3ForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        if (keys.flag("use_sliding_window", false)) {
            throw new ModelException("config.json sets use_sliding_window, which is not supported for " + className());
        }
        boolean attention = keys.flag("attention_bias", false);
        Variant variant = Variant.PLAIN.withBias(attention, attention, keys.flag("mlp_bias", false)).withWindows(SlidingLayers.read(keys));
        return COMMON.read(className(), keys, variant.withUnrotated(unrotated(keys)));
    }

    /** {@code no_rope_layers} has a 1 for every layer that is rotated; without it each {@code no_rope_layer_interval}-th is not. */
    private static List<Integer> unrotated(ConfigKeys keys) {
        int layers = keys.number("num_hidden_layers");
        int interval = keys.number("no_rope_layer_interval", 4);
        JsonNode rotated = keys.get("no_rope_layers");
        if (rotated.isArray() && rotated.size() < layers) {
            throw new ModelException("config.json: no_rope_layers " + rotated + " has less than " + layers + " entries, one for each layer");
        }
        List<Integer> unrotated = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            if (rotated.isArray() ? rotated.get(layer).asInt() == 0 : (layer + 1) % interval == 0) {
                unrotated.add(layer);
            }
        }
        return unrotated;
    }
}
