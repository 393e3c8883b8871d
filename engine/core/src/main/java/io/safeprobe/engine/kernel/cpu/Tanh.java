package io.safeprobe.engine.kernel.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code tanh} of a vector: {@code x P(x^2) / Q(x^2)} with polynomials of degree 4, a minimax fit of the relative error on [-9.02, 9.02], beyond
 * which float32 knows only 1. Relative error below 5e-7, also next to 0, where {@code 1 - 2 / (exp(2x) + 1)} would cancel; NaN stays NaN. A
 * result may be above 1 by that error.
 *
 * <p>The constants are vectors made once, as in {@link Exp}.
 */
final class Tanh {
    private static final FloatVector LIMIT = splat(9.02f);
    private static final FloatVector MINUS_LIMIT = splat(-9.02f);
    private static final FloatVector P4 = splat(1.3318971e-8f);
    private static final FloatVector P3 = splat(2.0583406e-5f);
    private static final FloatVector P2 = splat(0.00349403f);
    private static final FloatVector P1 = splat(0.13379714f);
    private static final FloatVector Q4 = splat(7.7619774e-7f);
    private static final FloatVector Q3 = splat(0.00032830852f);
    private static final FloatVector Q2 = splat(0.025871055f);
    private static final FloatVector Q1 = splat(0.4671303f);
    private static final FloatVector ONE = splat(1f);
    private static final FloatVector MINUS_ONE = splat(-1f);
    private static final FloatVector ZERO = splat(0f);

    private Tanh() {}

    static FloatVector of(FloatVector x) {
        FloatVector s = x.mul(x);
        FloatVector p = P4.fma(s, P3).fma(s, P2).fma(s, P1).fma(s, ONE);
        FloatVector q = Q4.fma(s, Q3).fma(s, Q2).fma(s, Q1).fma(s, ONE);
        FloatVector t = x.mul(p).div(q);
        return t.blend(ONE, x.compare(VectorOperators.GT, LIMIT)).blend(MINUS_ONE, x.compare(VectorOperators.LT, MINUS_LIMIT));
    }

    /** The derivative {@code 1 - t^2} given {@code t = tanh(x)}; 0 where t is beyond 1, infinite too. */
    static FloatVector slope(FloatVector t) {
        FloatVector slope = ONE.sub(t.mul(t));
        return slope.blend(ZERO, slope.compare(VectorOperators.LT, ZERO));
    }

    private static FloatVector splat(float value) {
        return FloatVector.broadcast(Lanes.S, value);
    }
}
