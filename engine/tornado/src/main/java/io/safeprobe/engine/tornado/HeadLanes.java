package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * The online softmax (arXiv 1805.02867) behind the cross-entropy of a linear head, a work-group for each token. Of each token the running
 * maximum, the sum of exponentials and the logit of the target are kept, in a state {@code [3, tokens]}; sum and mix leave the target out, so
 * nothing cancels when the model is sure.
 */
final class HeadLanes {
    private HeadLanes() {}

    /**
     * One block of the vocabulary: logits {@code [tokens, block]} become exponentials, 0 at the target; what was mixed before shrinks with the
     * growing maximum. Ints: logits, state, mix {@code [tokens, width]}, tokens, block, width (0 without mix), first of the block, targets. Floats: soft cap of
     * the logits (0 for none).
     */
    static void block(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        float cap = floats.get(Slot.floats(c.globalGroupSizeX));
        int lane = c.localIdx;
        int tokens = ints.get(at + 3);
        int token = c.groupIdx;
        int own = Math.min(token, tokens - 1);
        int block = RowLanes.width(token, tokens, ints.get(at + 4));
        int logits = ints.get(at) + token * ints.get(at + 4);
        int target = index.get(ints.get(at + 7) + own) - ints.get(at + 6);
        float before = LossLanes.LEAST;
        float sumBefore = 0f;
        if (ints.get(at + 6) > 0) {
            before = heap.get(ints.get(at + 1) + own);
            sumBefore = heap.get(ints.get(at + 1) + tokens + own);
        }
        float[] shared = c.allocateFloatLocalArray(Slot.GROUP);
        shared[lane] = maxLane(lane, heap, logits, block, target, cap);
        c.localBarrier();
        float max = before;
        for (int i = 0; i < Slot.GROUP; i++) {
            max = TornadoMath.max(max, shared[i]);
        }
        c.localBarrier();
        keepTarget(lane, heap, ints.get(at + 1) + 2 * tokens + token, logits, block, target);
        shared[lane] = expLane(lane, heap, logits, block, target, max, cap);
        c.localBarrier();
        float sum = 0f;
        for (int i = 0; i < Slot.GROUP; i++) {
            sum += shared[i];
        }
        float shrink = TornadoMath.exp(before - max);
        scaleLane(lane, heap, ints.get(at + 2) + token * ints.get(at + 5), block == 0 ? 0 : ints.get(at + 5), shrink);
        if (lane == 0 && block > 0) {
            heap.set(ints.get(at + 1) + token, max);
            heap.set(ints.get(at + 1) + tokens + token, sumBefore * shrink + sum);
        }
    }

    /** Bends the logits of a lane and gives the largest, the target left out. */
    static float maxLane(int lane, FloatArray heap, int logits, int block, int target, float cap) {
        float max = LossLanes.LEAST;
        for (int i = lane; i < block; i += Slot.GROUP) {
            float logit = AttentionLanes.capped(heap.get(logits + i), cap);
            heap.set(logits + i, logit);
            max = TornadoMath.max(max, i == target ? LossLanes.LEAST : logit);
        }
        return max;
    }

    /** The lane that will write over the logit of the target keeps it before. */
    static void keepTarget(int lane, FloatArray heap, int to, int logits, int block, int target) {
        if (target >= 0 && target < block && target % Slot.GROUP == lane) {
            heap.set(to, heap.get(logits + target));
        }
    }

    /** Sums the exponentials of a lane; each becomes its weight in the mix, which is less where the cap is flat. */
    static float expLane(int lane, FloatArray heap, int logits, int block, int target, float max, float cap) {
        float sum = 0f;
        for (int i = lane; i < block; i += Slot.GROUP) {
            float logit = heap.get(logits + i);
            float e = i == target ? 0f : TornadoMath.exp(logit - max);
            heap.set(logits + i, e * flatness(logit, cap));
            sum += e;
        }
        return sum;
    }

    /** The derivative of a cap by what it gives: {@code 1 - (c / cap)^2}. */
    static float flatness(float capped, float cap) {
        float part = 0f;
        if (cap > 0f) {
            part = capped / cap;
        }
        return (1f - part) * (1f + part);
    }

    static void scaleLane(int lane, FloatArray heap, int from, int width, float factor) {
        for (int i = lane; i < width; i += Slot.GROUP) {
            heap.set(from + i, heap.get(from + i) * factor);
        }
    }

    /**
     * With z the log-odds of all other tokens against the target, the loss is {@code log(1 + e^z)} and its gradient to the hidden row
     * {@code sigmoid(z) (mean of the other rows - row of the target)}. Ints: losses, state, mix, tokens, width (0 without mix), head, its table,
     * targets. Floats: soft cap.
     */
    static void finish(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        if (c.groupIdx < ints.get(at + 3)) {
            finishLane(c.localIdx, c.groupIdx, heap, weights, index, ints, at, floats.get(Slot.floats(c.globalGroupSizeX)));
        }
    }

    static void finishLane(int lane, int token, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, int at, float cap) {
        int tokens = ints.get(at + 3);
        float sum = heap.get(ints.get(at + 1) + tokens + token);
        // Where no other token has any weight there is no mean, and nothing pulls.
        float odds = LossLanes.LEAST;
        float share = 0f;
        if (sum > 0f) {
            odds = heap.get(ints.get(at + 1) + token) - heap.get(ints.get(at + 1) + 2 * tokens + token) + TornadoMath.log(sum);
            share = 1f / sum;
        }
        if (lane == 0) {
            heap.set(ints.get(at) + token, TornadoMath.max(0f, odds) + CurveLanes.logOnePlus(TornadoMath.exp(-TornadoMath.abs(odds))));
        }
        float others = CurveLanes.sigmoid(odds);
        float flat = flatness(heap.get(ints.get(at + 1) + 2 * tokens + token), cap);
        int width = ints.get(at + 4);
        int mix = ints.get(at + 2) + token * width;
        int row = ints.get(at + 5) + index.get(ints.get(at + 7) + token) * width;
        for (int i = lane; i < width; i += Slot.GROUP) {
            float own = StoredLanes.number(heap, weights, ints.get(at + 6), row + i);
            heap.set(mix + i, others * (share * heap.get(mix + i) - flat * own));
        }
    }
}
