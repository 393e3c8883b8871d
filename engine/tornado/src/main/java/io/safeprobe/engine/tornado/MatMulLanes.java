package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Matrix products of any layout: {@code y = factor a b} or {@code y += factor a b} with a {@code [m, k]}, b {@code [k, n]}. A work-group of 256
 * lanes computes a tile of 64 by 64 numbers, each lane 4 by 4 of them, from panels of 64 by 16 in local memory. b may be stored in 16 bits; it is
 * widened when its panel is read.
 *
 * <p>Ints: y, a, b, m, n, k, strides of a by row and by inner index, strides of b by inner index and by column, table of b, whether y is added to.
 */
final class MatMulLanes {
    /** Lanes of a work-group. */
    static final int LANES = 256;
    /** Rows and columns of a tile. */
    static final int TILE = 64;
    private static final int DEPTH = 16;
    private static final int SIDE = 4;
    private static final int STEP = TILE / SIDE;

    private MatMulLanes() {}

    static void multiply(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int slot = c.globalGroupSizeX / LANES % Slot.COUNT;
        int at = slot * Slot.INTS;
        int lane = c.localIdx;
        int wide = (ints.get(at + 4) + TILE - 1) / TILE;
        int down = c.groupIdx / wide;
        int row = down * TILE;
        int column = (c.groupIdx - down * wide) * TILE;
        float[] left = c.allocateFloatLocalArray(TILE * DEPTH);
        float[] right = c.allocateFloatLocalArray(TILE * DEPTH);
        float[] sums = new float[SIDE * SIDE];
        for (int i = 0; i < SIDE * SIDE; i++) {
            sums[i] = 0f;
        }
        int inner = row < ints.get(at + 3) ? ints.get(at + 5) : 0;
        int leftByInner = ints.get(at + 7) == 1 ? 1 : 0;
        int rightByInner = ints.get(at + 8) == 1 ? 1 : 0;
        for (int from = 0; from < inner; from += DEPTH) {
            for (int i = lane; i < TILE * DEPTH; i += LANES) {
                int r = across(i, leftByInner);
                int k = along(i, leftByInner);
                left[k * TILE + r] = left(row + r, from + k, heap, ints, at);
                int j = across(i, rightByInner);
                int l = along(i, rightByInner);
                right[l * TILE + j] = right(from + l, column + j, heap, weights, ints, at);
            }
            c.localBarrier();
            int depth = Math.min(DEPTH, inner - from);
            for (int k = 0; k < depth; k++) {
                for (int i = 0; i < SIDE; i++) {
                    float a = left[k * TILE + lane / STEP + i * STEP];
                    for (int j = 0; j < SIDE; j++) {
                        sums[i * SIDE + j] += a * right[k * TILE + lane % STEP + j * STEP];
                    }
                }
            }
            c.localBarrier();
        }
        float factor = floats.get(slot * Slot.FLOATS);
        for (int i = 0; i < SIDE; i++) {
            for (int j = 0; j < SIDE; j++) {
                store(factor * sums[i * SIDE + j], row + lane / STEP + i * STEP, column + lane % STEP + j * STEP, heap, ints, at);
            }
        }
    }

    /** The same for few rows, which would leave most of a tile empty: a work-group of 64 lanes for each number of y, sharing its sum. */
    static void multiplyFew(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int row = c.groupIdx / ints.get(at + 4);
        int column = c.groupIdx - row * ints.get(at + 4);
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[c.localIdx] = fewLane(c.localIdx, row, column, heap, weights, ints, at);
        c.localBarrier();
        float sum = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            sum += shared[i];
        }
        if (c.localIdx == 0) {
            store(floats.get(Slot.floats(c.globalGroupSizeX)) * sum, row, column, heap, ints, at);
        }
    }

    /** The part of a lane in one number of the product; 0 for a row that there is not. */
    static float fewLane(int lane, int row, int column, FloatArray heap, ShortArray weights, IntArray ints, int at) {
        int inner = row < ints.get(at + 3) ? ints.get(at + 5) : 0;
        float sum = 0f;
        for (int k = lane; k < inner; k += Slot.GROUP) {
            sum += left(row, k, heap, ints, at) * right(k, column, heap, weights, ints, at);
        }
        return sum;
    }

    /** Row of a, or column of b, of the panel's element {@code i}: lanes next to each other read numbers next to each other. */
    static int across(int i, int byInner) {
        return byInner == 1 ? i / DEPTH : i % TILE;
    }

    /** Inner index of the panel's element {@code i}. */
    static int along(int i, int byInner) {
        return byInner == 1 ? i % DEPTH : i / TILE;
    }

    /** A number of a, 0 outside. */
    static float left(int row, int k, FloatArray heap, IntArray ints, int at) {
        float value = 0f;
        if (row < ints.get(at + 3) && k < ints.get(at + 5)) {
            value = heap.get(ints.get(at + 1) + row * ints.get(at + 6) + k * ints.get(at + 7));
        }
        return value;
    }

    /** A number of b, widened; 0 outside. */
    static float right(int k, int column, FloatArray heap, ShortArray weights, IntArray ints, int at) {
        float value = 0f;
        if (column < ints.get(at + 4) && k < ints.get(at + 5)) {
            value = StoredLanes.number(heap, weights, ints.get(at + 10), ints.get(at + 2) + k * ints.get(at + 8) + column * ints.get(at + 9));
        }
        return value;
    }

    /** Writes a number of y, or adds to it; nothing outside. */
    static void store(float value, int row, int column, FloatArray heap, IntArray ints, int at) {
        int columns = ints.get(at + 4);
        if (row < ints.get(at + 3) && column < columns) {
            int to = ints.get(at) + row * columns + column;
            float before = 0f;
            if (ints.get(at + 11) == 1) {
                before = heap.get(to);
            }
            heap.set(to, before + value);
        }
    }
}
