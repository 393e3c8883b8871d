package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Log-softmax and cross-entropy, a work-group for each row of logits. A group without a row finds it to be 0 wide. */
final class LossLanes {
    /** Stands for no score at all; not an infinity, because some compilers take it for granted that there are none. */
    static final float LEAST = -1e30f;

    private LossLanes() {}

    /** Ints y, x, rows, columns. */
    static void logSoftmax(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int row = c.groupIdx;
        int columns = ints.get(at + 3);
        int width = RowLanes.width(row, ints.get(at + 2), columns);
        int x = ints.get(at + 1) + row * columns;
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[c.localIdx] = maxLane(c.localIdx, heap, x, width);
        c.localBarrier();
        float max = LEAST;
        for (int i = 0; i < Slot.GROUP; i++) {
            max = TornadoMath.max(max, shared[i]);
        }
        c.localBarrier();
        shared[c.localIdx] = expLane(c.localIdx, heap, x, width, max);
        c.localBarrier();
        float sum = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            sum += shared[i];
        }
        c.localBarrier();
        logSoftmaxLane(c.localIdx, heap, ints.get(at) + row * columns, x, width, max, TornadoMath.log(sum));
    }

    static float maxLane(int lane, FloatArray heap, int x, int width) {
        float max = LEAST;
        for (int i = lane; i < width; i += Slot.GROUP) {
            max = TornadoMath.max(max, heap.get(x + i));
        }
        return max;
    }

    static float expLane(int lane, FloatArray heap, int x, int width, float max) {
        float sum = 0f;
        for (int i = lane; i < width; i += Slot.GROUP) {
            sum += TornadoMath.exp(heap.get(x + i) - max);
        }
        return sum;
    }

    /** {@code (x - max) - rest}: max and rest added up first would lose digits of a row far from 0. */
    static void logSoftmaxLane(int lane, FloatArray heap, int y, int x, int width, float max, float rest) {
        for (int i = lane; i < width; i += Slot.GROUP) {
            heap.set(y + i, heap.get(x + i) - max - rest);
        }
    }

    /** Ints y, logits, rows, columns, targets, ignored target. */
    static void crossEntropy(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int row = c.groupIdx;
        int columns = ints.get(at + 3);
        int width = RowLanes.width(row, ints.get(at + 2), columns);
        int x = ints.get(at + 1) + row * columns;
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[c.localIdx] = maxLane(c.localIdx, heap, x, width);
        c.localBarrier();
        float max = LEAST;
        for (int i = 0; i < Slot.GROUP; i++) {
            max = TornadoMath.max(max, shared[i]);
        }
        c.localBarrier();
        shared[c.localIdx] = expLane(c.localIdx, heap, x, width, max);
        c.localBarrier();
        float sum = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            sum += shared[i];
        }
        c.localBarrier();
        if (c.localIdx == 0 && width > 0) {
            crossEntropyLane(row, heap, index, ints, at, max, TornadoMath.log(sum));
        }
    }

    static void crossEntropyLane(int row, FloatArray heap, IntArray index, IntArray ints, int at, float max, float rest) {
        int target = index.get(ints.get(at + 4) + row);
        float loss = 0f;
        if (target != ints.get(at + 5)) {
            loss = max - heap.get(ints.get(at + 1) + row * ints.get(at + 3) + target) + rest;
        }
        heap.set(ints.get(at) + row, loss);
    }

    /** Ints dx, logits, rows, columns, targets, ignored target, g {@code [rows]}. */
    static void crossEntropyGrad(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        int row = c.groupIdx;
        int columns = ints.get(at + 3);
        int width = RowLanes.width(row, ints.get(at + 2), columns);
        int x = ints.get(at + 1) + row * columns;
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[c.localIdx] = maxLane(c.localIdx, heap, x, width);
        c.localBarrier();
        float max = LEAST;
        for (int i = 0; i < Slot.GROUP; i++) {
            max = TornadoMath.max(max, shared[i]);
        }
        c.localBarrier();
        shared[c.localIdx] = expLane(c.localIdx, heap, x, width, max);
        c.localBarrier();
        float sum = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            sum += shared[i];
        }
        c.localBarrier();
        crossEntropyGradLane(c.localIdx, row, width, heap, index, ints, at, max, sum);
    }

    static void crossEntropyGradLane(int lane, int row, int width, FloatArray heap, IntArray index, IntArray ints, int at, float max, float sum) {
        int from = row * ints.get(at + 3);
        for (int i = lane; i < width; i += Slot.GROUP) {
            int target = index.get(ints.get(at + 4) + row);
            float g = 0f;
            if (target != ints.get(at + 5)) {
                float p = TornadoMath.exp(heap.get(ints.get(at + 1) + from + i) - max) / sum;
                g = heap.get(ints.get(at + 6) + row) * (i == target ? p - 1f : p);
            }
            heap.set(ints.get(at) + from + i, g);
        }
    }
}
