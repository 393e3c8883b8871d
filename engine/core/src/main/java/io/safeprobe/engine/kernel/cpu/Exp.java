package io.safeprobe.engine.kernel.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code exp} of a vector: {@code x = n ln 2 + r}, a polynomial of degree 6 in r, and n added to the exponent bits. Relative error
 * below 2e-7; results under the smallest normal number are 0, over the largest infinity; NaN stays NaN. Not the library's EXP,
 * whose bits depend on whether the code is compiled.
 *
 * <p>Call it once in a method: two expansions in one method stop the compiler from inlining and every vector becomes an object.
 */
final class Exp {
    private static final float LOG2_E = 1.442695f;
    private static final float ROUND = 12582912f; // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
    private static final float LN2_HIGH = 0.6933594f;
    private static final float LN2_LOW = -0.00021219444f;
    private static final float LOWEST = -87.33f;
    private static final float HIGHEST = 88.722f;

    private Exp() {}

    static FloatVector of(FloatVector x) {
        FloatVector shifted = x.fma(splat(LOG2_E), splat(ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(splat(-LN2_LOW), n.fma(splat(-LN2_HIGH), x));
        FloatVector p = splat(0.00019875691f);
        p = p.fma(r, splat(0.0013981999f));
        p = p.fma(r, splat(0.008333452f));
        p = p.fma(r, splat(0.041665796f));
        p = p.fma(r, splat(0.16666666f));
        p = p.fma(r, splat(0.5f));
        p = p.fma(r.mul(r), r.add(1f));
        FloatVector y = p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23))
                .reinterpretAsFloats();
        return y.blend(0f, x.compare(VectorOperators.LT, LOWEST)).blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, HIGHEST));
    }

    private static FloatVector splat(float value) {
        return FloatVector.broadcast(Lanes.S, value);
    }
}
