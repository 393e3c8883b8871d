package io.safeprobe.model.decoder;

import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.RopeScaling;

/** Cosines and sines of the rotary embedding, {@code [tokens, rotary / 2]} each. */
record Rope(Tensor cos, Tensor sin) {
    /**
     * Angles are products in float32, as transformers computes them: at position 2,000 a float64 angle differs in the fourth decimal.
     *
     * @param local whether for the layers with a window, where those have a base of their own
     * @throws ModelException where frequencies depend on the length of a sequence and its cached keys were rotated with others
     */
    static Rope of(Scope scope, DecoderConfig config, DType dtype, PackedTokens tokens, boolean local) {
        RopeScaling scaling = local ? new RopeScaling.None() : config.ropeScaling();
        double theta = local ? config.variant().windowTheta() : config.ropeTheta();
        int half = config.rotary() / 2;
        int[] positions = tokens.positions();
        Shape shape = Shape.of(positions.length, half);
        double[] cos = new double[positions.length * half];
        double[] sin = new double[positions.length * half];
        double factor = scaling.attentionFactor();
        for (int i = 0; i < tokens.sequences(); i++) {
            requireOneSpan(scaling, tokens, i);
            double[] frequencies = scaling.frequencies(theta, config.rotary(), tokens.wholeLength(i));
            for (int j = 0; j < half; j++) {
                float frequency = (float) frequencies[j];
                for (int row = tokens.start(i); row < tokens.start(i) + tokens.length(i); row++) {
                    float angle = frequency * positions[row];
                    cos[row * half + j] = factor * Math.cos(angle);
                    sin[row * half + j] = factor * Math.sin(angle);
                }
            }
        }
        return new Rope(Tensor.of(scope, dtype, shape, i -> cos[(int) i]), Tensor.of(scope, dtype, shape, i -> sin[(int) i]));
    }

    private static void requireOneSpan(RopeScaling scaling, PackedTokens tokens, int i) {
        int before = tokens.pastLength(i);
        int now = tokens.wholeLength(i);
        if (before > 0 && scaling.span(before) != scaling.span(now)) {
            throw new ModelException("the rotary frequencies of this model depend on the length of a sequence, and those for " + now
                    + " tokens are not those for " + before + ", with which what comes before was rotated; compute the sequence as a whole, or shorten it");
        }
    }
}
