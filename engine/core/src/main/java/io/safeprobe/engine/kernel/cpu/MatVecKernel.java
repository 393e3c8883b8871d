package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.I;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of a large matrix with a few vectors: {@code c (+)= factor x W^T} for a few rows of x, as in decoding, and {@code c = x op(b)} for a few
 * columns of b, as the first half of LoRA. Time goes into reading the large operand once from memory, so it is not packed:
 * a few of its rows at a time, in whatever type they are stored, meet every vector while they are in the first-level cache. Four rows
 * are four streams for the prefetcher and four accumulators to hide the latency of the multiply-add.
 *
 * <p>How far ahead a processor reads depends on how few instructions there are to a byte, and that decides about weights of 16 bits. A whole vector of BF16 is read as
 * integers, each with two numbers in it; a shift and a mask make float32 of both, and the vectors have their even elements before their odd ones, so that nothing
 * moves between lanes. Measured in one run, where a sum of float32 reads 43 and, in other minutes, 76 GB/s: four rows of half vectors widened one by one 28; of
 * whole ones 34 and 43, eight rows 35 and 50, sixteen 34 and 43; one row at a time 35 and 40; touching the next rows first 37 and 44. Of F32 four rows 41 and 57, eight 37 and 46.
 */
final class MatVecKernel {
    /** More rows than this are faster packed. */
    static final int MAX_ROWS = 4;
    /** More columns than this are. */
    static final int MAX_COLUMNS = 16;

    private static final int GROUP = 4;
    private static final int GROUP_BF16 = 8;
    private static final int PAIRS = 2 * COUNT;
    private static final int ODD = 0xffff0000;
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
        int most = w.type() == DType.BF16 ? GROUP_BF16 : GROUP;
        if (w.type() == DType.BF16 && rows >= most) {
            for (int i = 0; i < count; i++) {
                evenBeforeOdd(vectors, i * inner, inner);
            }
        }
        long grain = Math.max(1, GRAIN / Math.max(1, inner) / most) * most;
        workers.ranges(rows, grain, (from, to, scratch) -> {
            float[] dots = scratch.floats(DOT_SLOT, most);
            for (long j = from; j < to; j += most) {
                // The last group begins earlier, so that the bits of a row do not depend on how many there are.
                long first = Math.max(0, Math.min(j, rows - most));
                int group = (int) Math.min(most, to - first);
                for (int i = 0; i < count; i++) {
                    dots(w, first, group, group == most, vectors, i * inner, inner, dots);
                    for (long row = j; row < first + group; row++) {
                        target.put(i, row, dots[(int) (row - first)]);
                    }
                }
            }
        });
    }

    /** Of every {@link #PAIRS} numbers the first, third .. come before the second, fourth ..; those that are left over stay. */
    private static void evenBeforeOdd(float[] x, int at, int count) {
        float[] block = new float[PAIRS];
        for (int from = at; from + PAIRS <= at + count; from += PAIRS) {
            System.arraycopy(x, from, block, 0, PAIRS);
            for (int i = 0; i < COUNT; i++) {
                x[from + i] = block[2 * i];
                x[from + COUNT + i] = block[2 * i + 1];
            }
        }
    }

    private static void dots(Matrix w, long row, int group, boolean whole, float[] x, int at, int count, float[] dots) {
        if (!whole) {
            for (int j = 0; j < group; j++) {
                dots[j] = dot(w, w.index(row + j, 0), x, at, count);
            }
            return;
        }
        int vectors = w.type() == DType.BF16 ? count / PAIRS * PAIRS : S.loopBound(count);
        switch (w.type()) {
            case F32 -> groupF32(w.data(), w.index(row, 0), w.stride(), x, at, vectors, dots);
            case BF16 -> groupBf16(w.data(), w.index(row, 0), w.stride(), x, at, vectors, dots);
            default -> groupF16(w.data(), w.index(row, 0), w.stride(), x, at, vectors, dots);
        }
        for (int j = 0; j < group; j++) {
            for (int i = vectors; i < count; i++) {
                dots[j] += Lanes.widen(w.type(), w.data(), w.index(row + j, i)) * x[at + i];
            }
        }
    }

    /** Spelled out, with addresses checked at once ({@link Lanes}), as is the next. */
    private static void groupF32(MemorySegment w, long from, long stride, float[] x, int at, int count, float[] dots) {
        long row0 = Lanes.address(w, from, count, 4);
        long row1 = Lanes.address(w, from + stride, count, 4);
        long row2 = Lanes.address(w, from + 2 * stride, count, 4);
        long row3 = Lanes.address(w, from + 3 * stride, count, 4);
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(S, x, at + i);
            sum0 = FloatVector.fromMemorySegment(S, ALL, (row0 + 4L * i) & ADDRESS, ORDER).fma(v, sum0);
            sum1 = FloatVector.fromMemorySegment(S, ALL, (row1 + 4L * i) & ADDRESS, ORDER).fma(v, sum1);
            sum2 = FloatVector.fromMemorySegment(S, ALL, (row2 + 4L * i) & ADDRESS, ORDER).fma(v, sum2);
            sum3 = FloatVector.fromMemorySegment(S, ALL, (row3 + 4L * i) & ADDRESS, ORDER).fma(v, sum3);
        }
        dots[0] = Lanes.sum(sum0);
        dots[1] = Lanes.sum(sum1);
        dots[2] = Lanes.sum(sum2);
        dots[3] = Lanes.sum(sum3);
    }

    private static void groupBf16(MemorySegment w, long from, long stride, float[] x, int at, int count, float[] dots) {
        long row0 = Lanes.address(w, from, count, 2);
        long row1 = Lanes.address(w, from + stride, count, 2);
        long row2 = Lanes.address(w, from + 2 * stride, count, 2);
        long row3 = Lanes.address(w, from + 3 * stride, count, 2);
        long row4 = Lanes.address(w, from + 4 * stride, count, 2);
        long row5 = Lanes.address(w, from + 5 * stride, count, 2);
        long row6 = Lanes.address(w, from + 6 * stride, count, 2);
        long row7 = Lanes.address(w, from + 7 * stride, count, 2);
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        FloatVector sum4 = sum0;
        FloatVector sum5 = sum0;
        FloatVector sum6 = sum0;
        FloatVector sum7 = sum0;
        for (int i = 0; i < count; i += PAIRS) {
            FloatVector even = FloatVector.fromArray(S, x, at + i);
            FloatVector odd = FloatVector.fromArray(S, x, at + i + COUNT);
            IntVector pair0 = IntVector.fromMemorySegment(I, ALL, (row0 + 2L * i) & ADDRESS, ORDER);
            sum0 = pair0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, sum0);
            sum0 = pair0.and(ODD).reinterpretAsFloats().fma(odd, sum0);
            IntVector pair1 = IntVector.fromMemorySegment(I, ALL, (row1 + 2L * i) & ADDRESS, ORDER);
            sum1 = pair1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, sum1);
            sum1 = pair1.and(ODD).reinterpretAsFloats().fma(odd, sum1);
            IntVector pair2 = IntVector.fromMemorySegment(I, ALL, (row2 + 2L * i) & ADDRESS, ORDER);
            sum2 = pair2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, sum2);
            sum2 = pair2.and(ODD).reinterpretAsFloats().fma(odd, sum2);
            IntVector pair3 = IntVector.fromMemorySegment(I, ALL, (row3 + 2L * i) & ADDRESS, ORDER);
            sum3 = pair3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, sum3);
            sum3 = pair3.and(ODD).reinterpretAsFloats().fma(odd, sum3);
            IntVector pair4 = IntVector.fromMemorySegment(I, ALL, (row4 + 2L * i) & ADDRESS, ORDER);
            sum4 = pair4.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, sum4);
            sum4 = pair4.and(ODD).reinterpretAsFloats().fma(odd, sum4);
            IntVector pair5 = IntVector.fromMemorySegment(I, ALL, (row5 + 2L * i) & ADDRESS, ORDER);
            sum5 = pair5.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, sum5);
            sum5 = pair5.and(ODD).reinterpretAsFloats().fma(odd, sum5);
            IntVector pair6 = IntVector.fromMemorySegment(I, ALL, (row6 + 2L * i) & ADDRESS, ORDER);
            sum6 = pair6.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, sum6);
            sum6 = pair6.and(ODD).reinterpretAsFloats().fma(odd, sum6);
            IntVector pair7 = IntVector.fromMemorySegment(I, ALL, (row7 + 2L * i) & ADDRESS, ORDER);
            sum7 = pair7.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, sum7);
            sum7 = pair7.and(ODD).reinterpretAsFloats().fma(odd, sum7);
        }
        dots[0] = Lanes.sum(sum0);
        dots[1] = Lanes.sum(sum1);
        dots[2] = Lanes.sum(sum2);
        dots[3] = Lanes.sum(sum3);
        dots[4] = Lanes.sum(sum4);
        dots[5] = Lanes.sum(sum5);
        dots[6] = Lanes.sum(sum6);
        dots[7] = Lanes.sum(sum7);
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
