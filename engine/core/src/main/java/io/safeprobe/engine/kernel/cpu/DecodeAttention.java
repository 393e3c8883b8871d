package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.DotLoops.VECTOR;
import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Attention of one query against a cache. Each key and value is used once, so the work is bound by reading them and packing would
 * only add to it: a dot product per key, a softmax over one row, then a weighted sum of the values.
 */
final class DecodeAttention {
    /** Segments with more queries are faster by panels. */
    static final int MAX_QUERIES = 4;

    /** Dimensions of four vectors. */
    private static final int WIDE = 4 * COUNT;
    private static final int SCORE_SLOT = 4;

    private DecodeAttention() {}

    /** Writes the output row and the log-sum-exp of query {@code query} of a segment for one head. */
    static void row(
            Matrix q, Matrix k, Matrix v, MemorySegment y, MemorySegment logSumExp, Segment segment, int query, int head, int heads,
            int group, int size, float scale, float softcap, Scratch scratch) {
        int keys = segment.visible(query);
        long row = segment.firstQuery() + (long) query;
        long column = (long) (head / group) * size;
        float[] scores = scratch.floats(SCORE_SLOT, keys + COUNT);
        StoredRows stored = StoredRows.of(k.from(segment.firstKey(), column), keys, size);
        MemorySegment vector = stored.vectors(q.from(row, (long) head * size), 1, scratch);
        stored.multiply(0, keys, vector, 1, scratch, (_, j, product) -> scores[(int) j] = scale * product);
        if (softcap != 0) {
            cap(scores, keys, softcap);
        }
        float max = largest(scores, keys);
        java.util.Arrays.fill(scores, keys, keys + COUNT, Float.NEGATIVE_INFINITY);
        float sum = exponentials(scores, keys, max);
        Lanes.set(logSumExp, row * heads + head, max + (float) Math.log(sum));
        int wide = size / WIDE * WIDE;
        for (int d = 0; d < wide; d += WIDE) {
            mixWide(v, segment.firstKey(), column + d, scores, keys, 1 / sum, y, row * q.stride() + (long) head * size + d);
        }
        for (int d = wide; d < size; d += COUNT) {
            mix(v, segment.firstKey(), column + d, scores, keys, 1 / sum, y, row * q.stride() + (long) head * size + d, size - d);
        }
    }

    private static float largest(float[] scores, int keys) {
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < keys; j++) {
            max = Math.max(max, scores[j]);
        }
        return max;
    }

    private static void cap(float[] scores, int keys, float cap) {
        FloatVector inverse = FloatVector.broadcast(S, 1 / cap);
        FloatVector factor = FloatVector.broadcast(S, cap);
        for (int j = 0; j < keys; j += COUNT) {
            Tanh.of(FloatVector.fromArray(S, scores, j).mul(inverse)).mul(factor).intoArray(scores, j);
        }
    }

    private static float exponentials(float[] scores, int keys, float max) {
        FloatVector sum = FloatVector.zero(S);
        for (int j = 0; j < keys; j += COUNT) {
            FloatVector e = Exp.of(FloatVector.fromArray(S, scores, j).sub(max));
            e.intoArray(scores, j);
            sum = e.add(sum);
        }
        return Lanes.sum(sum);
    }

    private static void mix(
            Matrix v, int firstKey, long column, float[] p, int keys, float factor, MemorySegment y, long to, int room) {
        VectorMask<Float> mask = Lanes.tail(0, room);
        FloatVector even = FloatVector.zero(S);
        FloatVector odd = even;
        long at = v.index(firstKey, column);
        int j = 0;
        for (; j + 2 <= keys; j += 2) {
            even = Lanes.load(v.data(), at + j * v.stride(), mask).fma(FloatVector.broadcast(S, p[j]), even);
            odd = Lanes.load(v.data(), at + (j + 1) * v.stride(), mask).fma(FloatVector.broadcast(S, p[j + 1]), odd);
        }
        if (j < keys) {
            even = Lanes.load(v.data(), at + j * v.stride(), mask).fma(FloatVector.broadcast(S, p[j]), even);
        }
        Lanes.store(even.add(odd).mul(factor), y, to, mask);
    }

    /** The same for the dimensions of four vectors. */
    private static void mixWide(Matrix v, int firstKey, long column, float[] p, int keys, float factor, MemorySegment y, long to) {
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        long step = 4 * v.stride();
        long row = Lanes.address(v.data(), v.index(firstKey, column), (keys - 1) * v.stride() + WIDE, 4);
        for (int j = 0; j < keys; j++, row += step) {
            long at = row & ADDRESS;
            FloatVector weight = FloatVector.broadcast(S, p[j]);
            sum0 = FloatVector.fromMemorySegment(S, ALL, at, ORDER).fma(weight, sum0);
            sum1 = FloatVector.fromMemorySegment(S, ALL, at + VECTOR, ORDER).fma(weight, sum1);
            sum2 = FloatVector.fromMemorySegment(S, ALL, at + 2 * VECTOR, ORDER).fma(weight, sum2);
            sum3 = FloatVector.fromMemorySegment(S, ALL, at + 3 * VECTOR, ORDER).fma(weight, sum3);
        }
        Lanes.store(sum0.mul(factor), y, to);
        Lanes.store(sum1.mul(factor), y, to + COUNT);
        Lanes.store(sum2.mul(factor), y, to + 2L * COUNT);
        Lanes.store(sum3.mul(factor), y, to + 3L * COUNT);
    }
}
