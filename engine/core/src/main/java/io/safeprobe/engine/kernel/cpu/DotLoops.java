package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.I;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Dot products of rows of weights and a vector, by addresses that have been checked. Sums are vectors in memory, as a vector that a method returns is an object. A
 * whole vector of a half type is read as integers, each with two numbers in it; shifts and masks make float32 of both, so that nothing moves between lanes.
 *
 * <p>Loops of four rows spell out the calls of the library, as {@link Lanes} has it: with helpers of ours for the last vector of a row, sums were objects in some runs of the JVM.
 *
 * <p>A turn of the loop takes two vectors of each row from F32 (alone 49 to 68 GB/s, one 43 to 51) and one from BF16 (61 to 69, two 53 to 60).
 */
final class DotLoops {
    /** Rows of one loop. */
    static final int GROUP = 4;
    /** Bytes of a vector. */
    static final long VECTOR = 4L * COUNT;

    /** The upper of two numbers of BF16, which is a float32. */
    private static final int UPPER = 0xffff0000;

    private DotLoops() {}

    /** Sums of {@code vectors} vectors of words for each of four rows, {@code apart} bytes apart. */
    static void dots(DType type, long row, long apart, long x, int vectors, long sums) {
        switch (type) {
            case F32 -> dotsF32(row, apart, x, vectors, sums);
            case BF16 -> dotsBf16(row, apart, x, vectors, sums);
            default -> {
                for (int g = 0; g < GROUP; g++) {
                    dotF16(row + g * apart, x, vectors, sums + g * VECTOR);
                }
            }
        }
    }

    static float sum(long sums) {
        return Lanes.sum(load(sums));
    }

    private static void dotsF32(long w, long apart, long x, int vectors, long sums) {
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        long row = w;
        long vector = x;
        long end = w + vectors * VECTOR;
        for (; row < end - VECTOR; row += 2 * VECTOR, vector += 2 * VECTOR) {
            long at0 = row & ADDRESS;
            long at1 = (row + apart) & ADDRESS;
            long at2 = (row + 2 * apart) & ADDRESS;
            long at3 = (row + 3 * apart) & ADDRESS;
            FloatVector first = FloatVector.fromMemorySegment(S, ALL, vector & ADDRESS, ORDER);
            FloatVector second = FloatVector.fromMemorySegment(S, ALL, (vector + VECTOR) & ADDRESS, ORDER);
            sum0 = FloatVector.fromMemorySegment(S, ALL, at0, ORDER).fma(first, sum0);
            sum0 = FloatVector.fromMemorySegment(S, ALL, at0 + VECTOR, ORDER).fma(second, sum0);
            sum1 = FloatVector.fromMemorySegment(S, ALL, at1, ORDER).fma(first, sum1);
            sum1 = FloatVector.fromMemorySegment(S, ALL, at1 + VECTOR, ORDER).fma(second, sum1);
            sum2 = FloatVector.fromMemorySegment(S, ALL, at2, ORDER).fma(first, sum2);
            sum2 = FloatVector.fromMemorySegment(S, ALL, at2 + VECTOR, ORDER).fma(second, sum2);
            sum3 = FloatVector.fromMemorySegment(S, ALL, at3, ORDER).fma(first, sum3);
            sum3 = FloatVector.fromMemorySegment(S, ALL, at3 + VECTOR, ORDER).fma(second, sum3);
        }
        if (row < end) {
            FloatVector number = FloatVector.fromMemorySegment(S, ALL, vector & ADDRESS, ORDER);
            sum0 = FloatVector.fromMemorySegment(S, ALL, row & ADDRESS, ORDER).fma(number, sum0);
            sum1 = FloatVector.fromMemorySegment(S, ALL, (row + apart) & ADDRESS, ORDER).fma(number, sum1);
            sum2 = FloatVector.fromMemorySegment(S, ALL, (row + 2 * apart) & ADDRESS, ORDER).fma(number, sum2);
            sum3 = FloatVector.fromMemorySegment(S, ALL, (row + 3 * apart) & ADDRESS, ORDER).fma(number, sum3);
        }
        sum0.intoMemorySegment(ALL, sums & ADDRESS, ORDER);
        sum1.intoMemorySegment(ALL, (sums + VECTOR) & ADDRESS, ORDER);
        sum2.intoMemorySegment(ALL, (sums + 2 * VECTOR) & ADDRESS, ORDER);
        sum3.intoMemorySegment(ALL, (sums + 3 * VECTOR) & ADDRESS, ORDER);
    }

    private static void dotsBf16(long w, long apart, long x, int vectors, long sums) {
        FloatVector even0 = FloatVector.zero(S);
        FloatVector even1 = even0;
        FloatVector even2 = even0;
        FloatVector even3 = even0;
        FloatVector odd0 = even0;
        FloatVector odd1 = even0;
        FloatVector odd2 = even0;
        FloatVector odd3 = even0;
        long vector = x;
        for (long row = w; row < w + vectors * VECTOR; row += VECTOR, vector += 2 * VECTOR) {
            FloatVector even = FloatVector.fromMemorySegment(S, ALL, vector & ADDRESS, ORDER);
            FloatVector odd = FloatVector.fromMemorySegment(S, ALL, (vector + VECTOR) & ADDRESS, ORDER);
            IntVector pairs0 = IntVector.fromMemorySegment(I, ALL, row & ADDRESS, ORDER);
            IntVector pairs1 = IntVector.fromMemorySegment(I, ALL, (row + apart) & ADDRESS, ORDER);
            IntVector pairs2 = IntVector.fromMemorySegment(I, ALL, (row + 2 * apart) & ADDRESS, ORDER);
            IntVector pairs3 = IntVector.fromMemorySegment(I, ALL, (row + 3 * apart) & ADDRESS, ORDER);
            even0 = lowerBf16(pairs0).fma(even, even0);
            odd0 = upperBf16(pairs0).fma(odd, odd0);
            even1 = lowerBf16(pairs1).fma(even, even1);
            odd1 = upperBf16(pairs1).fma(odd, odd1);
            even2 = lowerBf16(pairs2).fma(even, even2);
            odd2 = upperBf16(pairs2).fma(odd, odd2);
            even3 = lowerBf16(pairs3).fma(even, even3);
            odd3 = upperBf16(pairs3).fma(odd, odd3);
        }
        even0.add(odd0).intoMemorySegment(ALL, sums & ADDRESS, ORDER);
        even1.add(odd1).intoMemorySegment(ALL, (sums + VECTOR) & ADDRESS, ORDER);
        even2.add(odd2).intoMemorySegment(ALL, (sums + 2 * VECTOR) & ADDRESS, ORDER);
        even3.add(odd3).intoMemorySegment(ALL, (sums + 3 * VECTOR) & ADDRESS, ORDER);
    }

    private static void dotF16(long w, long x, int vectors, long sums) {
        FloatVector even = FloatVector.zero(S);
        FloatVector odd = even;
        long vector = x;
        for (long row = w; row < w + vectors * VECTOR; row += VECTOR, vector += 2 * VECTOR) {
            IntVector pairs = IntVector.fromMemorySegment(I, ALL, row & ADDRESS, ORDER);
            even = Lanes.widenF16(pairs).fma(load(vector), even);
            odd = Lanes.widenF16(pairs.lanewise(VectorOperators.LSHR, 16)).fma(load(vector + VECTOR), odd);
        }
        store(even.add(odd), sums);
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(S, ALL, address & ADDRESS, ORDER);
    }

    private static void store(FloatVector value, long address) {
        value.intoMemorySegment(ALL, address & ADDRESS, ORDER);
    }

    private static FloatVector lowerBf16(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    private static FloatVector upperBf16(IntVector pairs) {
        return pairs.and(UPPER).reinterpretAsFloats();
    }
}
