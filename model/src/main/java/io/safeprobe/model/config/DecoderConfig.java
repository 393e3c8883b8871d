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
 * @param activation gate of the feed-forward layer
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
        Curve activation,
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
            shapes.put(WeightNames.attentionNorm(layer), new long[] {hidden});
            shapes.put(WeightNames.weight(WeightNames.query(layer)), new long[] {queries, hidden});
            shapes.put(WeightNames.weight(WeightNames.key(layer)), new long[] {keys, hidden});
            shapes.put(WeightNames.weight(WeightNames.value(layer)), new long[] {keys, hidden});
            shapes.put(WeightNames.weight(WeightNames.output(layer)), new long[] {hidden, queries});
            shapes.put(WeightNames.ffnNorm(layer), new long[] {hidden});
            shapes.put(WeightNames.weight(WeightNames.gate(layer)), new long[] {ffn, hidden});
            shapes.put(WeightNames.weight(WeightNames.up(layer)), new long[] {ffn, hidden});
            shapes.put(WeightNames.weight(WeightNames.down(layer)), new long[] {hidden, ffn});
        }
        shapes.put(WeightNames.NORM, new long[] {hidden});
        if (!tiedHead) {
            shapes.put(WeightNames.HEAD, new long[] {vocabulary, hidden});
        }
        return shapes;
    }
}
