package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Sums and normalisation: a work-group for each row, or a lane for each column. A group without a row finds it to be 0 wide. */
final class RowLanes {
    private RowLanes() {}

    /** Ints y, x, rows, columns: the sum of each column, a lane for each, rows in order. */
    static void sumRows(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        sumRowsLane(c.globalIdx, heap, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void sumRowsLane(int column, FloatArray heap, IntArray ints, int at) {
        int columns = ints.get(at + 3);
        if (column < columns) {
            float sum = 0f;
            for (int row = 0; row < ints.get(at + 2); row++) {
                sum += heap.get(ints.get(at + 1) + row * columns + column);
            }
            heap.set(ints.get(at) + column, sum);
        }
    }

    /** Ints y, x, rows, columns: the sum of each row, a group for each. */
    static void sumColumns(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int row = c.groupIdx;
        int width = width(row, ints.get(at + 2), ints.get(at + 3));
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[c.localIdx] = sumLane(c.localIdx, heap, ints.get(at + 1) + row * ints.get(at + 3), width);
        c.localBarrier();
        float sum = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            sum += shared[i];
        }
        c.localBarrier();
        if (c.localIdx == 0 && width > 0) {
            heap.set(ints.get(at) + row, sum);
        }
    }

    /** The part of a lane in the sum of {@code width} numbers. */
    static float sumLane(int lane, FloatArray heap, int from, int width) {
        float sum = 0f;
        for (int i = lane; i < width; i += Slot.GROUP) {
            sum += heap.get(from + i);
        }
        return sum;
    }

    /** The width of a row, 0 when there is no such row. */
    static int width(int row, int rows, int width) {
        return row < rows ? width : 0;
    }

    /** Ints y, x, w, rows, columns; floats epsilon. */
    static void rmsNorm(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int row = c.groupIdx;
        int columns = ints.get(at + 4);
        int width = width(row, ints.get(at + 3), columns);
        int from = ints.get(at + 1) + row * columns;
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[c.localIdx] = dotLane(c.localIdx, heap, from, from, width);
        c.localBarrier();
        float squares = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            squares += shared[i];
        }
        c.localBarrier();
        float inverse = inverse(squares, columns, floats.get(Slot.floats(c.globalGroupSizeX)));
        rmsNormLane(c.localIdx, heap, ints.get(at) + row * columns, from, ints.get(at + 2), width, inverse);
    }

    /** The part of a lane in the inner product of two rows. */
    static float dotLane(int lane, FloatArray heap, int a, int b, int width) {
        float sum = 0f;
        for (int i = lane; i < width; i += Slot.GROUP) {
            sum += heap.get(a + i) * heap.get(b + i);
        }
        return sum;
    }

    static float inverse(float squares, int columns, float epsilon) {
        return 1f / TornadoMath.sqrt(squares / columns + epsilon);
    }

    static void rmsNormLane(int lane, FloatArray heap, int y, int x, int w, int width, float inverse) {
        for (int i = lane; i < width; i += Slot.GROUP) {
            heap.set(y + i, heap.get(x + i) * inverse * heap.get(w + i));
        }
    }

    /** Ints dx, x, w, g, rows, columns; floats epsilon: {@code dx = r w g - x r^3 / d * sum(x w g)}. */
    static void rmsNormGrad(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int row = c.groupIdx;
        int columns = ints.get(at + 5);
        int width = width(row, ints.get(at + 4), columns);
        int x = ints.get(at + 1) + row * columns;
        int g = ints.get(at + 3) + row * columns;
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[c.localIdx] = dotLane(c.localIdx, heap, x, x, width);
        c.localBarrier();
        float squares = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            squares += shared[i];
        }
        c.localBarrier();
        shared[c.localIdx] = tripleLane(c.localIdx, heap, x, ints.get(at + 2), g, width);
        c.localBarrier();
        float dot = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            dot += shared[i];
        }
        c.localBarrier();
        float r = inverse(squares, columns, floats.get(Slot.floats(c.globalGroupSizeX)));
        float pull = r * r * r / columns * dot;
        rmsNormGradLane(c.localIdx, heap, ints.get(at) + row * columns, x, ints.get(at + 2), g, width, r, pull);
    }

    /** The part of a lane in the sum of the products of three rows. */
    static float tripleLane(int lane, FloatArray heap, int a, int b, int d, int width) {
        float sum = 0f;
        for (int i = lane; i < width; i += Slot.GROUP) {
            sum += heap.get(a + i) * heap.get(b + i) * heap.get(d + i);
        }
        return sum;
    }

    static void rmsNormGradLane(int lane, FloatArray heap, int dx, int x, int w, int g, int width, float r, float pull) {
        for (int i = lane; i < width; i += Slot.GROUP) {
            heap.set(dx + i, r * heap.get(w + i) * heap.get(g + i) - heap.get(x + i) * pull);
        }
    }

    /**
     * Ints y {@code [v, width]}, x {@code [n, width]}, n, width, ids: rows added at their ids, a lane for each column and the rows in order, so
     * nothing is added by two lanes. y holds zeros before.
     */
    static void scatterAdd(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        scatterAddLane(c.globalIdx, heap, index, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void scatterAddLane(int column, FloatArray heap, IntArray index, IntArray ints, int at) {
        int width = ints.get(at + 3);
        if (column < width) {
            for (int row = 0; row < ints.get(at + 2); row++) {
                int to = ints.get(at) + index.get(ints.get(at + 4) + row) * width + column;
                heap.set(to, heap.get(to) + heap.get(ints.get(at + 1) + row * width + column));
            }
        }
    }

    /** Ints y, x, segments, starts: the sum of each segment, a group for each. */
    static void segmentSum(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int segment = c.groupIdx;
        int segments = ints.get(at + 2);
        int from = index.get(ints.get(at + 3) + Math.min(segment, segments));
        int to = index.get(ints.get(at + 3) + Math.min(segment + 1, segments));
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[c.localIdx] = sumLane(c.localIdx, heap, ints.get(at + 1) + from, to - from);
        c.localBarrier();
        float sum = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            sum += shared[i];
        }
        c.localBarrier();
        if (c.localIdx == 0 && segment < segments) {
            heap.set(ints.get(at) + segment, sum);
        }
    }

    /** Ints y, x, segments, starts: one number of x repeated over each segment, a group for each. */
    static void segmentExpand(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        if (c.groupIdx < ints.get(at + 2)) {
            segmentExpandLane(c.localIdx, c.groupIdx, heap, index, ints, at);
        }
    }

    static void segmentExpandLane(int lane, int segment, FloatArray heap, IntArray index, IntArray ints, int at) {
        int to = index.get(ints.get(at + 3) + segment + 1);
        for (int i = index.get(ints.get(at + 3) + segment) + lane; i < to; i += Slot.GROUP) {
            heap.set(ints.get(at) + i, heap.get(ints.get(at + 1) + segment));
        }
    }
}
