package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.kernel.Curve;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The functions of {@link Curve} and their first derivatives on vectors. Everything but {@link Tanh} reduces to one {@link Exp}: sigmoid is
 * {@code 1 / (1 + exp(-x))}, the tanh form of GELU is {@code x sigmoid(2u)}, the normal distribution is {@code exp(-x^2 / 2)} times a
 * polynomial. One loop a function, because a choice inside the loop would put several expansions of the exponential into one
 * method. Second derivatives, which only a gradient of a gradient needs, and the last elements go through {@link Curve#at}.
 */
final class CurveKernel {
    private static final float TANH_SCALE = 0.7978846f; // sqrt(2 / pi)
    private static final float TANH_CUBIC = 0.044715f;
    private static final FloatVector ZERO = splat(0f);
    private static final FloatVector HALF = splat(0.5f);
    private static final FloatVector MINUS_HALF = splat(-0.5f);
    private static final FloatVector ONE = splat(1f);
    private static final FloatVector TWO = splat(2f);
    private static final FloatVector MINUS_2U_1 = splat(-2 * TANH_SCALE);
    private static final FloatVector MINUS_2U_3 = splat(-2 * TANH_SCALE * TANH_CUBIC);
    private static final FloatVector FLAT = splat(12f);
    private static final FloatVector MINUS_FLAT = splat(-12f);
    private static final FloatVector SLOPE_0 = splat(2 * TANH_SCALE);
    private static final FloatVector SLOPE_2 = splat(6 * TANH_SCALE * TANH_CUBIC);
    private static final FloatVector DENSITY = splat(0.3989423f); // 1 / sqrt(2 pi)
    private static final FloatVector HALF_ROOT_HALF = splat(0.35355338f); // |x| / sqrt(2) is the argument of erfc, halved for t
    // exp(z^2) erfc(z) = t P(t) with t = 1 / (1 + z / 2), z from 0 to 10: a least-squares fit, relative error 3e-7 in float32
    private static final FloatVector C0 = splat(0.28206453f);
    private static final FloatVector C1 = splat(0.28285635f);
    private static final FloatVector C2 = splat(0.23865077f);
    private static final FloatVector C3 = splat(0.22551326f);
    private static final FloatVector C4 = splat(-0.09823302f);
    private static final FloatVector C5 = splat(0.42111412f);
    private static final FloatVector C6 = splat(-0.66982794f);
    private static final FloatVector C7 = splat(0.4287817f);
    private static final FloatVector C8 = splat(-0.12319218f);
    private static final FloatVector C9 = splat(0.012272378f);
    // 2 atanh(s) = s (2 + 2 s^2 / 3 + 2 s^4 / 5 ..)
    private static final FloatVector A3 = splat(2f / 3);
    private static final FloatVector A5 = splat(2f / 5);
    private static final FloatVector A7 = splat(2f / 7);
    private static final FloatVector A9 = splat(2f / 9);
    private static final FloatVector A11 = splat(2f / 11);
    private static final FloatVector A13 = splat(2f / 13);
    private static final FloatVector A15 = splat(2f / 15);

    private CurveKernel() {}

    /**
     * Elements {@code [from, to)} of y become the derivative of x. The range must start at a multiple of the lanes and, as some
     * functions take two passes, should fit the first-level cache.
     */
    static void apply(Curve curve, int order, MemorySegment x, MemorySegment y, long from, long to) {
        long whole = order > 1 ? from : from + (to - from) / COUNT * COUNT;
        if (whole > from) {
            switch (curve) {
                case SILU -> silu(order, x, y, from, whole);
                case GELU -> gelu(order, x, y, from, whole);
                case GELU_TANH -> geluTanh(order, x, y, from, whole);
                case LOG_SIGMOID -> logSigmoid(order, x, y, from, whole);
                case TANH -> tanh(order, x, y, from, whole);
                case EXP -> exp(x, y, from, whole);
                case RSQRT -> rsqrt(order, x, y, from, whole);
            }
        }
        for (long i = whole; i < to; i++) {
            Lanes.set(y, i, (float) curve.at(order, Lanes.get(x, i)));
        }
    }

    private static void silu(int order, MemorySegment x, MemorySegment y, long from, long to) {
        if (order == 0) {
            for (long i = from; i < to; i += COUNT) {
                FloatVector v = Lanes.load(x, i);
                Lanes.store(v.div(Exp.of(v.neg()).add(ONE)), y, i);
            }
        } else {
            siluSlope(x, y, from, to);
        }
    }

    private static void siluSlope(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            FloatVector s = ONE.div(Exp.of(v.neg()).add(ONE));
            Lanes.store(s.mul(v.fma(ONE.sub(s), ONE)), y, i);
        }
    }

    /** {@code dx = silu'(x) y g} and {@code dy = silu(x) g} of whole vectors; says where they end. */
    static long siluGateGrad(MemorySegment x, MemorySegment y, MemorySegment g, MemorySegment dx, MemorySegment dy, long from, long to) {
        long whole = from + (to - from) / COUNT * COUNT;
        for (long i = from; i < whole; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            FloatVector pull = Lanes.load(g, i);
            FloatVector s = ONE.div(Exp.of(v.neg()).add(ONE));
            Lanes.store(v.mul(s).mul(pull), dy, i);
            Lanes.store(s.mul(v.fma(ONE.sub(s), ONE)).mul(Lanes.load(y, i)).mul(pull), dx, i);
        }
        return whole;
    }

    /** In two passes, the exponential first: in one the compiler gives up on inlining. */
    private static void gelu(int order, MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            Lanes.store(Exp.of(v.mul(v).mul(MINUS_HALF)), y, i);
        }
        if (order == 0) {
            geluOfBell(x, y, from, to);
        } else {
            geluSlope(x, y, from, to);
        }
    }

    private static void geluOfBell(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            Lanes.store(v.mul(cumulative(v, Lanes.load(y, i))), y, i);
        }
    }

    private static void geluSlope(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            FloatVector bell = Lanes.load(y, i);
            Lanes.store(v.mul(DENSITY).fma(bell, cumulative(v, bell)), y, i);
        }
    }

    /** The normal distribution function of x given {@code bell = exp(-x^2 / 2)}. */
    private static FloatVector cumulative(FloatVector x, FloatVector bell) {
        FloatVector t = ONE.div(x.abs().fma(HALF_ROOT_HALF, ONE));
        FloatVector p = C9.fma(t, C8).fma(t, C7).fma(t, C6).fma(t, C5).fma(t, C4).fma(t, C3).fma(t, C2).fma(t, C1).fma(t, C0);
        FloatVector upper = p.mul(t).mul(bell).mul(HALF);
        return upper.blend(ONE.sub(upper), x.compare(VectorOperators.GT, ZERO));
    }

    private static void geluTanh(int order, MemorySegment x, MemorySegment y, long from, long to) {
        if (order == 0) {
            for (long i = from; i < to; i += COUNT) {
                FloatVector v = Lanes.load(x, i);
                Lanes.store(v.div(Exp.of(minusTwoU(v)).add(ONE)), y, i);
            }
        } else {
            geluTanhSlope(x, y, from, to);
        }
    }

    /** Beyond {@link #FLAT} the slope is 1 or 0, and there x times its factor would become infinite. */
    private static void geluTanhSlope(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            FloatVector any = Lanes.load(x, i);
            FloatVector above = any.blend(FLAT, any.compare(VectorOperators.GT, FLAT));
            FloatVector v = above.blend(MINUS_FLAT, above.compare(VectorOperators.LT, MINUS_FLAT));
            FloatVector s = ONE.div(Exp.of(minusTwoU(v)).add(ONE));
            FloatVector slope = v.mul(v).fma(SLOPE_2, SLOPE_0);
            Lanes.store(s.mul(v.mul(slope).fma(ONE.sub(s), ONE)), y, i);
        }
    }

    private static FloatVector minusTwoU(FloatVector x) {
        return x.mul(x.mul(x).fma(MINUS_2U_3, MINUS_2U_1));
    }

    private static void logSigmoid(int order, MemorySegment x, MemorySegment y, long from, long to) {
        if (order == 0) {
            for (long i = from; i < to; i += COUNT) {
                Lanes.store(Exp.of(Lanes.load(x, i).abs().neg()), y, i);
            }
            logSigmoidOfExp(x, y, from, to);
        } else {
            sigmoidOfNegative(x, y, from, to);
        }
    }

    /** {@code min(x, 0) - log(1 + exp(-|x|))} where y holds the exponential. */
    private static void logSigmoidOfExp(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            FloatVector low = v.blend(ZERO, v.compare(VectorOperators.GT, ZERO));
            Lanes.store(low.sub(logOnePlus(Lanes.load(y, i))), y, i);
        }
    }

    /** {@code log(1 + e) = 2 atanh(e / (2 + e))} for e from 0 to 1, by the series: the argument is at most 1/3. */
    private static FloatVector logOnePlus(FloatVector e) {
        FloatVector s = e.div(e.add(TWO));
        FloatVector q = s.mul(s);
        return s.mul(A15.fma(q, A13).fma(q, A11).fma(q, A9).fma(q, A7).fma(q, A5).fma(q, A3).fma(q, TWO));
    }

    private static void sigmoidOfNegative(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            Lanes.store(ONE.div(Exp.of(Lanes.load(x, i)).add(ONE)), y, i);
        }
    }

    private static void tanh(int order, MemorySegment x, MemorySegment y, long from, long to) {
        if (order == 0) {
            for (long i = from; i < to; i += COUNT) {
                Lanes.store(Tanh.of(Lanes.load(x, i)), y, i);
            }
        } else {
            tanhSlope(x, y, from, to);
        }
    }

    private static void tanhSlope(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            Lanes.store(Tanh.slope(Tanh.of(Lanes.load(x, i))), y, i);
        }
    }

    private static void exp(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            Lanes.store(Exp.of(Lanes.load(x, i)), y, i);
        }
    }

    private static void rsqrt(int order, MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            FloatVector r = ONE.div(v.sqrt());
            Lanes.store(order == 0 ? r : r.mul(MINUS_HALF).div(v), y, i);
        }
    }

    private static FloatVector splat(float value) {
        return FloatVector.broadcast(S, value);
    }
}
