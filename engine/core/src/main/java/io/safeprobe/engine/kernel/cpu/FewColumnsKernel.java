package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Products {@code c = x op(b)} of a large matrix with a few columns of b, as the first half of LoRA. The large operand is not packed. Its rows are still
 * in a cache, and there four rows at a time need fewer loads.
 */
final class FewColumnsKernel {
    /** More columns than this are faster packed. */
    static final int MAX_COLUMNS = 16;

    private static final int GROUP = 4;
    private static final int COLUMNS_SLOT = 3;
    private static final int DOT_SLOT = 4;
    private static final long GRAIN = 32_768;

    private final Workers workers;

    FewColumnsKernel(Workers workers) {
        this.workers = workers;
    }

    /** {@code c [rows, columns] = x op(b)}, x of F32; b is stored {@code [columns, inner]} if it is to be transposed, else {@code [inner, columns]}. */
    void multiply(Matrix x, int rows, Matrix b, boolean transposed, int columns, int inner, MemorySegment c) {
        float[] vectors = workers.scratch().floats(COLUMNS_SLOT, columns * inner);
        for (int i = 0; i < columns; i++) {
            if (transposed) {
                Lanes.widen(b.type(), b.data(), b.index(i, 0), inner, vectors, i * inner);
            } else {
                for (int k = 0; k < inner; k++) {
                    vectors[i * inner + k] = Lanes.widen(b.type(), b.data(), b.index(k, i));
                }
            }
        }
        long grain = Math.max(1, GRAIN / Math.max(1, inner) / GROUP) * GROUP;
        workers.ranges(rows, grain, (from, to, scratch) -> {
            float[] dots = scratch.floats(DOT_SLOT, GROUP);
            for (long j = from; j < to; j += GROUP) {
                // The last group begins earlier, so that the bits of a row do not depend on how many there are.
                long first = Math.max(0, Math.min(j, rows - GROUP));
                int group = (int) Math.min(GROUP, to - first);
                for (int i = 0; i < columns; i++) {
                    dots(x, first, group, vectors, i * inner, inner, dots);
                    for (long row = j; row < first + group; row++) {
                        Lanes.set(c, row * columns + i, dots[(int) (row - first)]);
                    }
                }
            }
        });
    }

    private static void dots(Matrix x, long row, int group, float[] vector, int at, int count, float[] dots) {
        if (group < GROUP) {
            for (int j = 0; j < group; j++) {
                dots[j] = rowLeftOver(x, x.index(row + j, 0), vector, at, count);
            }
            return;
        }
        int whole = S.loopBound(count);
        fourRows(x.data(), x.index(row, 0), x.stride(), vector, at, whole, dots);
        for (int j = 0; j < GROUP; j++) {
            for (int i = whole; i < count; i++) {
                dots[j] += Lanes.get(x.data(), x.index(row + j, i)) * vector[at + i];
            }
        }
    }

    private static void fourRows(MemorySegment x, long from, long stride, float[] vector, int at, int count, float[] dots) {
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(S, vector, at + i);
            long row = from + i;
            sum0 = Lanes.load(x, row).fma(v, sum0);
            sum1 = Lanes.load(x, row + stride).fma(v, sum1);
            sum2 = Lanes.load(x, row + 2 * stride).fma(v, sum2);
            sum3 = Lanes.load(x, row + 3 * stride).fma(v, sum3);
        }
        dots[0] = Lanes.sum(sum0);
        dots[1] = Lanes.sum(sum1);
        dots[2] = Lanes.sum(sum2);
        dots[3] = Lanes.sum(sum3);
    }

    private static float rowLeftOver(Matrix x, long from, float[] vector, int at, int count) {
        float sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Lanes.get(x.data(), from + i) * vector[at + i];
        }
        return sum;
    }
}
