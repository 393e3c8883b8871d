package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * RMSNorm and its gradient to x, {@code dx = r w g - x r^3 / d sum(x w g)} with {@code r = 1 / sqrt(mean(x^2) + epsilon)}. Threads
 * share rows; a row is small enough to stay in the first-level cache between the pass that sums and the pass that writes.
 */
final class NormKernel {
    private static final long GRAIN = 16_384;

    private final Workers workers;

    NormKernel(Workers workers) {
        this.workers = workers;
    }

    void forward(double epsilon, Tensor x, Tensor w, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment weight = w.data();
        MemorySegment out = y.data();
        long width = x.shape().dim(-1);
        rows(x, (from, to, _) -> {
            for (long row = from; row < to; row++) {
                double inverse = 1 / Math.sqrt(squares(in, row * width, width) / (double) width + epsilon);
                write(in, weight, out, row * width, width, (float) inverse);
            }
        });
    }

    void backward(double epsilon, Tensor x, Tensor w, Tensor g, Tensor dx) {
        MemorySegment in = x.data();
        MemorySegment weight = w.data();
        MemorySegment gradient = g.data();
        MemorySegment out = dx.data();
        long width = x.shape().dim(-1);
        rows(x, (from, to, _) -> {
            for (long row = from; row < to; row++) {
                long at = row * width;
                if (width < COUNT) {
                    narrowGradient(epsilon, in, weight, gradient, out, at, width);
                    continue;
                }
                double inverse = 1 / Math.sqrt(squares(in, at, width) / (double) width + epsilon);
                double dot = dot(in, weight, gradient, at, width);
                float along = (float) (-dot * inverse * inverse * inverse / width);
                writeGradient(in, weight, gradient, out, at, width, (float) inverse, along);
            }
        });
    }

    /** In few columns the two terms nearly cancel (in one they would but for epsilon), so they are subtracted in float64. */
    private static void narrowGradient(
            double epsilon, MemorySegment x, MemorySegment w, MemorySegment g, MemorySegment dx, long at, long width) {
        double squares = 0;
        double dot = 0;
        for (long j = 0; j < width; j++) {
            double value = Lanes.get(x, at + j);
            squares += value * value;
            dot += value * Lanes.get(w, j) * Lanes.get(g, at + j);
        }
        double inverse = 1 / Math.sqrt(squares / width + epsilon);
        double along = dot * inverse * inverse * inverse / width;
        for (long j = 0; j < width; j++) {
            double direct = inverse * Lanes.get(w, j) * Lanes.get(g, at + j);
            Lanes.set(dx, at + j, (float) (direct - Lanes.get(x, at + j) * along));
        }
    }

    private void rows(Tensor x, Workers.Range range) {
        long width = x.shape().dim(-1);
        if (width > 0) {
            workers.ranges(x.shape().rows(), Math.max(1, GRAIN / width), range);
        }
    }

    private static float squares(MemorySegment x, long at, long width) {
        FloatVector even = FloatVector.zero(S);
        FloatVector odd = even;
        long j = 0;
        for (; j + 2L * COUNT <= width; j += 2L * COUNT) {
            FloatVector a = Lanes.load(x, at + j);
            FloatVector b = Lanes.load(x, at + j + COUNT);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        for (; j < width; j += COUNT) {
            FloatVector a = Lanes.load(x, at + j, Lanes.tail(j, width));
            even = a.fma(a, even);
        }
        return Lanes.sum(even.add(odd));
    }

    private static float dot(MemorySegment x, MemorySegment w, MemorySegment g, long at, long width) {
        FloatVector sum = FloatVector.zero(S);
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            sum = Lanes.load(x, at + j).mul(Lanes.load(g, at + j)).fma(Lanes.load(w, j), sum);
        }
        if (j < width) {
            VectorMask<Float> mask = Lanes.tail(j, width);
            sum = Lanes.load(x, at + j, mask).mul(Lanes.load(g, at + j, mask)).fma(Lanes.load(w, j, mask), sum);
        }
        return Lanes.sum(sum);
    }

    private static void write(MemorySegment x, MemorySegment w, MemorySegment y, long at, long width, float inverse) {
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            Lanes.store(Lanes.load(x, at + j).mul(inverse).mul(Lanes.load(w, j)), y, at + j);
        }
        if (j < width) {
            VectorMask<Float> mask = Lanes.tail(j, width);
            Lanes.store(Lanes.load(x, at + j, mask).mul(inverse).mul(Lanes.load(w, j, mask)), y, at + j, mask);
        }
    }

    private static void writeGradient(
            MemorySegment x, MemorySegment w, MemorySegment g, MemorySegment dx, long at, long width, float inverse, float along) {
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            FloatVector direct = Lanes.load(g, at + j).mul(Lanes.load(w, j)).mul(inverse);
            Lanes.store(Lanes.load(x, at + j).mul(along).add(direct), dx, at + j);
        }
        if (j < width) {
            VectorMask<Float> mask = Lanes.tail(j, width);
            FloatVector direct = Lanes.load(g, at + j, mask).mul(Lanes.load(w, j, mask)).mul(inverse);
            Lanes.store(Lanes.load(x, at + j, mask).mul(along).add(direct), dx, at + j, mask);
        }
    }
}
