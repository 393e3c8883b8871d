package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Gradient of attention (arXiv 2205.14135, appendix B). Probabilities are computed again from the log-sum-exp, once for the gradient to the
 * queries, where a work-group has a query and a head and its keys pass by, and once for those to keys and values, where it has a key and a
 * key/value head and all queries that see it pass by, segment after segment. So nothing is added by two groups, and in no other order.
 *
 * <p>Ints: q, k, v, output, log-sum-exp, g, gradients to queries, to keys, to values, rows of queries or keys, heads, key/value heads, head size,
 * segments, how many. Floats: scale, soft cap of the scores (0 for none).
 */
final class AttentionGradLanes {
    private AttentionGradLanes() {}

    static void queries(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        float scale = floats.get(Slot.floats(c.globalGroupSizeX));
        float cap = floats.get(Slot.floats(c.globalGroupSizeX) + 1);
        int lane = c.localIdx;
        int heads = ints.get(at + 10);
        int size = ints.get(at + 12);
        int query = c.groupIdx / heads;
        int head = c.groupIdx - query * heads;
        int segment = AttentionLanes.segmentOf(query, index, ints.get(at + 13), ints.get(at + 14));
        int visible = query < ints.get(at + 9) ? AttentionLanes.visible(query, index, segment) : 0;
        int kvWidth = ints.get(at + 11) * size;
        int keys = index.get(segment + 2) * kvWidth + head / (heads / ints.get(at + 11)) * size;
        float[] weight = c.allocateFloatLocalArray(Slot.GROUP);
        float dq0 = 0f;
        float dq1 = 0f;
        float dq2 = 0f;
        float dq3 = 0f;
        for (int from = 0; from < visible; from += Slot.GROUP) {
            float ds = 0f;
            if (from + lane < visible) {
                int key = keys + (from + lane) * kvWidth;
                float score = score(heap, ints, at, c.groupIdx, key, size, scale);
                float p = probability(heap, ints, at, c.groupIdx, score, cap);
                ds = scoreGradient(heap, ints, at, c.groupIdx, key, size, scale, score, p, cap);
            }
            weight[lane] = ds;
            c.localBarrier();
            int count = Math.min(Slot.GROUP, visible - from);
            int rows = ints.get(at + 1) + keys + from * kvWidth;
            for (int j = 0; j < count; j++) {
                float w = weight[j];
                dq0 += w * AttentionLanes.within(heap, rows + j * kvWidth, lane, size);
                dq1 += w * AttentionLanes.within(heap, rows + j * kvWidth, lane + Slot.GROUP, size);
                dq2 += w * AttentionLanes.within(heap, rows + j * kvWidth, lane + 2 * Slot.GROUP, size);
                dq3 += w * AttentionLanes.within(heap, rows + j * kvWidth, lane + 3 * Slot.GROUP, size);
            }
            c.localBarrier();
        }
        if (visible > 0) {
            int to = ints.get(at + 6) + c.groupIdx * size;
            AttentionLanes.put(heap, to, lane, size, dq0);
            AttentionLanes.put(heap, to, lane + Slot.GROUP, size, dq1);
            AttentionLanes.put(heap, to, lane + 2 * Slot.GROUP, size, dq2);
            AttentionLanes.put(heap, to, lane + 3 * Slot.GROUP, size, dq3);
        }
    }

    static void keys(KernelContext c, FloatArray heap, ShortArray weights, IntArray index, IntArray ints, FloatArray floats) {
        int at = Slot.ints(c.globalGroupSizeX);
        float scale = floats.get(Slot.floats(c.globalGroupSizeX));
        float cap = floats.get(Slot.floats(c.globalGroupSizeX) + 1);
        int lane = c.localIdx;
        int kvHeads = ints.get(at + 11);
        int size = ints.get(at + 12);
        int group = ints.get(at + 10) / kvHeads;
        int row = c.groupIdx / kvHeads;
        int kvHead = c.groupIdx - row * kvHeads;
        int key = c.groupIdx * size;
        int segments = row < ints.get(at + 9) ? ints.get(at + 14) : 0;
        float[] weight = c.allocateFloatLocalArray(Slot.GROUP);
        float[] slope = c.allocateFloatLocalArray(Slot.GROUP);
        float dk0 = 0f;
        float dk1 = 0f;
        float dk2 = 0f;
        float dk3 = 0f;
        float dv0 = 0f;
        float dv1 = 0f;
        float dv2 = 0f;
        float dv3 = 0f;
        for (int s = 0; s < segments; s++) {
            int segment = ints.get(at + 13) + 4 * s;
            int first = firstQuery(row, index, segment);
            int items = (index.get(segment) + index.get(segment + 1) - first) * group;
            for (int from = 0; from < items; from += Slot.GROUP) {
                float p = 0f;
                float ds = 0f;
                if (from + lane < items) {
                    int item = queryHead(from + lane, first, group, ints.get(at + 10), kvHead);
                    float score = score(heap, ints, at, item, key, size, scale);
                    p = probability(heap, ints, at, item, score, cap);
                    ds = scoreGradient(heap, ints, at, item, key, size, scale, score, p, cap);
                }
                weight[lane] = p;
                slope[lane] = ds;
                c.localBarrier();
                int count = Math.min(Slot.GROUP, items - from);
                for (int j = 0; j < count; j++) {
                    int item = queryHead(from + j, first, group, ints.get(at + 10), kvHead) * size;
                    float w = weight[j];
                    float d = slope[j];
                    int q = ints.get(at) + item;
                    int g = ints.get(at + 5) + item;
                    dv0 += w * AttentionLanes.within(heap, g, lane, size);
                    dv1 += w * AttentionLanes.within(heap, g, lane + Slot.GROUP, size);
                    dv2 += w * AttentionLanes.within(heap, g, lane + 2 * Slot.GROUP, size);
                    dv3 += w * AttentionLanes.within(heap, g, lane + 3 * Slot.GROUP, size);
                    dk0 += d * AttentionLanes.within(heap, q, lane, size);
                    dk1 += d * AttentionLanes.within(heap, q, lane + Slot.GROUP, size);
                    dk2 += d * AttentionLanes.within(heap, q, lane + 2 * Slot.GROUP, size);
                    dk3 += d * AttentionLanes.within(heap, q, lane + 3 * Slot.GROUP, size);
                }
                c.localBarrier();
            }
        }
        if (row < ints.get(at + 9)) {
            int dk = ints.get(at + 7) + key;
            int dv = ints.get(at + 8) + key;
            AttentionLanes.put(heap, dk, lane, size, dk0);
            AttentionLanes.put(heap, dk, lane + Slot.GROUP, size, dk1);
            AttentionLanes.put(heap, dk, lane + 2 * Slot.GROUP, size, dk2);
            AttentionLanes.put(heap, dk, lane + 3 * Slot.GROUP, size, dk3);
            AttentionLanes.put(heap, dv, lane, size, dv0);
            AttentionLanes.put(heap, dv, lane + Slot.GROUP, size, dv1);
            AttentionLanes.put(heap, dv, lane + 2 * Slot.GROUP, size, dv2);
            AttentionLanes.put(heap, dv, lane + 3 * Slot.GROUP, size, dv3);
        }
    }

    /** The first query of a segment that sees a key row; behind its last query where none does. */
    static int firstQuery(int row, IntArray index, int segment) {
        int first = index.get(segment);
        int queries = index.get(segment + 1);
        int keys = index.get(segment + 3);
        int place = row - index.get(segment + 2);
        int seen = first + Math.max(0, place - (keys - queries));
        return place < 0 || place >= keys ? first + queries : seen;
    }

    /** Which of all {@code [queries, heads]} is number {@code i} of those that share a key: queries from {@code first} on, their heads together. */
    static int queryHead(int i, int first, int group, int heads, int kvHead) {
        int query = i / group;
        return (first + query) * heads + kvHead * group + i - query * group;
    }

    /** The score of a query and head ({@code item}) and the key that begins {@code key} numbers into k, before the cap. */
    static float score(FloatArray heap, IntArray ints, int at, int item, int key, int size, float scale) {
        return scale * AttentionLanes.dot(heap, ints.get(at) + item * size, ints.get(at + 1) + key, size);
    }

    static float probability(FloatArray heap, IntArray ints, int at, int item, float score, float cap) {
        return TornadoMath.exp(AttentionLanes.capped(score, cap) - heap.get(ints.get(at + 4) + item));
    }

    /** {@code scale p (g v - g y)}, times the slope of the cap. */
    static float scoreGradient(FloatArray heap, IntArray ints, int at, int item, int key, int size, float scale, float score, float p, float cap) {
        int g = ints.get(at + 5) + item * size;
        float mean = AttentionLanes.dot(heap, g, ints.get(at + 3) + item * size, size);
        float own = AttentionLanes.dot(heap, g, ints.get(at + 2) + key, size);
        return scale * p * (own - mean) * AttentionLanes.slope(score, cap);
    }
}
