package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;
import static io.safeprobe.engine.kernel.cpu.MicroKernel.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.MicroKernel.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.MicroKernel.ROWS;
import static io.safeprobe.engine.kernel.cpu.MicroKernel.TILE;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Gradient of attention (arXiv 2205.14135, appendix B) by panels of queries: probabilities are computed again from the log-sum-exp,
 * and five small products on the microkernel give {@code dv += p g}, {@code dp = g v}, {@code dk += ds q} and {@code dq = ds k}.
 * A task is one key/value head of one segment, which alone writes the gradients of its keys and adds its panels in order: no
 * locks, and the same bits for any number of threads. Segments whose keys overlap share a task. Where scores are capped, the slope of the
 * cap is kept with the scores and multiplied into {@code ds}.
 */
final class AttentionGradKernel {
    private static final int K_SLOT = 3;
    private static final int V_SLOT = 4;
    private static final int KT_SLOT = 5;
    private static final int Q_SLOT = 6;
    private static final int G_SLOT = 7;
    private static final int P_SLOT = 8;
    private static final int DS_SLOT = 9;
    private static final int WIDE_SLOT = 10;
    private static final int STEP_SLOT = 11;
    private static final int DK_SLOT = 12;
    private static final int DV_SLOT = 13;
    private static final int OUT_SLOT = 14;
    private static final int ROW_SLOT = 15;
    private static final int SLOPE_SLOT = 16;

    private record Call(
            Matrix q, Matrix k, Matrix v, Matrix y, Matrix logSumExp, Matrix g, MemorySegment dq, Matrix dk, Matrix dv, int heads,
            int group, int size, float scale, float softcap) {
        int dimensionPanels() {
            return (size + COLUMNS - 1) / COLUMNS;
        }
    }

    /** What belongs to the keys of one segment and head: packed operands and the sums so far, in tiles. */
    private static final class Keys {
        private final Segment segment;
        private final int column;
        private final float[] k;
        private final float[] v;
        private final float[] kByDimension;
        private final float[] dk;
        private final float[] dv;

        Keys(Call call, Segment segment, int column, Scratch scratch) {
            this.segment = segment;
            this.column = column;
            int keys = segment.keys();
            int size = call.size;
            k = scratch.floats(K_SLOT, ScorePanel.panels(keys) * A_STRIDE * size);
            v = scratch.floats(V_SLOT, ScorePanel.panels(keys) * A_STRIDE * size);
            kByDimension = scratch.floats(KT_SLOT, ScorePanel.panels(size) * A_STRIDE * keys);
            AttentionKernel.packKeys(call.k, segment.firstKey(), keys, column, size, k, scratch);
            AttentionKernel.packKeys(call.v, segment.firstKey(), keys, column, size, v, scratch);
            AttentionKernel.packDimensions(call.k, segment.firstKey(), keys, column, size, kByDimension);
            int sums = ScorePanel.size(keys) * call.dimensionPanels();
            dk = scratch.floats(DK_SLOT, sums);
            dv = scratch.floats(DV_SLOT, sums);
            Arrays.fill(dk, 0, sums, 0f);
            Arrays.fill(dv, 0, sums, 0f);
        }
    }

    private final Workers workers;

    AttentionGradKernel(Workers workers) {
        this.workers = workers;
    }

    void backward(Op.AttentionGrad op, List<Tensor> in, List<Tensor> out) {
        int size = Math.toIntExact(in.get(0).shape().dim(-1) / op.heads());
        Call call = new Call(
                matrix(in.get(0)), matrix(in.get(1)), matrix(in.get(2)), matrix(in.get(4)), matrix(in.get(5)), matrix(in.get(6)),
                out.get(0).data(), matrix(out.get(1)), matrix(out.get(2)), op.heads(), op.heads() / op.kvHeads(), size, (float) op.scale(),
                (float) op.softcap());
        out.get(1).data().fill((byte) 0);
        out.get(2).data().fill((byte) 0);
        List<List<Segment>> groups = sharingKeys(Segment.of(in.get(3)));
        workers.run(groups.size() * op.kvHeads(), (part, scratch) -> {
            for (Segment segment : groups.get(part / op.kvHeads())) {
                run(call, segment, part % op.kvHeads(), scratch);
            }
        });
    }

    private static Matrix matrix(Tensor tensor) {
        return new Matrix(tensor.data(), DType.F32, 0, tensor.shape().dim(-1));
    }

    /** Segments in order of their keys, those that overlap together. */
    private static List<List<Segment>> sharingKeys(List<Segment> segments) {
        List<List<Segment>> groups = new ArrayList<>();
        int end = 0;
        for (Segment segment : segments.stream().sorted(Comparator.comparingInt(Segment::firstKey)).toList()) {
            if (groups.isEmpty() || segment.firstKey() >= end) {
                groups.add(new ArrayList<>());
            }
            groups.getLast().add(segment);
            end = Math.max(end, segment.lastKey());
        }
        return groups;
    }

    private static void run(Call call, Segment segment, int kvHead, Scratch scratch) {
        Keys shared = new Keys(call, segment, kvHead * call.size, scratch);
        for (int head = kvHead * call.group; head < (kvHead + 1) * call.group; head++) {
            for (int from = 0; from < segment.queries(); from += COLUMNS) {
                panel(call, shared, head, from, Math.min(COLUMNS, segment.queries() - from), scratch);
            }
        }
        addSums(call, shared, shared.dk, call.dk);
        addSums(call, shared, shared.dv, call.dv);
    }

    private static void panel(Call call, Keys shared, int head, int from, int queries, Scratch scratch) {
        int size = call.size;
        long row = shared.segment.firstQuery() + (long) from;
        long column = (long) head * size;
        int seen = shared.segment.visible(from + queries - 1);
        int visible = shared.segment.visible(from);
        float[] p = scratch.floats(P_SLOT, ScorePanel.size(seen));
        float[] ds = scratch.floats(DS_SLOT, ScorePanel.size(seen));
        float[] rows = scratch.floats(ROW_SLOT, COLUMNS);

        float[] q = scratch.floats(Q_SLOT, COLUMNS * size);
        Panels.packRows(call.q, row, queries, column, size, q, 0, COLUMNS, scratch);
        ScorePanel.scale(q, COLUMNS * size, call.scale);
        ScorePanel.multiply(shared.k, seen, q, size, p);
        float[] slope = scratch.floats(SLOPE_SLOT, call.softcap == 0 ? 0 : ScorePanel.size(seen));
        if (call.softcap != 0) {
            ScorePanel.cap(p, seen, call.softcap, slope);
        }
        for (int c = 0; c < COLUMNS; c++) {
            rows[c] = c < queries ? Lanes.get(call.logSumExp.data(), call.logSumExp.index(row + c, head)) : 0f;
        }
        ScorePanel.probabilities(p, seen, rows);
        ScorePanel.hide(p, seen, visible, 0f);
        accumulate(call, shared.dv, p, seen, call.g, row, column, queries, 1f, scratch);

        float[] g = scratch.floats(G_SLOT, COLUMNS * size);
        Panels.packRows(call.g, row, queries, column, size, g, 0, COLUMNS, scratch);
        ScorePanel.multiply(shared.v, seen, g, size, ds);
        for (int c = 0; c < COLUMNS; c++) {
            rows[c] = c < queries ? dot(call.g, call.y, call.g.index(row + c, column), size) : 0f;
        }
        ScorePanel.scoreGradient(p, ds, seen, rows);
        if (call.softcap != 0) {
            ScorePanel.multiplyBy(ds, slope, seen);
        }
        accumulate(call, shared.dk, ds, seen, call.q, row, column, queries, call.scale, scratch);

        float[] dq = scratch.floats(OUT_SLOT, ScorePanel.size(size));
        for (int panel = 0; panel < ScorePanel.panels(size); panel++) {
            MicroKernel.multiply(seen, shared.kByDimension, panel * A_STRIDE * shared.segment.keys(), ds, 0, dq, panel * TILE);
        }
        ScorePanel.scale(dq, size * COLUMNS, call.scale);
        Panels.unpackTransposed(dq, COLUMNS, size, queries, call.dq, call.q.index(row, column), call.q.stride(), scratch);
    }

    /** {@code sums [keys, size] += factor weights [keys, queries] x [queries, size]}. */
    private static void accumulate(
            Call call, float[] sums, float[] weights, int keys, Matrix x, long row, long column, int queries, float factor, Scratch scratch) {
        int wide = call.dimensionPanels();
        float[] b = scratch.floats(WIDE_SLOT, wide * COLUMNS * queries);
        for (int j = 0; j < wide; j++) {
            int columns = Math.min(COLUMNS, call.size - j * COLUMNS);
            Panels.packColumns(x, column + (long) j * COLUMNS, columns, row, queries, b, j * COLUMNS * queries, COLUMNS);
        }
        float[] a = scratch.floats(STEP_SLOT, A_STRIDE * queries + TILE);
        int tile = A_STRIDE * queries;
        for (int i = 0; i < ScorePanel.panels(keys); i++) {
            int rows = Math.min(ROWS, keys - i * ROWS);
            Panels.packRows(weights, i * TILE, COLUMNS, rows, queries, a, 0, A_STRIDE, scratch);
            for (int j = 0; j < wide; j++) {
                MicroKernel.multiply(queries, a, 0, b, j * COLUMNS * queries, a, tile);
                addTile(a, tile, sums, (i * wide + j) * TILE, factor);
            }
        }
    }

    private static void addTile(float[] tile, int from, float[] sums, int at, float factor) {
        FloatVector f = FloatVector.broadcast(S, factor);
        for (int i = 0; i < TILE; i += COUNT) {
            FloatVector.fromArray(S, tile, from + i).fma(f, FloatVector.fromArray(S, sums, at + i)).intoArray(sums, at + i);
        }
    }

    private static void addSums(Call call, Keys shared, float[] sums, Matrix target) {
        int wide = call.dimensionPanels();
        for (int key = 0; key < shared.segment.keys(); key++) {
            long to = target.index(shared.segment.firstKey() + (long) key, shared.column);
            for (int d = 0; d < call.size; d += COUNT) {
                int tile = (key / ROWS * wide + d / COLUMNS) * TILE;
                FloatVector sum = FloatVector.fromArray(S, sums, tile + key % ROWS * COLUMNS + d % COLUMNS);
                addTo(target.data(), to + d, sum, call.size - d);
            }
        }
    }

    /** Masks are made only where a row ends within a vector: making one costs more than using it. */
    private static void addTo(MemorySegment target, long at, FloatVector value, int left) {
        if (left >= COUNT) {
            Lanes.store(value.add(Lanes.load(target, at)), target, at);
        } else {
            VectorMask<Float> mask = Lanes.tail(0, left);
            Lanes.store(value.add(Lanes.load(target, at, mask)), target, at, mask);
        }
    }

    private static float dot(Matrix a, Matrix b, long at, int size) {
        FloatVector sum = FloatVector.zero(S);
        int d = 0;
        for (; d + COUNT <= size; d += COUNT) {
            sum = Lanes.load(a.data(), at + d).fma(Lanes.load(b.data(), at + d), sum);
        }
        if (d < size) {
            VectorMask<Float> mask = Lanes.tail(d, size);
            sum = Lanes.load(a.data(), at + d, mask).fma(Lanes.load(b.data(), at + d, mask), sum);
        }
        return Lanes.sum(sum);
    }
}
