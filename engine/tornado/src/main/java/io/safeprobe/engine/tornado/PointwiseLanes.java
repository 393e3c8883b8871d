package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** One lane for each element. Arguments of a lane function: its element, the arrays, and where in them its arguments begin. */
final class PointwiseLanes {
    /** {@link #combine}: {@code x + v}. */
    static final int ADD = 0;
    /** {@link #combine}: {@code x v}. */
    static final int MULTIPLY = 1;
    /** {@link #combine}: {@code v}. */
    static final int REPEAT = 2;

    private PointwiseLanes() {}

    /** Ints y, a, b, elements; floats p, q: {@code y = p a + q b}. */
    static void linear(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        linearLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX), floats, Slot.floats(c.globalGroupSizeX));
    }

    static void linearLane(int i, FloatArray heap, IntArray ints, int at, FloatArray floats, int f) {
        if (i < ints.get(at + 3)) {
            heap.set(ints.get(at) + i, floats.get(f) * heap.get(ints.get(at + 1) + i) + floats.get(f + 1) * heap.get(ints.get(at + 2) + i));
        }
    }

    /** Ints y, a, elements; floats p: {@code y = p a}. */
    static void scale(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        scaleLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX), floats, Slot.floats(c.globalGroupSizeX));
    }

    static void scaleLane(int i, FloatArray heap, IntArray ints, int at, FloatArray floats, int f) {
        if (i < ints.get(at + 2)) {
            heap.set(ints.get(at) + i, floats.get(f) * heap.get(ints.get(at + 1) + i));
        }
    }

    /** Ints y, a, b, elements: {@code y = a b}. */
    static void mul(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        mulLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void mulLane(int i, FloatArray heap, IntArray ints, int at) {
        if (i < ints.get(at + 3)) {
            heap.set(ints.get(at) + i, heap.get(ints.get(at + 1) + i) * heap.get(ints.get(at + 2) + i));
        }
    }

    /** Ints y, elements; floats value. */
    static void fill(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        fillLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX), floats, Slot.floats(c.globalGroupSizeX));
    }

    static void fillLane(int i, FloatArray heap, IntArray ints, int at, FloatArray floats, int f) {
        if (i < ints.get(at + 1)) {
            heap.set(ints.get(at) + i, floats.get(f));
        }
    }

    /**
     * Ints y, x, v, elements, width, whether v has one number for each row (else for each column), and what to do with both: rows x
     * {@code [n, width]} and a vector v.
     */
    static void broadcast(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        broadcastLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void broadcastLane(int i, FloatArray heap, IntArray ints, int at) {
        if (i < ints.get(at + 3)) {
            int width = ints.get(at + 4);
            int row = i / width;
            int place = ints.get(at + 5) == 1 ? row : i - row * width;
            int how = ints.get(at + 6);
            float v = heap.get(ints.get(at + 2) + place);
            // A repeat has no x; the vector itself stands for it, since every lane reads.
            float x = heap.get(how == REPEAT ? ints.get(at + 2) + place : ints.get(at + 1) + i);
            heap.set(ints.get(at) + i, combine(how, x, v));
        }
    }

    static float combine(int how, float x, float v) {
        if (how == ADD) {
            return x + v;
        }
        return how == MULTIPLY ? x * v : v;
    }

    /** Ints y, x, elements of y, width of y, width of x, first row, first column: a part of x {@code [n, d]}. */
    static void slice(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        sliceLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void sliceLane(int i, FloatArray heap, IntArray ints, int at) {
        if (i < ints.get(at + 2)) {
            int width = ints.get(at + 3);
            int row = i / width;
            int from = (ints.get(at + 5) + row) * ints.get(at + 4) + ints.get(at + 6) + i - row * width;
            heap.set(ints.get(at) + i, heap.get(ints.get(at + 1) + from));
        }
    }

    /** Ints y, x, elements of x, width of x, width of y, first row, first column: x placed in y, which is 0 elsewhere. */
    static void pad(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        padLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void padLane(int i, FloatArray heap, IntArray ints, int at) {
        if (i < ints.get(at + 2)) {
            int width = ints.get(at + 3);
            int row = i / width;
            int to = (ints.get(at + 5) + row) * ints.get(at + 4) + ints.get(at + 6) + i - row * width;
            heap.set(ints.get(at) + to, heap.get(ints.get(at + 1) + i));
        }
    }

    /**
     * Ints y, x, cos, sin, pairs, width, half the head size; floats the sign of the angle. One lane for each pair that turns together, element j
     * and j + half of a head.
     */
    static void rotary(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        rotaryLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX), floats, Slot.floats(c.globalGroupSizeX));
    }

    static void rotaryLane(int i, FloatArray heap, IntArray ints, int at, FloatArray floats, int f) {
        if (i < ints.get(at + 4)) {
            int pairs = ints.get(at + 5) / 2;
            int half = ints.get(at + 6);
            int row = i / pairs;
            int pair = i - row * pairs;
            int head = pair / half;
            int j = pair - head * half;
            int low = row * 2 * pairs + head * 2 * half + j;
            float cos = heap.get(ints.get(at + 2) + row * half + j);
            float sin = floats.get(f) * heap.get(ints.get(at + 3) + row * half + j);
            float first = heap.get(ints.get(at + 1) + low);
            float second = heap.get(ints.get(at + 1) + low + half);
            heap.set(ints.get(at) + low, first * cos - second * sin);
            heap.set(ints.get(at) + low + half, second * cos + first * sin);
        }
    }
}
