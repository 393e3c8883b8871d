package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.kernel.Curve;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The functions of {@link Curve} and their first derivatives on vectors. Everything reduces to one {@link Exp}: sigmoid is
 * {@code 1 / (1 + exp(-x))}, the tanh form of GELU is {@code x sigmoid(2u)}, the normal distribution is {@code exp(-x^2 / 2)} times a
 * polynomial. One loop a function, because a choice inside the loop would put several expansions of the exponential into one
 * method. Second derivatives, which only a gradient of a gradient needs, and the last elements go through {@link Curve#at}.
 */
final class CurveKernel {
    private static final float TANH_SCALE = 0.7978846f; // sqrt(2 / pi)
    private static final float TANH_CUBIC = 0.044715f;
    private static final float DENSITY = 0.3989423f; // 1 / sqrt(2 pi)
    private static final float SQRT_HALF = 0.70710677f;
    /** {@code exp(z^2) erfc(z) = t P(t)} with {@code t = 1 / (1 + z / 2)} for z from 0 to 10: a least-squares fit, relative error 3e-7 in float32. */
    private static final float C0 = 0.28206453f;
    private static final float C1 = 0.28285635f;
    private static final float C2 = 0.23865077f;
    private static final float C3 = 0.22551326f;
    private static final float C4 = -0.09823302f;
    private static final float C5 = 0.42111412f;
    private static final float C6 = -0.66982794f;
    private static final float C7 = 0.4287817f;
    private static final float C8 = -0.12319218f;
    private static final float C9 = 0.012272378f;

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
                Lanes.store(v.div(Exp.of(v.neg()).add(1f)), y, i);
            }
        } else {
            siluSlope(x, y, from, to);
        }
    }

    private static void siluSlope(MemorySegment x, MemorySegment y, long from, long to) {
        FloatVector one = FloatVector.broadcast(S, 1f);
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            FloatVector s = one.div(Exp.of(v.neg()).add(1f));
            Lanes.store(s.mul(v.fma(one.sub(s), one)), y, i);
        }
    }

    /** In two passes, the exponential first: in one the compiler gives up on inlining. */
    private static void gelu(int order, MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            Lanes.store(Exp.of(v.mul(v).mul(-0.5f)), y, i);
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
        FloatVector t = splat(1f).div(x.abs().fma(splat(0.5f * SQRT_HALF), splat(1f)));
        FloatVector p = splat(C9).fma(t, splat(C8)).fma(t, splat(C7)).fma(t, splat(C6)).fma(t, splat(C5));
        FloatVector q = p.fma(t, splat(C4)).fma(t, splat(C3)).fma(t, splat(C2)).fma(t, splat(C1)).fma(t, splat(C0));
        FloatVector upper = q.mul(t).mul(bell).mul(0.5f);
        return upper.blend(splat(1f).sub(upper), x.compare(VectorOperators.GT, 0f));
    }

    private static void geluTanh(int order, MemorySegment x, MemorySegment y, long from, long to) {
        if (order == 0) {
            for (long i = from; i < to; i += COUNT) {
                FloatVector v = Lanes.load(x, i);
                Lanes.store(v.div(Exp.of(minusTwoU(v)).add(1f)), y, i);
            }
        } else {
            geluTanhSlope(x, y, from, to);
        }
    }

    private static void geluTanhSlope(MemorySegment x, MemorySegment y, long from, long to) {
        FloatVector one = FloatVector.broadcast(S, 1f);
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            FloatVector s = one.div(Exp.of(minusTwoU(v)).add(1f));
            FloatVector slope = v.mul(v).fma(splat(6 * TANH_SCALE * TANH_CUBIC), splat(2 * TANH_SCALE));
            Lanes.store(s.mul(v.mul(slope).fma(one.sub(s), one)), y, i);
        }
    }

    private static FloatVector minusTwoU(FloatVector x) {
        return x.mul(x.mul(x).fma(splat(-2 * TANH_SCALE * TANH_CUBIC), splat(-2 * TANH_SCALE)));
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
            FloatVector low = v.blend(0f, v.compare(VectorOperators.GT, 0f));
            Lanes.store(low.sub(logOnePlus(Lanes.load(y, i))), y, i);
        }
    }

    /** {@code log(1 + e) = 2 atanh(e / (2 + e))} for e from 0 to 1, by the series: the argument is at most 1/3. */
    private static FloatVector logOnePlus(FloatVector e) {
        FloatVector s = e.div(e.add(2f));
        FloatVector q = s.mul(s);
        FloatVector p = splat(2f / 15).fma(q, splat(2f / 13)).fma(q, splat(2f / 11)).fma(q, splat(2f / 9)).fma(q, splat(2f / 7));
        return s.mul(p.fma(q, splat(2f / 5)).fma(q, splat(2f / 3)).fma(q, splat(2f)));
    }

    private static void sigmoidOfNegative(MemorySegment x, MemorySegment y, long from, long to) {
        FloatVector one = FloatVector.broadcast(S, 1f);
        for (long i = from; i < to; i += COUNT) {
            Lanes.store(one.div(Exp.of(Lanes.load(x, i)).add(1f)), y, i);
        }
    }

    private static void exp(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i += COUNT) {
            Lanes.store(Exp.of(Lanes.load(x, i)), y, i);
        }
    }

    private static void rsqrt(int order, MemorySegment x, MemorySegment y, long from, long to) {
        FloatVector one = FloatVector.broadcast(S, 1f);
        for (long i = from; i < to; i += COUNT) {
            FloatVector v = Lanes.load(x, i);
            FloatVector r = one.div(v.sqrt());
            Lanes.store(order == 0 ? r : r.mul(-0.5f).div(v), y, i);
        }
    }

    private static FloatVector splat(float value) {
        return FloatVector.broadcast(S, value);
    }
}
