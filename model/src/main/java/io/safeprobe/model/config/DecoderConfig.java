package io.safeprobe.model.config;

import io.safeprobe.engine.kernel.Curve;
import java.util.List;
import java.util.Map;
import java.util.LinkedHashMap;

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
 * @param vocabulary number of token ids
 * @param normEpsilon added to the mean square in RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling what becomes of them in long contexts
 * @param activation gate of the feed-forward layer
 * @param variant what sets the layers apart from Llama's
 * @param tiedHead whether the output projection is the embedding
 * @param maxPositions the context length the model was made for
 * @param endIds end-of-sequence ids of config.json
 */
public record DecoderConfig(
        String architecture,
        int hidden,
        int ffn,
        int layers,
        int heads,
        int kvHeads,
        int headSize,
        int vocabulary,
        double normEpsilon,
        double ropeTheta,
        RopeScaling ropeScaling,
        Curve activation,
        Variant variant,
        boolean tiedHead,
        int maxPositions,
        List<Integer> endIds) {

    /** Names and shapes of the weights of a folder with this configuration, without the prefix-less head when it is tied. */
    public Map<String, long[]> weightShapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        long queries = (long) heads * headSize;
        long keys = (long) kvHeads * headSize;
        shapes.put(WeightNames.EMBEDDING, new long[] {vocabulary, hidden});
        for (int layer = 0; layer < layers; layer++) {
            if (!variant.normsAfter()) {
                shapes.put(WeightNames.attentionNorm(layer), new long[] {hidden});
            }
            linear(shapes, WeightNames.query(layer), queries, hidden, variant.qkvBias());
            linear(shapes, WeightNames.key(layer), keys, hidden, variant.qkvBias());
            linear(shapes, WeightNames.value(layer), keys, hidden, variant.qkvBias());
            if (variant.queryKeyNorm() != Variant.QueryKeyNorm.NONE) {
                boolean each = variant.queryKeyNorm() == Variant.QueryKeyNorm.HEAD;
                shapes.put(WeightNames.queryNorm(layer), new long[] {each ? headSize : queries});
                shapes.put(WeightNames.keyNorm(layer), new long[] {each ? headSize : keys});
            }
            linear(shapes, WeightNames.output(layer), hidden, queries, variant.outputBias());
            shapes.put(WeightNames.secondNorm(layer), new long[] {hidden});
            linear(shapes, WeightNames.gate(layer), ffn, hidden, variant.ffnBias());
            linear(shapes, WeightNames.up(layer), ffn, hidden, variant.ffnBias());
            linear(shapes, WeightNames.down(layer), hidden, ffn, variant.ffnBias());
            if (variant.normsAfter()) {
                shapes.put(WeightNames.afterFfnNorm(layer), new long[] {hidden});
            }
        }
        shapes.put(WeightNames.NORM, new long[] {hidden});
        if (!tiedHead) {
            shapes.put(WeightNames.HEAD, new long[] {vocabulary, hidden});
        }
        return shapes;
    }

    private static void linear(Map<String, long[]> shapes, String module, long out, long in, boolean bias) {
        shapes.put(WeightNames.weight(module), new long[] {out, in});
        if (bias) {
            shapes.put(WeightNames.bias(module), new long[] {out});
        }
    }
}
