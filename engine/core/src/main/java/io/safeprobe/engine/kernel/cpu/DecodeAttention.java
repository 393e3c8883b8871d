package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.DType;
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

    private static final int Q_SLOT = 3;
    private static final int SCORE_SLOT = 4;

    private DecodeAttention() {}

    /** Writes the output row and the log-sum-exp of query {@code query} of a segment for one head. */
    static void row(
            Matrix q, Matrix k, Matrix v, MemorySegment y, MemorySegment logSumExp, Segment segment, int query, int head, int heads,
            int group, int size, float scale, float softcap, Scratch scratch) {
        int keys = segment.visible(query);
        long row = segment.firstQuery() + (long) query;
        long column = (long) (head / group) * size;
        float[] x = scratch.floats(Q_SLOT, size);
        Lanes.widen(DType.F32, q.data(), q.index(row, (long) head * size), size, x, 0);
        float[] scores = scratch.floats(SCORE_SLOT, keys + COUNT);
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < keys; j++) {
            scores[j] = scale * dot(k.data(), k.index(segment.firstKey() + (long) j, column), x, size);
            max = Math.max(max, scores[j]);
        }
        if (softcap != 0) {
            cap(scores, keys, softcap);
            max = largest(scores, keys);
        }
        java.util.Arrays.fill(scores, keys, keys + COUNT, Float.NEGATIVE_INFINITY);
        float sum = exponentials(scores, keys, max);
        Lanes.set(logSumExp, row * heads + head, max + (float) Math.log(sum));
        for (int d = 0; d < size; d += COUNT) {
            mix(v, segment.firstKey(), column + d, scores, keys, 1 / sum, y, row * q.stride() + (long) head * size + d, size - d);
        }
    }

    private static float dot(MemorySegment k, long at, float[] x, int size) {
        FloatVector sum = FloatVector.zero(S);
        int whole = S.loopBound(size);
        for (int d = 0; d < whole; d += COUNT) {
            sum = Lanes.load(k, at + d).fma(FloatVector.fromArray(S, x, d), sum);
        }
        float total = Lanes.sum(sum);
        for (int d = whole; d < size; d++) {
            total += Lanes.get(k, at + d) * x[d];
        }
        return total;
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
}
