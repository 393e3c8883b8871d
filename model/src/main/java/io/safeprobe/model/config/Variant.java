package io.safeprobe.model.config;

import java.util.Collections;
import java.util.List;

/**
 * What sets the layers of an architecture apart from plain Llama's.
 *
 * @param names how its weights are called, which also says which projections are joined and where norms stand
 * @param norm the form of all norms
 * @param biases which projections have a bias
 * @param queryKeyNorm what queries and keys are normalised over before rotation
 * @param projection the form of the linear layers
 * @param parallel whether attention and feed-forward read the same input, and their outputs are added to it together
 * @param scales constant factors and caps
 * @param windows most keys that a query of each layer sees, itself included, 0 for all; empty for all everywhere
 * @param unrotated layers without rotary embedding
 * @param windowTheta base of the rotary frequencies, which are not scaled, in layers with a window; 0 for that of the other layers
 */
public record Variant(
        WeightNames names,
        Norm norm,
        Biases biases,
        QueryKeyNorm queryKeyNorm,
        Projection projection,
        boolean parallel,
        Scales scales,
        List<Integer> windows,
        List<Integer> unrotated,
        double windowTheta) {
    /** The forms of norms. */
    public enum Norm {
        /** RMSNorm times the weight (arXiv 1910.07467). */
        RMS,
        /** RMSNorm times one plus the weight. */
        RMS_PLUS_ONE,
        /** LayerNorm with a bias (arXiv 1607.06450). */
        LAYER
    }

    /** RMSNorm of queries and keys. */
    public enum QueryKeyNorm {
        /** There is none. */
        NONE,
        /** Over each head, weight {@code [head]}. */
        HEAD,
        /** Over all heads together, weights {@code [heads * head]} and {@code [kvHeads * head]}. */
        ALL
    }

    /**
     * Which projections have a bias.
     *
     * @param qkv those to queries, keys and values
     * @param output attention's output projection
     * @param feedForward all of the feed-forward layer
     */
    public record Biases(boolean qkv, boolean output, boolean feedForward) {}

    /**
     * The form of the linear layers.
     *
     * @param byHead whether a joined projection to queries, keys and values has these for each head in turn, and not for all heads together
     * @param gated whether the feed-forward layer has a gate
     * @param transposed whether matrices are stored {@code [in, out]}
     */
    public record Projection(boolean byHead, boolean gated, boolean transposed) {}

    /**
     * Constant factors and caps.
     *
     * @param embedding on the embedding of tokens
     * @param attention on the scores; 0 for {@code 1 / sqrt(head)}
     * @param attentionCap soft cap of the scores; 0 for none
     * @param logitCap soft cap of the logits; 0 for none
     */
    public record Scales(double embedding, double attention, double attentionCap, double logitCap) {
        static final Scales NONE = new Scales(1, 0, 0, 0);
    }

    /** Llama. */
    static final Variant PLAIN = new Variant(WeightNames.LLAMA, Norm.RMS, new Biases(false, false, false), QueryKeyNorm.NONE,
            new Projection(false, true, false), false, Scales.NONE, List.of(), List.of(), 0);

    /** Copies the lists. */
    public Variant {
        windows = List.copyOf(windows);
        unrotated = List.copyOf(unrotated);
    }

    /** Most keys that a query of a layer sees; 0 for all. */
    public int window(int layer) {
        return windows.isEmpty() ? 0 : windows.get(layer);
    }

    Variant withNames(WeightNames other) {
        return new Variant(other, norm, biases, queryKeyNorm, projection, parallel, scales, windows, unrotated, windowTheta);
    }

    Variant withNorm(Norm form) {
        return new Variant(names, form, biases, queryKeyNorm, projection, parallel, scales, windows, unrotated, windowTheta);
    }

    Variant withBias(boolean qkv, boolean output, boolean feedForward) {
        return new Variant(names, norm, new Biases(qkv, output, feedForward), queryKeyNorm, projection, parallel, scales, windows, unrotated, windowTheta);
    }

    Variant withQueryKeyNorm(QueryKeyNorm over) {
        return new Variant(names, norm, biases, over, projection, parallel, scales, windows, unrotated, windowTheta);
    }

    Variant withProjection(Projection form) {
        return new Variant(names, norm, biases, queryKeyNorm, form, parallel, scales, windows, unrotated, windowTheta);
    }

    Variant withParallel(boolean together) {
        return new Variant(names, norm, biases, queryKeyNorm, projection, together, scales, windows, unrotated, windowTheta);
    }

    Variant withScales(Scales factors) {
        return new Variant(names, norm, biases, queryKeyNorm, projection, parallel, factors, windows, unrotated, windowTheta);
    }

    Variant withWindow(int layers, int window) {
        return withWindows(Collections.nCopies(layers, window));
    }

    Variant withWindows(List<Integer> each) {
        return new Variant(names, norm, biases, queryKeyNorm, projection, parallel, scales, each, unrotated, windowTheta);
    }

    Variant withUnrotated(List<Integer> layers) {
        return new Variant(names, norm, biases, queryKeyNorm, projection, parallel, scales, windows, layers, windowTheta);
    }

    Variant withWindowTheta(double theta) {
        return new Variant(names, norm, biases, queryKeyNorm, projection, parallel, scales, windows, unrotated, theta);
    }
}
