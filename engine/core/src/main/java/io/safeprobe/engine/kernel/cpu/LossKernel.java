package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Log-softmax, cross-entropy and its gradient, and sums over segments. Threads share rows. A row is read once for its maximum and
 * once for the sum of exponentials, the second time from the cache; the gradient writes the exponentials as it sums them and scales
 * them afterwards, so each is computed once.
 */
final class LossKernel {
    private static final long GRAIN = 8_192;

    private final Workers workers;

    LossKernel(Workers workers) {
        this.workers = workers;
    }

    private void eachRow(long rows, long width, Workers.Range range) {
        workers.ranges(rows, Math.max(1, GRAIN / Math.max(1, width)), range);
    }

    void logSoftmax(Tensor x, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment out = y.data();
        long width = x.shape().dim(-1);
        eachRow(x.shape().rows(), width, (from, to, _) -> {
            for (long row = from; row < to; row++) {
                long at = row * width;
                float max = max(in, at, width);
                subtract(in, out, at, width, max, (float) Math.log(sumExponentials(in, at, width, max)));
            }
        });
    }

    /** {@code y = (x - max) - rest}: max and rest added up first would lose digits of a row far from 0. */
    private static void subtract(MemorySegment x, MemorySegment y, long at, long width, float max, float rest) {
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            Lanes.store(Lanes.load(x, at + j).sub(max).sub(rest), y, at + j);
        }
        for (; j < width; j++) {
            Lanes.set(y, at + j, Lanes.get(x, at + j) - max - rest);
        }
    }

    void crossEntropy(int ignoreIndex, Tensor logits, Tensor targets, Tensor y) {
        MemorySegment in = logits.data();
        MemorySegment index = targets.data();
        MemorySegment out = y.data();
        long width = logits.shape().dim(-1);
        eachRow(y.elements(), width, (from, to, _) -> {
            for (long row = from; row < to; row++) {
                int target = Lanes.getInt(index, row);
                boolean ignored = target == ignoreIndex;
                Lanes.set(out, row, ignored ? 0 : (float) (logSumExp(in, row * width, width) - Lanes.get(in, row * width + target)));
            }
        });
    }

    void crossEntropyGrad(int ignoreIndex, Tensor logits, Tensor targets, Tensor g, Tensor dx) {
        MemorySegment in = logits.data();
        MemorySegment index = targets.data();
        MemorySegment gradient = g.data();
        MemorySegment out = dx.data();
        long width = logits.shape().dim(-1);
        eachRow(targets.elements(), width, (from, to, _) -> {
            for (long row = from; row < to; row++) {
                int target = Lanes.getInt(index, row);
                long at = row * width;
                if (target == ignoreIndex) {
                    RowKernel.fill(out, at, width, 0f);
                    continue;
                }
                float factor = Lanes.get(gradient, row);
                float max = max(in, at, width);
                scale(out, at, width, factor / storeExponentials(in, out, at, width, max));
                Lanes.set(out, at + target, Lanes.get(out, at + target) - factor);
            }
        });
    }

    private static double logSumExp(MemorySegment x, long at, long width) {
        float max = max(x, at, width);
        return max + Math.log(sumExponentials(x, at, width, max));
    }

    private static float max(MemorySegment x, long at, long width) {
        FloatVector even = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        FloatVector odd = even;
        long j = 0;
        for (; j + 2L * COUNT <= width; j += 2L * COUNT) {
            even = Lanes.larger(even, Lanes.load(x, at + j));
            odd = Lanes.larger(odd, Lanes.load(x, at + j + COUNT));
        }
        float max = Lanes.max(Lanes.larger(even, odd));
        for (; j < width; j++) {
            max = Math.max(max, Lanes.get(x, at + j));
        }
        return max;
    }

    private static float sumExponentials(MemorySegment x, long at, long width, float max) {
        FloatVector sum = FloatVector.zero(S);
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            sum = Exp.of(Lanes.load(x, at + j).sub(max)).add(sum);
        }
        float total = Lanes.sum(sum);
        for (; j < width; j++) {
            total += (float) Math.exp(Lanes.get(x, at + j) - max);
        }
        return total;
    }

    private static float storeExponentials(MemorySegment x, MemorySegment y, long at, long width, float max) {
        FloatVector sum = FloatVector.zero(S);
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            FloatVector e = Exp.of(Lanes.load(x, at + j).sub(max));
            Lanes.store(e, y, at + j);
            sum = e.add(sum);
        }
        float total = Lanes.sum(sum);
        for (; j < width; j++) {
            float e = (float) Math.exp(Lanes.get(x, at + j) - max);
            Lanes.set(y, at + j, e);
            total += e;
        }
        return total;
    }

    private static void scale(MemorySegment y, long at, long width, float factor) {
        long j = 0;
        for (; j + COUNT <= width; j += COUNT) {
            Lanes.store(Lanes.load(y, at + j).mul(factor), y, at + j);
        }
        for (; j < width; j++) {
            Lanes.set(y, at + j, Lanes.get(y, at + j) * factor);
        }
    }

    void segmentSum(Tensor x, Tensor starts, Tensor y) {
        MemorySegment in = x.data();
        MemorySegment index = starts.data();
        MemorySegment out = y.data();
        long mean = x.elements() / Math.max(1, y.elements()) + 1;
        eachRow(y.elements(), mean, (from, to, _) -> {
            for (long s = from; s < to; s++) {
                double sum = 0;
                for (long i = Lanes.getInt(index, s); i < Lanes.getInt(index, s + 1); i++) {
                    sum += Lanes.get(in, i);
                }
                Lanes.set(out, s, (float) sum);
            }
        });
    }

    void segmentExpand(Tensor y, Tensor starts, Tensor x) {
        MemorySegment in = y.data();
        MemorySegment index = starts.data();
        MemorySegment out = x.data();
        long mean = x.elements() / Math.max(1, y.elements()) + 1;
        eachRow(y.elements(), mean, (from, to, _) -> {
            for (long s = from; s < to; s++) {
                int first = Lanes.getInt(index, s);
                RowKernel.fill(out, first, Lanes.getInt(index, s + 1) - (long) first, Lanes.get(in, s));
            }
        });
    }
}
