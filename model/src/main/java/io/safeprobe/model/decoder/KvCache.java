package io.safeprobe.model.decoder;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import java.util.ArrayList;
import java.util.List;

/** Keys and values of tokens already seen, one region of rows for each sequence, as long as that sequence may become, in every layer. */
public final class KvCache {
    private final List<Tensor> keys = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private final int[] starts;

    /** A cache for sequences of at most {@code capacities[i]} tokens. */
    public KvCache(Scope scope, DecoderConfig config, int[] capacities) {
        starts = new int[capacities.length + 1];
        for (int i = 0; i < capacities.length; i++) {
            starts[i + 1] = Math.addExact(starts[i], capacities[i]);
        }
        Shape shape = Shape.of(starts[capacities.length], (long) config.kvHeads() * config.headSize());
        for (int layer = 0; layer < config.layers(); layer++) {
            keys.add(Tensor.zeros(scope, DType.F32, shape));
            values.add(Tensor.zeros(scope, DType.F32, shape));
        }
    }

    /** The most tokens of the sequence in {@code slot}. */
    private int capacity(int slot) {
        return starts[slot + 1] - starts[slot];
    }

    /** Stores the new rows of a layer behind those of their sequences. */
    void append(Kernels kernels, int layer, PackedTokens tokens, int[] slots, Tensor newKeys, Tensor newValues) {
        for (int i = 0; i < tokens.sequences(); i++) {
            if (tokens.past(i) + tokens.length(i) > capacity(slots[i])) {
                throw new IllegalArgumentException("a sequence of " + (tokens.past(i) + tokens.length(i)) + " tokens does not fit a cache of " + capacity(slots[i]));
            }
            long row = (long) starts[slots[i]] + tokens.past(i);
            kernels.apply(new Update.Copy(), keys.get(layer).rows(row, tokens.length(i)), newKeys.rows(tokens.start(i), tokens.length(i)));
            kernels.apply(new Update.Copy(), values.get(layer).rows(row, tokens.length(i)), newValues.rows(tokens.start(i), tokens.length(i)));
        }
    }

    Tensor keys(int layer) {
        return keys.get(layer);
    }

    Tensor values(int layer) {
        return values.get(layer);
    }

    /** Attention segments {@code [sequences, 4]} over the regions of this cache. */
    int[] segments(PackedTokens tokens, int[] slots) {
        int[] segments = new int[4 * tokens.sequences()];
        for (int i = 0; i < tokens.sequences(); i++) {
            segments[4 * i] = tokens.start(i);
            segments[4 * i + 1] = tokens.length(i);
            segments[4 * i + 2] = starts[slots[i]];
            segments[4 * i + 3] = tokens.past(i) + tokens.length(i);
        }
        return segments;
    }
}
