package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Rotary embedding: the halves of each head are the two coordinates of a rotation. Threads share rows. */
final class RotaryKernel {
    private static final long GRAIN = 16_384;

    private final Workers workers;

    RotaryKernel(Workers workers) {
        this.workers = workers;
    }

    void rotate(boolean inverse, Tensor x, Tensor cos, Tensor sin, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment c = cos.data();
        MemorySegment s = sin.data();
        MemorySegment out = y.data();
        long width = x.shape().dim(-1);
        long half = cos.shape().dim(-1);
        if (width == 0) {
            return;
        }
        float sign = inverse ? -1f : 1f;
        workers.ranges(x.shape().rows(), Math.max(1, GRAIN / width), (from, to, _) -> {
            for (long row = from; row < to; row++) {
                for (long head = row * width; head < (row + 1) * width; head += 2 * half) {
                    head(in, c, s, out, head, row * half, half, sign);
                }
            }
        });
    }

    private static void head(
            MemorySegment x, MemorySegment cos, MemorySegment sin, MemorySegment y, long at, long angle, long half, float sign) {
        long j = 0;
        for (; j + COUNT <= half; j += COUNT) {
            FloatVector c = Lanes.load(cos, angle + j);
            FloatVector s = Lanes.load(sin, angle + j).mul(sign);
            FloatVector first = Lanes.load(x, at + j);
            FloatVector second = Lanes.load(x, at + half + j);
            Lanes.store(first.mul(c).sub(second.mul(s)), y, at + j);
            Lanes.store(second.mul(c).add(first.mul(s)), y, at + half + j);
        }
        if (j < half) {
            VectorMask<Float> mask = Lanes.tail(j, half);
            FloatVector c = Lanes.load(cos, angle + j, mask);
            FloatVector s = Lanes.load(sin, angle + j, mask).mul(FloatVector.broadcast(S, sign));
            FloatVector first = Lanes.load(x, at + j, mask);
            FloatVector second = Lanes.load(x, at + half + j, mask);
            Lanes.store(first.mul(c).sub(second.mul(s)), y, at + j, mask);
            Lanes.store(second.mul(c).add(first.mul(s)), y, at + half + j, mask);
        }
    }
}
