package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;

import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Copies between element types, and fills. The pairs that training and loading use (same type, BF16 and F16 to F32, F32 to BF16) are
 * vectors; every other pair goes element by element through the widest type, as the reference does.
 */
final class ConvertKernel {
    private static final long GRAIN = 16_384;
    private static final VectorSpecies<Short> HALF = VectorSpecies.of(short.class, VectorShape.forBitSize(Lanes.S.vectorBitSize() / 2));

    private final Workers workers;

    ConvertKernel(Workers workers) {
        this.workers = workers;
    }

    void copy(Tensor target, Tensor source) {
        DType to = target.dtype();
        DType from = source.dtype();
        MemorySegment out = target.data();
        MemorySegment in = source.data();
        long count = target.elements();
        if (from == to) {
            long bytes = to.bytes();
            workers.ranges(count, GRAIN, (first, last, _) -> MemorySegment.copy(in, first * bytes, out, first * bytes, (last - first) * bytes));
        } else if (to == DType.F32 && from == DType.BF16) {
            workers.ranges(count, GRAIN, (first, last, _) -> widenBf16(in, out, first, last));
        } else if (to == DType.F32 && from == DType.F16) {
            workers.ranges(count, GRAIN, (first, last, _) -> widenF16(in, out, first, last));
        } else if (to == DType.BF16 && from == DType.F32) {
            workers.ranges(count, GRAIN, (first, last, _) -> narrowBf16(in, out, first, last));
        } else {
            workers.ranges(count, GRAIN, (first, last, _) -> {
                for (long i = first; i < last; i++) {
                    target.set(i, source.get(i));
                }
            });
        }
    }

    private static void widenBf16(MemorySegment in, MemorySegment out, long from, long to) {
        long i = from;
        for (; i + COUNT <= to; i += COUNT) {
            Lanes.store(Lanes.loadBf16(in, i), out, i);
        }
        for (; i < to; i++) {
            Lanes.set(out, i, Lanes.widen(DType.BF16, in, i));
        }
    }

    private static void widenF16(MemorySegment in, MemorySegment out, long from, long to) {
        long i = from;
        for (; i + COUNT <= to; i += COUNT) {
            Lanes.store(Lanes.loadF16(in, i), out, i);
        }
        for (; i < to; i++) {
            Lanes.set(out, i, Lanes.widen(DType.F16, in, i));
        }
    }

    /** The nearest bfloat16, ties to even, as {@link DType#toBf16}: half of the last kept bit, less one unit where that bit is 0, is added before cutting. */
    private static void narrowBf16(MemorySegment in, MemorySegment out, long from, long to) {
        long i = from;
        for (; i + COUNT <= to; i += COUNT) {
            FloatVector value = Lanes.load(in, i);
            IntVector bits = value.reinterpretAsInts();
            IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
            IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
            VectorMask<Integer> nan = value.test(VectorOperators.IS_NAN).cast(Lanes.I);
            ShortVector half = (ShortVector) rounded.blend(0x7fc0, nan).convertShape(VectorOperators.I2S, HALF, 0);
            Lanes.storeShorts(half, out, i);
        }
        for (; i < to; i++) {
            Lanes.setShort(out, i, DType.toBf16(Lanes.get(in, i)));
        }
    }

    void fill(Tensor target, double value) {
        long count = target.elements();
        if (target.dtype() == DType.F32) {
            MemorySegment out = target.data();
            workers.ranges(count, GRAIN, (from, to, _) -> RowKernel.fill(out, from, to - from, (float) value));
        } else {
            workers.ranges(count, GRAIN, (from, to, _) -> {
                for (long i = from; i < to; i++) {
                    target.set(i, value);
                }
            });
        }
    }
}
