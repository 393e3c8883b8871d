package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Operations on single elements: bound by memory, so plain loops over ranges that the threads share. Functions go by
 * pieces small enough for the first-level cache; a gate writes the function of a piece, then multiplies it in place.
 */
final class PointwiseKernel {
    /** Elements to a grain: a multiple of every lane count, so that only the very last range has a tail. */
    private static final long GRAIN = 16_384;
    private static final long CURVE_GRAIN = 4_096;
    private static final long PIECE = 2_048;

    private final Workers workers;

    PointwiseKernel(Workers workers) {
        this.workers = workers;
    }

    void addScaled(Tensor a, float factor, Tensor b, Tensor y) {
        MemorySegment left = a.data();
        MemorySegment right = b.data();
        MemorySegment out = y.data();
        workers.ranges(y.elements(), GRAIN, (from, to, _) -> addScaled(left, factor, right, out, from, to));
    }

    private static void addScaled(MemorySegment a, float factor, MemorySegment b, MemorySegment y, long from, long to) {
        long i = from;
        for (; i + COUNT <= to; i += COUNT) {
            Lanes.store(Lanes.load(b, i).mul(factor).add(Lanes.load(a, i)), y, i);
        }
        for (; i < to; i++) {
            Lanes.set(y, i, Lanes.get(a, i) + factor * Lanes.get(b, i));
        }
    }

    void mul(Tensor a, Tensor b, Tensor y) {
        MemorySegment left = a.data();
        MemorySegment right = b.data();
        MemorySegment out = y.data();
        workers.ranges(y.elements(), GRAIN, (from, to, _) -> mul(left, right, out, from, to));
    }

    private static void mul(MemorySegment a, MemorySegment b, MemorySegment y, long from, long to) {
        long i = from;
        for (; i + COUNT <= to; i += COUNT) {
            Lanes.store(Lanes.load(a, i).mul(Lanes.load(b, i)), y, i);
        }
        for (; i < to; i++) {
            Lanes.set(y, i, Lanes.get(a, i) * Lanes.get(b, i));
        }
    }

    void scale(Tensor a, float factor, Tensor y) {
        MemorySegment in = a.data();
        MemorySegment out = y.data();
        workers.ranges(y.elements(), GRAIN, (from, to, _) -> scale(in, factor, out, from, to));
    }

    private static void scale(MemorySegment a, float factor, MemorySegment y, long from, long to) {
        long i = from;
        for (; i + COUNT <= to; i += COUNT) {
            Lanes.store(Lanes.load(a, i).mul(factor), y, i);
        }
        for (; i < to; i++) {
            Lanes.set(y, i, factor * Lanes.get(a, i));
        }
    }

    void apply(Curve curve, int order, Tensor x, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment out = y.data();
        workers.ranges(y.elements(), CURVE_GRAIN, (from, to, _) -> {
            for (long at = from; at < to; at += PIECE) {
                CurveKernel.apply(curve, order, in, out, at, Math.min(to, at + PIECE));
            }
        });
    }

    void gate(Curve curve, int order, Tensor x, Tensor factor, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment by = factor.data();
        MemorySegment out = y.data();
        workers.ranges(y.elements(), CURVE_GRAIN, (from, to, _) -> {
            for (long at = from; at < to; at += PIECE) {
                long end = Math.min(to, at + PIECE);
                CurveKernel.apply(curve, order, in, out, at, end);
                mul(out, by, out, at, end);
            }
        });
    }

    /** Both gradients of a gate. For the usual SiLU in one loop, as memory is the limit: by pieces of several passes it took longer than three operations of one. */
    void gateGrad(Curve curve, int order, List<Tensor> in, Tensor toX, Tensor toY) {
        MemorySegment x = in.get(0).data();
        MemorySegment y = in.get(1).data();
        MemorySegment g = in.get(2).data();
        MemorySegment dx = toX.data();
        MemorySegment dy = toY.data();
        workers.ranges(toX.elements(), CURVE_GRAIN, (from, to, _) -> {
            long done = curve == Curve.SILU && order == 0 ? CurveKernel.siluGateGrad(x, y, g, dx, dy, from, to) : from;
            for (long at = done; at < to; at += PIECE) {
                long end = Math.min(to, at + PIECE);
                CurveKernel.apply(curve, order, x, dy, at, end);
                mul(dy, g, dy, at, end);
                CurveKernel.apply(curve, order + 1, x, dx, at, end);
                mul(dx, y, dx, at, end);
                mul(dx, g, dx, at, end);
            }
        });
    }
}
