package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * Gemma3ForCausalLM: Gemma 2 with normalised queries and keys in place of caps, and another rotary base in layers with a sliding window (arXiv 2503.19786).
 */
final class Gemma3 implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(4, 256, 1e-6, 131_072, 1_000_000, true, Gemma.spelling("full_attention"));

    @Override
    public String className() {
        return "Gemma3ForCausalLM";
    }

    /** The name without Text is that of a model which also sees images. */
    @Override
    public String classifierName() {
        return "Gemma3TextForSequenceClassification";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        Variant variant = Gemma.variant(keys, keys.number("sliding_window_pattern", 6)).withQueryKeyNorm(Variant.QueryKeyNorm.HEAD);
        keys.ignore("_sliding_window_pattern");
        // transformers knows attn_logit_softcapping here and leaves it out of its computation, so it is refused where it is set.
        Variant.Scales scales = Gemma.scales(keys, 0, Gemma.cap(keys, "final_logit_softcapping", 0));
        return COMMON.read(className(), keys, variant.withScales(scales).withWindowTheta(windowTheta(keys)));
    }

    private static double windowTheta(ConfigKeys keys) {
        JsonNode rope = keys.get("rope_parameters").path("sliding_attention");
        String type = rope.path("rope_type").asText("default");
        List<String> known = List.of("rope_type", "rope_theta");
        if (!type.equals("default") || rope.properties().stream().anyMatch(item -> !known.contains(item.getKey()) && !item.getValue().isNull())) {
            throw new ModelException("config.json: rope_parameters.sliding_attention " + rope + " is not supported; a default rope_type with a rope_theta is");
        }
        double theta = rope.path("rope_theta").asDouble(keys.real("rope_local_base_freq", 10_000));
        if (!(theta > 1)) {
            throw new ModelException("config.json needs a rotary base above 1 for layers with a sliding window, but has " + theta);
        }
        return theta;
    }
}
