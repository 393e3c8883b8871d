package io.safeprobe.model.decoder;

import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;

/** Cosines and sines of the rotary embedding, {@code [tokens, head / 2]} each. */
record Rope(Tensor cos, Tensor sin) {
    /**
     * Angles are products in float32, as transformers computes them: at position 2,000 a float64 angle differs in the fourth decimal.
     */
    static Rope of(Scope scope, DecoderConfig config, DType dtype, int[] positions) {
        int half = config.headSize() / 2;
        Shape shape = Shape.of(positions.length, half);
        Tensor cos = Tensor.allocate(scope, dtype, shape);
        Tensor sin = Tensor.allocate(scope, dtype, shape);
        for (int j = 0; j < half; j++) {
            float frequency = (float) (1 / Math.pow(config.ropeTheta(), 2.0 * j / config.headSize()));
            for (int row = 0; row < positions.length; row++) {
                float angle = frequency * positions[row];
                cos.set((long) row * half + j, Math.cos(angle));
                sin.set((long) row * half + j, Math.sin(angle));
            }
        }
        return new Rope(cos, sin);
    }
}
