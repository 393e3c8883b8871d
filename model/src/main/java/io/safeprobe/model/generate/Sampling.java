package io.safeprobe.model.generate;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How the next token is chosen, in the terms of transformers: greedy at temperature 0, else sampled after temperature, top-k and
 * top-p, in that order.
 *
 * @param topK candidates kept; 0 keeps all
 * @param topP smallest probability mass kept; 1 keeps all
 */
public record Sampling(double temperature, int topK, double topP) {
    /** Always the likeliest token. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1);

    /** Checks the numbers. */
    public Sampling {
        if (!(temperature >= 0) || topK < 0 || !(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("sampling needs temperature >= 0, top-k >= 0 and 0 < top-p <= 1, not " + temperature + ", " + topK + ", " + topP);
        }
    }

    /** What generation_config.json asks for; greedy where it does not sample. */
    public static Sampling of(JsonNode config) {
        return config.path("do_sample").asBoolean(false)
                ? new Sampling(config.path("temperature").asDouble(1), config.path("top_k").asInt(50), config.path("top_p").asDouble(1))
                : GREEDY;
    }
}
