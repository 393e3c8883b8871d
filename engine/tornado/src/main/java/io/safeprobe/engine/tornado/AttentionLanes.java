package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Attention: a work-group for each query and head. Keys pass by 64 at a time; first each lane scores one of them, then each lane mixes up to four
 * dimensions of the values. Only the running maximum, sum and mix are kept (the online softmax, arXiv 1805.02867). A group without a query sees
 * no key.
 *
 * <p>Ints: y, log-sum-exp, q, k, v, queries, heads, key/value heads, head size, segments, how many. Floats: scale, soft cap of the scores (0 for none).
 */
final class AttentionLanes {
    /** Dimensions of a head: four for each lane. */
    static final int MOST_DIMENSIONS = 4 * Slot.GROUP;

    private AttentionLanes() {}

    static void forward(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        float scale = floats.get(Slot.floats(c.globalGroupSizeX));
        float cap = floats.get(Slot.floats(c.globalGroupSizeX) + 1);
        int lane = c.localIdx;
        int heads = ints.get(at + 6);
        int size = ints.get(at + 8);
        int query = c.groupIdx / heads;
        int head = c.groupIdx - query * heads;
        int segment = segmentOf(query, index, ints.get(at + 9), ints.get(at + 10));
        int visible = query < ints.get(at + 5) ? visible(query, index, segment) : 0;
        int kvWidth = ints.get(at + 7) * size;
        int keys = index.get(segment + 2) * kvWidth + head / (heads / ints.get(at + 7)) * size;
        int q = ints.get(at + 2) + c.groupIdx * size;
        float[] weight = c.allocateFloatLocalArray(Slot.GROUP);
        float max = LossLanes.LEAST;
        float sum = 0f;
        float mix0 = 0f;
        float mix1 = 0f;
        float mix2 = 0f;
        float mix3 = 0f;
        for (int from = 0; from < visible; from += Slot.GROUP) {
            float score = LossLanes.LEAST;
            if (from + lane < visible) {
                score = capped(scale * dot(heap, q, ints.get(at + 3) + keys + (from + lane) * kvWidth, size), cap);
            }
            weight[lane] = score;
            c.localBarrier();
            int count = Math.min(Slot.GROUP, visible - from);
            float next = max;
            for (int j = 0; j < count; j++) {
                next = TornadoMath.max(next, weight[j]);
            }
            c.localBarrier();
            weight[lane] = TornadoMath.exp(score - next);
            c.localBarrier();
            float shrink = TornadoMath.exp(max - next);
            max = next;
            sum = sum * shrink;
            mix0 = mix0 * shrink;
            mix1 = mix1 * shrink;
            mix2 = mix2 * shrink;
            mix3 = mix3 * shrink;
            int values = ints.get(at + 4) + keys + from * kvWidth;
            for (int j = 0; j < count; j++) {
                float p = weight[j];
                sum += p;
                mix0 += p * within(heap, values + j * kvWidth, lane, size);
                mix1 += p * within(heap, values + j * kvWidth, lane + Slot.GROUP, size);
                mix2 += p * within(heap, values + j * kvWidth, lane + 2 * Slot.GROUP, size);
                mix3 += p * within(heap, values + j * kvWidth, lane + 3 * Slot.GROUP, size);
            }
            c.localBarrier();
        }
        if (visible > 0) {
            int y = ints.get(at) + c.groupIdx * size;
            put(heap, y, lane, size, mix0 / sum);
            put(heap, y, lane + Slot.GROUP, size, mix1 / sum);
            put(heap, y, lane + 2 * Slot.GROUP, size, mix2 / sum);
            put(heap, y, lane + 3 * Slot.GROUP, size, mix3 / sum);
            put(heap, ints.get(at + 1) + c.groupIdx, lane, 1, max + TornadoMath.log(sum));
        }
    }

    /** Where the numbers (first query, queries, first key, keys) of the segment of a query begin; those of the last where there is none. */
    static int segmentOf(int query, IntArray index, int segments, int count) {
        int found = segments;
        for (int s = 0; s < count; s++) {
            int at = segments + 4 * s;
            if (query >= index.get(at)) {
                found = at; // segments are in order of their queries
            }
        }
        return found;
    }

    /** How many keys of its segment a query sees. */
    static int visible(int query, IntArray index, int segment) {
        return index.get(segment + 3) - index.get(segment + 1) + query - index.get(segment) + 1;
    }

    /** A score bent to {@code cap tanh(score / cap)}. */
    static float capped(float score, float cap) {
        float bent = score;
        if (cap > 0f) {
            bent = cap * TornadoMath.tanh(score / cap);
        }
        return bent;
    }

    /** The derivative of {@link #capped}. */
    static float slope(float score, float cap) {
        float slope = 1f;
        if (cap > 0f) {
            slope = CurveLanes.tanh(1, score / cap);
        }
        return slope;
    }

    static float dot(FloatArray heap, int a, int b, int size) {
        float sum = 0f;
        for (int d = 0; d < size; d++) {
            sum += heap.get(a + d) * heap.get(b + d);
        }
        return sum;
    }

    /** Number {@code i} of a row; 0 behind its end. */
    static float within(FloatArray heap, int from, int i, int size) {
        float value = 0f;
        if (i < size) {
            value = heap.get(from + i);
        }
        return value;
    }

    static void put(FloatArray heap, int to, int i, int size, float value) {
        if (i < size) {
            heap.set(to + i, value);
        }
    }
}
