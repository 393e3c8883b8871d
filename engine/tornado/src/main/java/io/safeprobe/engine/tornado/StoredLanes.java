package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * 16-bit floats. They are widened by looking their bits up in a table of all 65,536 values, one table for each format in the heap: making a
 * float of bits inside a larger expression does not compile on every device. They are rounded on the bits, ties to even.
 */
final class StoredLanes {
    /** In place of a table: the numbers are float32 and lie in the heap. */
    static final int WIDE = -1;
    /** Values of a table. */
    static final int TABLE = 1 << 16;

    private static final int BF16 = 0;

    private StoredLanes() {}

    /** Number {@code i} of a tensor that is stored in either array. */
    static float number(FloatArray heap, ShortArray weights, int table, int i) {
        if (table == WIDE) {
            return heap.get(i);
        }
        int bits = weights.get(i);
        return heap.get(table + (bits & 0xffff));
    }

    /** Ints y, x, elements, table of x. */
    static void widen(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        widenLane(c.globalIdx, heap, weights, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void widenLane(int i, FloatArray heap, ShortArray weights, IntArray ints, int at) {
        if (i < ints.get(at + 2)) {
            heap.set(ints.get(at) + i, number(heap, weights, ints.get(at + 3), ints.get(at + 1) + i));
        }
    }

    /** Ints y (in the array of indices), x, elements: the bits of 32-bit floats. Taken apart in the same kernel they do not compile. */
    static void takeBits(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        takeBitsLane(c.globalIdx, heap, index, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void takeBitsLane(int i, FloatArray heap, IntArray index, IntArray ints, int at) {
        if (i < ints.get(at + 2)) {
            index.set(ints.get(at) + i, Float.floatToRawIntBits(heap.get(ints.get(at + 1) + i)));
        }
    }

    /** Ints y, x (in the array of indices), elements, format of y (0 for BF16): what {@link #takeBits} took, rounded. */
    static void roundBits(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        roundBitsLane(c.globalIdx, weights, index, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void roundBitsLane(int i, ShortArray weights, IntArray index, IntArray ints, int at) {
        if (i < ints.get(at + 2)) {
            int bits = index.get(ints.get(at + 1) + i);
            int half = ints.get(at + 3) == BF16 ? bf16(bits) : f16(bits);
            weights.set(ints.get(at) + i, (short) half);
        }
    }

    /** Ints y, x, elements: the same bits. */
    static void copy(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        copyLane(c.globalIdx, weights, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void copyLane(int i, ShortArray weights, IntArray ints, int at) {
        if (i < ints.get(at + 2)) {
            weights.set(ints.get(at) + i, weights.get(ints.get(at + 1) + i));
        }
    }

    /** Ints y, elements, bits. */
    static void fill(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        fillLane(c.globalIdx, weights, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void fillLane(int i, ShortArray weights, IntArray ints, int at) {
        if (i < ints.get(at + 1)) {
            int bits = ints.get(at + 2);
            weights.set(ints.get(at) + i, (short) bits);
        }
    }

    /** Bits of the nearest bfloat16 of the bits of a float32. */
    static int bf16(int bits) {
        int magnitude = bits & 0x7fffffff;
        int rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
        return magnitude > 0x7f800000 ? 0x7fc0 : rounded;
    }

    /** Bits of the nearest half-precision number of the bits of a float32, subnormal ones and overflow to infinity included. */
    static int f16(int bits) {
        int sign = (bits >>> 16) & 0x8000;
        int magnitude = bits & 0x7fffffff;
        int half;
        if (magnitude > 0x7f800000) {
            half = 0x7e00 | ((magnitude >>> 13) & 0x3ff);
        } else if (magnitude >= 0x47800000) {
            half = 0x7c00;
        } else if (magnitude >= 0x38800000) {
            int shifted = magnitude - 0x38000000;
            half = (shifted + 0xfff + ((shifted >>> 13) & 1)) >>> 13;
        } else {
            int shift = Math.min(126 - (magnitude >>> 23), 30); // 30 and more leave nothing of 24 bits
            int mantissa = (magnitude & 0x7fffff) | 0x800000;
            int rest = mantissa & ((1 << shift) - 1);
            int middle = 1 << (shift - 1);
            int whole = mantissa >>> shift;
            int odd = whole & 1;
            half = whole + (rest + odd > middle ? 1 : 0);
        }
        return sign | half;
    }

    /** Ints y, table {@code [v, width]}, elements, type table, width, ids. */
    static void gather(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        gatherLane(c.globalIdx, heap, weights, index, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void gatherLane(int i, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, int at) {
        if (i < ints.get(at + 2)) {
            int width = ints.get(at + 4);
            int row = i / width;
            int from = index.get(ints.get(at + 5) + row) * width + i - row * width;
            heap.set(ints.get(at) + i, number(heap, weights, ints.get(at + 3), ints.get(at + 1) + from));
        }
    }
}
