package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Products of a large matrix with a few vectors: {@code c (+)= factor x W^T} for a few rows of x, as in decoding, and {@code c = x op(b)} for a few
 * columns of b, as the first half of LoRA. Time goes into reading the large operand once from memory, so it is not packed:
 * four of its rows at a time, in whatever type they are stored, meet every vector while they are in the first-level cache. Four rows
 * are four streams for the prefetcher and four accumulators to hide the latency of the multiply-add.
 */
final class MatVecKernel {
    /** More rows than this are faster packed. */
    static final int MAX_ROWS = 4;
    /** More columns than this are. */
    static final int MAX_COLUMNS = 16;

    private static final int GROUP = 4;
    private static final int X_SLOT = 3;
    private static final int DOT_SLOT = 4;
    private static final long GRAIN = 32_768;

    /** Where results go: of vector i and row j of the large matrix to {@code vectorStep i + rowStep j}. */
    private record Target(MemorySegment c, long vectorStep, long rowStep, float factor, boolean add) {
        void put(int vector, long row, float value) {
            long at = vectorStep * vector + rowStep * row;
            Lanes.set(c, at, add ? Lanes.get(c, at) + factor * value : factor * value);
        }
    }

    private final Workers workers;

    MatVecKernel(Workers workers) {
        this.workers = workers;
    }

    /** {@code c [rows, columns] (+)= factor x w^T}, w {@code [columns, inner]}. */
    void multiply(Matrix x, int rows, Matrix w, int columns, int inner, MemorySegment c, float factor, boolean add) {
        float[] vectors = workers.scratch().floats(X_SLOT, rows * inner);
        for (int i = 0; i < rows; i++) {
            Lanes.widen(x.type(), x.data(), x.index(i, 0), inner, vectors, i * inner);
        }
        multiply(w, columns, vectors, rows, inner, new Target(c, columns, 1, factor, add));
    }

    /** {@code c [rows, columns] = x op(b)}; b is stored {@code [columns, inner]} if it is to be transposed, else {@code [inner, columns]}. */
    void fewColumns(Matrix x, int rows, Matrix b, boolean transposed, int columns, int inner, MemorySegment c) {
        float[] vectors = workers.scratch().floats(X_SLOT, columns * inner);
        for (int i = 0; i < columns; i++) {
            if (transposed) {
                Lanes.widen(b.type(), b.data(), b.index(i, 0), inner, vectors, i * inner);
            } else {
                for (int k = 0; k < inner; k++) {
                    vectors[i * inner + k] = Lanes.widen(b.type(), b.data(), b.index(k, i));
                }
            }
        }
        multiply(x, rows, vectors, columns, inner, new Target(c, 1, columns, 1, false));
    }

    private void multiply(Matrix w, int rows, float[] vectors, int count, int inner, Target target) {
        long grain = Math.max(1, GRAIN / Math.max(1, inner) / GROUP) * GROUP;
        workers.ranges(rows, grain, (from, to, scratch) -> {
            float[] dots = scratch.floats(DOT_SLOT, GROUP);
            for (long j = from; j < to; j += GROUP) {
                // The last group begins earlier, so that the bits of a row do not depend on how many there are.
                long first = Math.max(0, Math.min(j, rows - GROUP));
                int group = (int) Math.min(GROUP, to - first);
                for (int i = 0; i < count; i++) {
                    dots(w, first, group, vectors, i * inner, inner, dots);
                    for (long row = j; row < first + group; row++) {
                        target.put(i, row, dots[(int) (row - first)]);
                    }
                }
            }
        });
    }

    private static void dots(Matrix w, long row, int group, float[] x, int at, int count, float[] dots) {
        if (group < GROUP) {
            for (int j = 0; j < group; j++) {
                dots[j] = dot(w, w.index(row + j, 0), x, at, count);
            }
            return;
        }
        int whole = S.loopBound(count);
        switch (w.type()) {
            case F32 -> groupF32(w.data(), w.index(row, 0), w.stride(), x, at, whole, dots);
            case BF16 -> groupBf16(w.data(), w.index(row, 0), w.stride(), x, at, whole, dots);
            default -> groupF16(w.data(), w.index(row, 0), w.stride(), x, at, whole, dots);
        }
        for (int j = 0; j < GROUP; j++) {
            for (int i = whole; i < count; i++) {
                dots[j] += Lanes.widen(w.type(), w.data(), w.index(row + j, i)) * x[at + i];
            }
        }
    }

    private static void groupF32(MemorySegment w, long from, long stride, float[] x, int at, int count, float[] dots) {
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(S, x, at + i);
            long row = from + i;
            sum0 = Lanes.load(w, row).fma(v, sum0);
            sum1 = Lanes.load(w, row + stride).fma(v, sum1);
            sum2 = Lanes.load(w, row + 2 * stride).fma(v, sum2);
            sum3 = Lanes.load(w, row + 3 * stride).fma(v, sum3);
        }
        dots[0] = Lanes.sum(sum0);
        dots[1] = Lanes.sum(sum1);
        dots[2] = Lanes.sum(sum2);
        dots[3] = Lanes.sum(sum3);
    }

    private static void groupBf16(MemorySegment w, long from, long stride, float[] x, int at, int count, float[] dots) {
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(S, x, at + i);
            long row = from + i;
            sum0 = Lanes.loadBf16(w, row).fma(v, sum0);
            sum1 = Lanes.loadBf16(w, row + stride).fma(v, sum1);
            sum2 = Lanes.loadBf16(w, row + 2 * stride).fma(v, sum2);
            sum3 = Lanes.loadBf16(w, row + 3 * stride).fma(v, sum3);
        }
        dots[0] = Lanes.sum(sum0);
        dots[1] = Lanes.sum(sum1);
        dots[2] = Lanes.sum(sum2);
        dots[3] = Lanes.sum(sum3);
    }

    private static void groupF16(MemorySegment w, long from, long stride, float[] x, int at, int count, float[] dots) {
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(S, x, at + i);
            long row = from + i;
            sum0 = Lanes.loadF16(w, row).fma(v, sum0);
            sum1 = Lanes.loadF16(w, row + stride).fma(v, sum1);
            sum2 = Lanes.loadF16(w, row + 2 * stride).fma(v, sum2);
            sum3 = Lanes.loadF16(w, row + 3 * stride).fma(v, sum3);
        }
        dots[0] = Lanes.sum(sum0);
        dots[1] = Lanes.sum(sum1);
        dots[2] = Lanes.sum(sum2);
        dots[3] = Lanes.sum(sum3);
    }

    /** A row that is left over. */
    private static float dot(Matrix w, long from, float[] x, int at, int count) {
        float sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Lanes.widen(w.type(), w.data(), from + i) * x[at + i];
        }
        return sum;
    }
}
