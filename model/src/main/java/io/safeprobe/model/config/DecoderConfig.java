package io.safeprobe.model.config;

import io.safeprobe.engine.kernel.Curve;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything the decoder needs to know about a model, whatever its architecture.
 *
 * @param architecture the class name of config.json, such as LlamaForCausalLM
 * @param hidden width of the hidden states
 * @param ffn width of the feed-forward layer
 * @param layers number of decoder layers
 * @param heads query heads
 * @param kvHeads key and value heads, a divisor of {@code heads}
 * @param headSize width of one head, even
 * @param rotary columns of a head that are rotated, even, the first ones; 0 for none
 * @param vocabulary number of token ids
 * @param normEpsilon added to the mean square in RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling what becomes of them in long contexts
 * @param activation of the feed-forward layer, on its gate where it has one
 * @param variant what sets the layers apart from Llama's
 * @param tiedHead whether the output projection is the embedding
 * @param maxPositions the context length the model was made for
 * @param endIds end-of-sequence ids of config.json
 * @param dropout keys of config.json that ask for dropout in training, each with its probability; it is not applied
 */
public record DecoderConfig(
        String architecture,
        int hidden,
        int ffn,
        int layers,
        int heads,
        int kvHeads,
        int headSize,
        int rotary,
        int vocabulary,
        double normEpsilon,
        double ropeTheta,
        RopeScaling ropeScaling,
        Curve activation,
        Variant variant,
        boolean tiedHead,
        int maxPositions,
        List<Integer> endIds,
        Map<String, Double> dropout) {
    /** Copies the collections. */
    public DecoderConfig {
        endIds = List.copyOf(endIds);
        dropout = Collections.unmodifiableMap(new LinkedHashMap<>(dropout));
    }

    /** How the weights are called. */
    public WeightNames names() {
        return variant.names();
    }

    /** Names and shapes of the weights of a folder with this configuration, without the prefix-less head when it is tied. */
    public Map<String, long[]> weightShapes() {
        return new WeightShapes(this).all();
    }

    /** Whether queries and keys of a layer are rotated. */
    public boolean rotated(int layer) {
        return rotary > 0 && !variant.unrotated().contains(layer);
    }

    /** Whether a layer rotates with a base of its own, unscaled, because it has a window. */
    public boolean localRotation(int layer) {
        return variant.windowTheta() > 0 && variant.window(layer) > 0;
    }

    /** The factor on attention scores. */
    public double attentionScale() {
        return variant.scales().attention() == 0 ? 1 / Math.sqrt(headSize) : variant.scales().attention();
    }
}
