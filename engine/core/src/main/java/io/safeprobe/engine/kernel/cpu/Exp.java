package io.safeprobe.engine.kernel.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code exp} of a vector: {@code x = n ln 2 + r}, a polynomial of degree 6 in r, and n added to the exponent bits. Relative error
 * below 2e-7; results under the smallest normal number are 0, over the largest infinity; NaN stays NaN. Not the library's EXP,
 * whose bits depend on whether the code is compiled.
 *
 * <p>Call it once in a method: two expansions in one method stop the compiler from inlining and every vector becomes an object. For
 * the same reason the constants are vectors made once: a broadcast in place costs the compiler's budget as much as arithmetic.
 */
final class Exp {
    private static final FloatVector LOG2_E = splat(1.442695f);
    private static final FloatVector ROUND = splat(12582912f); // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
    private static final FloatVector MINUS_LN2_HIGH = splat(-0.6933594f);
    private static final FloatVector MINUS_LN2_LOW = splat(0.00021219444f);
    private static final FloatVector LOWEST = splat(-87.33f);
    private static final FloatVector HIGHEST = splat(88.722f);
    private static final FloatVector P6 = splat(0.00019875691f);
    private static final FloatVector P5 = splat(0.0013981999f);
    private static final FloatVector P4 = splat(0.008333452f);
    private static final FloatVector P3 = splat(0.041665796f);
    private static final FloatVector P2 = splat(0.16666666f);
    private static final FloatVector P1 = splat(0.5f);
    private static final FloatVector ONE = splat(1f);
    private static final FloatVector ZERO = splat(0f);
    private static final FloatVector INFINITY = splat(Float.POSITIVE_INFINITY);

    private Exp() {}

    static FloatVector of(FloatVector x) {
        FloatVector shifted = x.fma(LOG2_E, ROUND);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
        FloatVector p = P6.fma(r, P5).fma(r, P4).fma(r, P3).fma(r, P2).fma(r, P1);
        FloatVector q = p.fma(r.mul(r), r.add(ONE));
        FloatVector y = q.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23))
                .reinterpretAsFloats();
        return y.blend(ZERO, x.compare(VectorOperators.LT, LOWEST)).blend(INFINITY, x.compare(VectorOperators.GT, HIGHEST));
    }

    private static FloatVector splat(float value) {
        return FloatVector.broadcast(Lanes.S, value);
    }
}
