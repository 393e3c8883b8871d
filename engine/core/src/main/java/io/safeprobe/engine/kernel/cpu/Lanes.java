package io.safeprobe.engine.kernel.cpu;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors of the machine's preferred width and how they come from and go to tensor memory, which lies outside the heap. Indices count elements, not
 * bytes. All access is bounds-checked: a wrong index is an exception, not a dead JVM.
 *
 * <p>The check is made here, and then memory is read by address through one constant segment. Read through the segment of the tensor itself, the speed of
 * a loop depended on what the JVM had run before: while the Vector API is still interpreted it casts vectors by way of arrays, so that the
 * compiler learns of two classes of segments at the one place all loops share, asks at every access which it is, and moves nothing out of loops (seen: a
 * product of two tensors three times slower once a SiLU had run).
 *
 * <p>Three more rules keep vectors out of the heap, where they cost four times the work; a test counts the objects. A vector that is carried around a loop is not
 * returned but written to an array: what a method returns is an object, and so then is each vector on the way to it (seen: half a gigabyte a training step for
 * the exponentials of the head). A loop short enough to be inlined into a method of many such loops spells out the calls of the library, with addresses it has
 * checked: when a method has grown long the compiler inlines the library still but ours no more, and a vector given to a method is an object. And there is one
 * class of float vectors in the process, that of {@link #S}, so that the compiler knows what a call of a {@code FloatVector} runs; floats that only move may do
 * so as bytes or longs.
 */
final class Lanes {
    static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    static final int COUNT = S.length();

    static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final VectorSpecies<Short> HALF = VectorSpecies.of(short.class, VectorShape.forBitSize(S.vectorBitSize() / 2));
    private static final VectorShuffle<Float> BY_8 = VectorShuffle.fromOp(S, i -> (i + 8) % COUNT);
    private static final VectorShuffle<Float> BY_4 = VectorShuffle.fromOp(S, i -> (i + 4) % COUNT);
    private static final VectorShuffle<Float> BY_2 = VectorShuffle.fromOp(S, i -> (i + 2) % COUNT);
    private static final VectorShuffle<Float> BY_1 = VectorShuffle.fromOp(S, i -> (i + 1) % COUNT);
    private static final float F16_TO_F32 = 0x1p112f;
    /** More than any address of a process; from an address that is masked with it the compiler sees that it is not negative, and tests nothing more. */
    static final long ADDRESS = (1L << 56) - 1;

    /** All memory, for those who have checked what they read and write. */
    @SuppressWarnings("restricted")
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Lanes() {}

    /** Where {@code count} elements of {@code bytes} bytes from {@code index} on begin. */
    static long address(MemorySegment data, long index, long count, int bytes) {
        return (data.address() + bytes * Objects.checkIndex(index, data.byteSize() / bytes - count + 1)) & ADDRESS;
    }

    /** The same to be written: a page of a file that is mapped read-only would end the process. */
    static long target(MemorySegment data, long index, long count, int bytes) {
        if (data.isReadOnly()) {
            throw new UnsupportedOperationException("weights of a file cannot be written");
        }
        return address(data, index, count, bytes);
    }

    static FloatVector load(MemorySegment data, long index) {
        return FloatVector.fromMemorySegment(S, ALL, address(data, index, COUNT, 4), ORDER);
    }

    /** Only the lanes of the mask are read, of which there is at least one. */
    static FloatVector load(MemorySegment data, long index, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(S, ALL, address(data, index, mask.lastTrue() + 1, 4), ORDER, mask);
    }

    static void store(FloatVector value, MemorySegment data, long index) {
        value.intoMemorySegment(ALL, target(data, index, COUNT, 4), ORDER);
    }

    static void store(FloatVector value, MemorySegment data, long index, VectorMask<Float> mask) {
        value.intoMemorySegment(ALL, target(data, index, mask.lastTrue() + 1, 4), ORDER, mask);
    }

    static float get(MemorySegment data, long index) {
        return ALL.get(F32, address(data, index, 1, 4));
    }

    static void set(MemorySegment data, long index, float value) {
        ALL.set(F32, target(data, index, 1, 4), value);
    }

    static int getInt(MemorySegment data, long index) {
        return ALL.get(I32, address(data, index, 1, 4));
    }

    private static short getShort(MemorySegment data, long index) {
        return ALL.get(I16, address(data, index, 1, 2));
    }

    static void setShort(MemorySegment data, long index, short value) {
        ALL.set(I16, target(data, index, 1, 2), value);
    }

    static void storeShorts(ShortVector value, MemorySegment data, long index) {
        value.intoMemorySegment(ALL, target(data, index, COUNT, 2), ORDER);
    }

    /** The lanes of a partial vector that starts at {@code from} in a row of {@code width}. */
    static VectorMask<Float> tail(long from, long width) {
        return S.indexInRange(from, width);
    }

    /** bfloat16 is the upper half of a float32: widening is a shift. */
    static FloatVector loadBf16(MemorySegment data, long index) {
        return bits(data, index).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** Shifting a float16 into place leaves the exponent 112 too low, which one exact product mends, subnormals too; infinities and NaN keep all exponent bits. */
    static FloatVector loadF16(MemorySegment data, long index) {
        return widenF16(bits(data, index));
    }

    /** The float16 in the lower half of each lane. */
    static FloatVector widenF16(IntVector half) {
        IntVector magnitude = half.and(0x7fff);
        IntVector sign = half.and(0x8000).lanewise(VectorOperators.LSHL, 16);
        IntVector shifted = magnitude.lanewise(VectorOperators.LSHL, 13);
        IntVector finite = shifted.reinterpretAsFloats().mul(F16_TO_F32).reinterpretAsInts();
        IntVector all = finite.blend(shifted.or(0x7f800000), magnitude.compare(VectorOperators.GE, 0x7c00));
        return all.or(sign).reinterpretAsFloats();
    }

    private static IntVector bits(MemorySegment data, long index) {
        return (IntVector) ShortVector.fromMemorySegment(HALF, ALL, address(data, index, COUNT, 2), ORDER).convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
    }

    /** One element of a stored weight. */
    static float widen(DType type, MemorySegment data, long index) {
        return switch (type) {
            case F32 -> get(data, index);
            case BF16 -> DType.fromBf16(getShort(data, index));
            case F16 -> Float.float16ToFloat(getShort(data, index));
            case F64, I64, I32, U8, BOOL -> throw new IllegalArgumentException("weights cannot be stored as " + type);
        };
    }

    /** Copies {@code count} elements of a stored weight to {@code target}, widened. */
    static void widen(DType type, MemorySegment data, long index, int count, float[] target, int at) {
        int whole = S.loopBound(count);
        switch (type) {
            case F32 -> copyF32(data, index, whole, target, at);
            case BF16 -> copyBf16(data, index, whole, target, at);
            default -> copyF16(data, index, whole, target, at);
        }
        for (int i = whole; i < count; i++) {
            target[at + i] = widen(type, data, index + i);
        }
    }

    private static void copyF32(MemorySegment data, long index, int count, float[] target, int at) {
        for (int i = 0; i < count; i += COUNT) {
            load(data, index + i).intoArray(target, at + i);
        }
    }

    private static void copyBf16(MemorySegment data, long index, int count, float[] target, int at) {
        for (int i = 0; i < count; i += COUNT) {
            loadBf16(data, index + i).intoArray(target, at + i);
        }
    }

    private static void copyF16(MemorySegment data, long index, int count, float[] target, int at) {
        for (int i = 0; i < count; i += COUNT) {
            loadF16(data, index + i).intoArray(target, at + i);
        }
    }

    /**
     * Sum of the lanes as a fixed tree. {@code reduceLanes} leaves its order open, so interpreted and compiled code may differ in the
     * last bit.
     */
    static float sum(FloatVector v) {
        FloatVector folded = v;
        if (COUNT >= 16) {
            folded = folded.add(folded.rearrange(BY_8));
        }
        if (COUNT >= 8) {
            folded = folded.add(folded.rearrange(BY_4));
        }
        if (COUNT >= 4) {
            folded = folded.add(folded.rearrange(BY_2));
        }
        return folded.add(folded.rearrange(BY_1)).lane(0);
    }

    /** Largest lane; NaN lanes may be passed over. */
    static float max(FloatVector v) {
        FloatVector folded = v;
        if (COUNT >= 16) {
            folded = larger(folded, folded.rearrange(BY_8));
        }
        if (COUNT >= 8) {
            folded = larger(folded, folded.rearrange(BY_4));
        }
        if (COUNT >= 4) {
            folded = larger(folded, folded.rearrange(BY_2));
        }
        return larger(folded, folded.rearrange(BY_1)).lane(0);
    }

    /**
     * Element-wise maximum by comparison: two instructions, where {@code max} spends five on NaN and signed zeros. In a loop the running maximum has to
     * be {@code a}: all is asked of {@code b}, whose class the compiler knows where it has just been loaded, while that of a value carried around the loop is
     * known only once this call is inlined. Asked of {@code a} it stayed a virtual call with three objects, and softmax took four times as long.
     */
    static FloatVector larger(FloatVector a, FloatVector b) {
        return b.blend(a, b.compare(VectorOperators.LE, a));
    }
}
