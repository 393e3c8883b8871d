package io.safeprobe.model.config;

import java.util.Collections;
import java.util.List;

/**
 * What sets the layers of an architecture apart from plain Llama's.
 *
 * @param qkvBias whether the query, key and value projections have a bias
 * @param outputBias whether the attention output projection has one
 * @param ffnBias whether the three feed-forward projections have one
 * @param queryKeyNorm what queries and keys are normalised over before rotation
 * @param normsAfter whether the norms stand behind attention and feed-forward, before the sum, and not in front of them
 * @param windows most keys that a query of each layer sees, itself included, 0 for all; empty for all everywhere
 * @param unrotated layers without rotary embedding
 */
public record Variant(
        boolean qkvBias, boolean outputBias, boolean ffnBias, QueryKeyNorm queryKeyNorm, boolean normsAfter, List<Integer> windows, List<Integer> unrotated) {
    /** RMSNorm of queries and keys. */
    public enum QueryKeyNorm {
        /** There is none. */
        NONE,
        /** Over each head, weight {@code [head]}. */
        HEAD,
        /** Over all heads together, weights {@code [heads * head]} and {@code [kvHeads * head]}. */
        ALL
    }

    /** Llama. */
    static final Variant PLAIN = new Variant(false, false, false, QueryKeyNorm.NONE, false, List.of(), List.of());

    /** Copies the lists. */
    public Variant {
        windows = List.copyOf(windows);
        unrotated = List.copyOf(unrotated);
    }

    /** Most keys that a query of a layer sees; 0 for all. */
    public int window(int layer) {
        return windows.isEmpty() ? 0 : windows.get(layer);
    }

    /** Whether queries and keys of a layer are rotated. */
    public boolean rotated(int layer) {
        return !unrotated.contains(layer);
    }

    Variant withBias(boolean qkv, boolean output, boolean ffn) {
        return new Variant(qkv, output, ffn, queryKeyNorm, normsAfter, windows, unrotated);
    }

    Variant withQueryKeyNorm(QueryKeyNorm norm) {
        return new Variant(qkvBias, outputBias, ffnBias, norm, normsAfter, windows, unrotated);
    }

    Variant withNormsAfter() {
        return new Variant(qkvBias, outputBias, ffnBias, queryKeyNorm, true, windows, unrotated);
    }

    Variant withWindow(int layers, int window) {
        return withWindows(Collections.nCopies(layers, window));
    }

    Variant withWindows(List<Integer> each) {
        return new Variant(qkvBias, outputBias, ffnBias, queryKeyNorm, normsAfter, each, unrotated);
    }

    Variant withUnrotated(List<Integer> layers) {
        return new Variant(qkvBias, outputBias, ffnBias, queryKeyNorm, normsAfter, windows, layers);
    }
}
