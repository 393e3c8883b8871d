package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * The functions of {@link io.safeprobe.engine.kernel.Curve} with both derivatives, one lane for each element. Ints of every kernel: y, x, factor
 * (-1 for none), elements, order. Exponentials are kept finite, because some compilers take it for granted that all numbers are.
 */
final class CurveLanes {
    private static final float MOST = 80f; // exp(80) is finite, and 1 beside it is nothing
    private static final float FLAT = 12f;
    private static final float TANH_SCALE = 0.7978846f; // sqrt(2 / pi)
    private static final float TANH_CUBIC = 0.044715f;
    private static final float DENSITY = 0.3989423f; // 1 / sqrt(2 pi)
    private static final float HALF_ROOT_HALF = 0.35355338f; // |x| / sqrt(2) is the argument of erfc, halved for t

    private CurveLanes() {}

    static void siluKernel(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int i = c.globalIdx;
        if (i < ints.get(at + 3)) {
            put(i, heap, ints, at, silu(ints.get(at + 4), heap.get(ints.get(at + 1) + i)));
        }
    }

    static void geluKernel(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int i = c.globalIdx;
        if (i < ints.get(at + 3)) {
            put(i, heap, ints, at, gelu(ints.get(at + 4), heap.get(ints.get(at + 1) + i)));
        }
    }

    static void geluTanhKernel(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int i = c.globalIdx;
        if (i < ints.get(at + 3)) {
            put(i, heap, ints, at, geluTanh(ints.get(at + 4), heap.get(ints.get(at + 1) + i)));
        }
    }

    static void logSigmoidKernel(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int i = c.globalIdx;
        if (i < ints.get(at + 3)) {
            put(i, heap, ints, at, logSigmoid(ints.get(at + 4), heap.get(ints.get(at + 1) + i)));
        }
    }

    static void expKernel(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int i = c.globalIdx;
        if (i < ints.get(at + 3)) {
            put(i, heap, ints, at, exp(ints.get(at + 4), heap.get(ints.get(at + 1) + i)));
        }
    }

    static void rsqrtKernel(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int i = c.globalIdx;
        if (i < ints.get(at + 3)) {
            put(i, heap, ints, at, rsqrt(ints.get(at + 4), heap.get(ints.get(at + 1) + i)));
        }
    }

    static void tanhKernel(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int i = c.globalIdx;
        if (i < ints.get(at + 3)) {
            put(i, heap, ints, at, tanh(ints.get(at + 4), heap.get(ints.get(at + 1) + i)));
        }
    }

    /** Stores a value, times the factor where there is one. */
    static void put(int i, FloatArray heap, IntArray ints, int at, float value) {
        int factor = ints.get(at + 2);
        float times = 1f;
        if (factor >= 0) {
            times = heap.get(factor + i);
        }
        heap.set(ints.get(at) + i, value * times);
    }

    static float sigmoid(float x) {
        return 1f / (1f + TornadoMath.exp(TornadoMath.min(-x, MOST)));
    }

    /** The derivative of the sigmoid, without the difference from 1 that would lose everything where it is close. */
    private static float slope(float x) {
        return sigmoid(x) * sigmoid(-x);
    }

    static float silu(int order, float x) {
        float s = sigmoid(x);
        if (order == 0) {
            return x * s;
        }
        return order == 1 ? s * (1f + x * sigmoid(-x)) : slope(x) * (2f + x * (1f - 2f * s));
    }

    static float gelu(int order, float x) {
        float bell = TornadoMath.exp(-0.5f * x * x);
        if (order == 0) {
            return x * cumulative(x, bell);
        }
        return order == 1 ? cumulative(x, bell) + x * DENSITY * bell : DENSITY * bell * (2f - x * x);
    }

    /**
     * The normal distribution function of x given {@code bell = exp(-x^2 / 2)}: {@code exp(z^2) erfc(z) = t P(t)} with
     * {@code t = 1 / (1 + z / 2)}, the fit that the kernels of the processor use.
     */
    private static float cumulative(float x, float bell) {
        float t = 1f / (TornadoMath.abs(x) * HALF_ROOT_HALF + 1f);
        float p = 0.012272378f;
        p = p * t - 0.12319218f;
        p = p * t + 0.4287817f;
        p = p * t - 0.66982794f;
        p = p * t + 0.42111412f;
        p = p * t - 0.09823302f;
        p = p * t + 0.22551326f;
        p = p * t + 0.23865077f;
        p = p * t + 0.28285635f;
        p = p * t + 0.28206453f;
        float upper = 0.5f * p * t * bell;
        return x > 0f ? 1f - upper : upper;
    }

    /** {@code x sigmoid(w)} with {@code w = 2 sqrt(2 / pi) (x + 0.044715 x^3)}, the tanh form of GELU. */
    static float geluTanh(int order, float any) {
        float x = any;
        if (order > 0 && TornadoMath.abs(any) > FLAT) {
            x = any > 0f ? FLAT : -FLAT; // where the derivatives are 1 or 0, as their factors would become infinite
        }
        float w = 2f * TANH_SCALE * x * (1f + TANH_CUBIC * x * x);
        float s = sigmoid(w);
        float slope = 2f * TANH_SCALE * (1f + 3f * TANH_CUBIC * x * x);
        float bend = 12f * TANH_SCALE * TANH_CUBIC * x;
        if (order == 0) {
            return x * s;
        }
        return order == 1 ? s * (1f + x * sigmoid(-w) * slope) : slope(w) * (2f * slope + x * ((1f - 2f * s) * slope * slope + bend));
    }

    static float logSigmoid(int order, float x) {
        if (order == 0) {
            return TornadoMath.min(x, 0f) - logOnePlus(TornadoMath.exp(-TornadoMath.abs(x)));
        }
        return order == 1 ? sigmoid(-x) : -slope(x);
    }

    /** {@code log(1 + e) = 2 atanh(e / (2 + e))} for e from 0 to 1, by the series: the argument is at most 1/3. */
    static float logOnePlus(float e) {
        float s = e / (2f + e);
        float q = s * s;
        float p = 2f / 15;
        p = p * q + 2f / 13;
        p = p * q + 2f / 11;
        p = p * q + 2f / 9;
        p = p * q + 2f / 7;
        p = p * q + 2f / 5;
        p = p * q + 2f / 3;
        return s * (p * q + 2f);
    }

    static float tanh(int order, float x) {
        float t = TornadoMath.tanh(x);
        if (order == 0) {
            return t;
        }
        return order == 1 ? 4f * slope(2f * x) : -8f * t * slope(2f * x);
    }

    static float exp(int order, float x) {
        return TornadoMath.exp(x); // every derivative of it
    }

    static float rsqrt(int order, float x) {
        float r = 1f / TornadoMath.sqrt(x);
        if (order == 0) {
            return r;
        }
        return order == 1 ? -0.5f * r / x : 0.75f * r / (x * x);
    }
}
