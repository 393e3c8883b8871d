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
 * columns of b, as the first half of LoRA. The large operand is not packed.
 *
 * <p>In decoding time goes into reading W once from memory, in whatever type it is stored. A processor looks only some hundred instructions ahead, so a byte must cost few
 * of them: one row after the other in the order of memory, four vectors a turn at constant distances, and vectors of x in native memory, since an array is checked at
 * each access. A whole vector of BF16 is read as integers, each with two numbers in it; a shift and a mask make float32 of both, and x has its even elements before
 * its odd ones, so that nothing moves between lanes. Measured as bare loops on two cores of a Zen 5 whose memory gives 41 and, in other minutes, 72 GB/s: F32 as here 45 and 72, four
 * rows at a time 40 and 56, one row with x in an array 40 and 52; BF16, in the slow minutes only, as here 40, four rows 34. As a kernel, in turns with what it
 * replaced (four rows, half vectors of BF16 and F16 widened one by one): BF16 58 and 47 against 31, F16 46 and 43 against 15, F32 55 and 42 against 45.
 *
 * <p>Few columns of b meet rows that are still in a cache. There four rows at a time need fewer loads.
 */
final class MatVecKernel {
    /** More rows than this are faster packed. */
    static final int MAX_ROWS = 4;
    /** More columns than this are. */
    static final int MAX_COLUMNS = 16;

    private static final int GROUP = 4;
    private static final int X_SLOT = 5;
    private static final int COLUMNS_SLOT = 3;
    private static final int DOT_SLOT = 4;
    private static final long GRAIN = 32_768;
    private static final long VECTOR = 4L * COUNT;
    /** The upper of two numbers of BF16, which is a float32. */
    private static final int UPPER = 0xffff0000;
    private static final IntVector EVEN = IntVector.broadcast(I, 0).addIndex(2);
    private static final IntVector ODD = IntVector.broadcast(I, 1).addIndex(2);

    private final Workers workers;

    MatVecKernel(Workers workers) {
        this.workers = workers;
    }

    /** {@code c [rows, columns] (+)= factor x w^T}, w {@code [columns, inner]}. */
    void multiply(Matrix x, int rows, Matrix w, int columns, int inner, MemorySegment c, float factor, boolean add) {
        int stride = (inner + COUNT - 1) / COUNT * COUNT;
        MemorySegment vectors = workers.scratch().nativeFloats(X_SLOT, (long) rows * stride);
        Panels.copy(x, rows, inner, vectors, 0, stride);
        for (int i = 0; i < rows && w.type() == DType.BF16; i++) {
            evenBeforeOdd(vectors, (long) i * stride, inner);
        }
        workers.ranges(columns, Math.max(1, GRAIN / Math.max(1, inner)), (from, to, _) -> {
            for (long j = from; j < to; j++) {
                for (int i = 0; i < rows; i++) {
                    float value = factor * dot(w, j, vectors, (long) i * stride, inner);
                    long at = (long) i * columns + j;
                    Lanes.set(c, at, add ? Lanes.get(c, at) + value : value);
                }
            }
        });
    }

    /** Of every two vectors of numbers the first, third .. come before the second, fourth ..; those that are left over stay. */
    private static void evenBeforeOdd(MemorySegment x, long at, int count) {
        for (long i = at; i + 2L * COUNT <= at + count; i += 2L * COUNT) {
            IntVector first = Lanes.load(x, i).reinterpretAsInts();
            IntVector second = Lanes.load(x, i + COUNT).reinterpretAsInts();
            Lanes.store(EVEN.selectFrom(first, second).reinterpretAsFloats(), x, i);
            Lanes.store(ODD.selectFrom(first, second).reinterpretAsFloats(), x, i + COUNT);
        }
    }

    /** Of row j of w and {@code count} numbers from {@code at} on. */
    private static float dot(Matrix w, long j, MemorySegment x, long at, int count) {
        int whole = w.type() == DType.BF16 ? count / (2 * COUNT) * (2 * COUNT) : S.loopBound(count);
        long from = w.index(j, 0);
        long vector = Lanes.address(x, at, whole, 4);
        float sum = switch (w.type()) {
            case F32 -> dotF32(Lanes.address(w.data(), from, whole, 4), vector, whole);
            case BF16 -> dotBf16(Lanes.address(w.data(), from, whole, 2), vector, whole);
            default -> dotF16(w.data(), from, x, at, whole);
        };
        for (int i = whole; i < count; i++) {
            sum += Lanes.widen(w.type(), w.data(), from + i) * Lanes.get(x, at + i);
        }
        return sum;
    }

    private static float dotF32(long w, long x, int count) {
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        long row = w;
        long vector = x;
        long end = w + count / (4 * COUNT) * (4 * VECTOR);
        for (; row < end; row += 4 * VECTOR, vector += 4 * VECTOR) {
            long at = row & ADDRESS;
            long other = vector & ADDRESS;
            sum0 = FloatVector.fromMemorySegment(S, ALL, at, ORDER).fma(FloatVector.fromMemorySegment(S, ALL, other, ORDER), sum0);
            sum1 = FloatVector.fromMemorySegment(S, ALL, at + VECTOR, ORDER).fma(FloatVector.fromMemorySegment(S, ALL, other + VECTOR, ORDER), sum1);
            sum2 = FloatVector.fromMemorySegment(S, ALL, at + 2 * VECTOR, ORDER).fma(FloatVector.fromMemorySegment(S, ALL, other + 2 * VECTOR, ORDER), sum2);
            sum3 = FloatVector.fromMemorySegment(S, ALL, at + 3 * VECTOR, ORDER).fma(FloatVector.fromMemorySegment(S, ALL, other + 3 * VECTOR, ORDER), sum3);
        }
        for (; row < w + 4L * count; row += VECTOR, vector += VECTOR) {
            sum0 = FloatVector.fromMemorySegment(S, ALL, row & ADDRESS, ORDER).fma(FloatVector.fromMemorySegment(S, ALL, vector & ADDRESS, ORDER), sum0);
        }
        return Lanes.sum(sum0.add(sum1).add(sum2.add(sum3)));
    }

    private static float dotBf16(long w, long x, int count) {
        FloatVector even0 = FloatVector.zero(S);
        FloatVector odd0 = even0;
        FloatVector even1 = even0;
        FloatVector odd1 = even0;
        long row = w;
        long vector = x;
        long end = w + count / (4 * COUNT) * (2 * VECTOR);
        for (; row < end; row += 2 * VECTOR, vector += 4 * VECTOR) {
            long at = row & ADDRESS;
            long other = vector & ADDRESS;
            IntVector pairs0 = IntVector.fromMemorySegment(I, ALL, at, ORDER);
            IntVector pairs1 = IntVector.fromMemorySegment(I, ALL, at + VECTOR, ORDER);
            even0 = pairs0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(S, ALL, other, ORDER), even0);
            odd0 = pairs0.and(UPPER).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(S, ALL, other + VECTOR, ORDER), odd0);
            even1 = pairs1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(S, ALL, other + 2 * VECTOR, ORDER), even1);
            odd1 = pairs1.and(UPPER).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(S, ALL, other + 3 * VECTOR, ORDER), odd1);
        }
        if (row < w + 2L * count) {
            IntVector pairs = IntVector.fromMemorySegment(I, ALL, row & ADDRESS, ORDER);
            even0 = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(S, ALL, vector & ADDRESS, ORDER), even0);
            odd0 = pairs.and(UPPER).reinterpretAsFloats().fma(FloatVector.fromMemorySegment(S, ALL, (vector + VECTOR) & ADDRESS, ORDER), odd0);
        }
        return Lanes.sum(even0.add(odd0).add(even1.add(odd1)));
    }

    private static float dotF16(MemorySegment w, long from, MemorySegment x, long at, int count) {
        FloatVector sum = FloatVector.zero(S);
        for (int i = 0; i < count; i += COUNT) {
            sum = Lanes.loadF16(w, from + i).fma(Lanes.load(x, at + i), sum);
        }
        return Lanes.sum(sum);
    }

    /** {@code c [rows, columns] = x op(b)}, x of F32; b is stored {@code [columns, inner]} if it is to be transposed, else {@code [inner, columns]}. */
    void fewColumns(Matrix x, int rows, Matrix b, boolean transposed, int columns, int inner, MemorySegment c) {
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
