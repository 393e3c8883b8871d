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

/** Keys and values of tokens already seen, one region of {@code capacity} rows for each sequence, in every layer. */
public final class KvCache {
    private final List<Tensor> keys = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();
    private final int capacity;

    /** A cache for {@code sequences} sequences of at most {@code capacity} tokens. */
    public KvCache(Scope scope, DecoderConfig config, int sequences, int capacity) {
        this.capacity = capacity;
        Shape shape = Shape.of((long) sequences * capacity, (long) config.kvHeads() * config.headSize());
        for (int layer = 0; layer < config.layers(); layer++) {
            keys.add(Tensor.zeros(scope, DType.F32, shape));
            values.add(Tensor.zeros(scope, DType.F32, shape));
        }
    }

    /** The longest sequence that fits. */
    public int capacity() {
        return capacity;
    }

    /** Stores the new rows of a layer behind those of their sequences. */
    void append(Kernels kernels, int layer, PackedTokens tokens, int[] slots, Tensor newKeys, Tensor newValues) {
        for (int i = 0; i < tokens.sequences(); i++) {
            if (tokens.past(i) + tokens.length(i) > capacity) {
                throw new IllegalArgumentException("a sequence of " + (tokens.past(i) + tokens.length(i)) + " tokens does not fit a cache of " + capacity);
            }
            long row = (long) slots[i] * capacity + tokens.past(i);
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
            segments[4 * i + 2] = slots[i] * capacity;
            segments[4 * i + 3] = tokens.past(i) + tokens.length(i);
        }
        return segments;
    }
}
