package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.FLOATS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.ROWS;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Gradient of attention (arXiv 2205.14135, appendix B) by panels of queries: probabilities are computed again from the log-sum-exp,
 * and five small products on {@link GemmTile} give {@code dv += p g}, {@code dp = g v}, {@code dk += ds q} and {@code dq = ds k}.
 * A task is one key/value head of one segment, which alone writes the gradients of its keys and adds its panels in order: no
 * locks, and the same bits for any number of threads. Segments whose keys overlap share a task. Where scores are capped, the slope of the
 * cap is kept with the scores and multiplied into {@code ds}.
 */
final class AttentionGradKernel {
    private static final int CLEAR_GRAIN = 65_536;
    private static final int K_SLOT = 3;
    private static final int V_SLOT = 4;
    private static final int KT_SLOT = 5;
    private static final int Q_SLOT = 6;
    private static final int G_SLOT = 7;
    private static final int P_SLOT = 8;
    private static final int DS_SLOT = 9;
    private static final int WIDE_SLOT = 10;
    private static final int STEP_SLOT = 11;
    private static final int TILE_SLOT = 2;
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
        private final MemorySegment k;
        private final MemorySegment v;
        private final MemorySegment kByDimension;
        private final MemorySegment dk;
        private final MemorySegment dv;

        Keys(Call call, Segment segment, int column, Scratch scratch) {
            this.segment = segment;
            this.column = column;
            int keys = segment.keys();
            k = AttentionKernel.packKeys(call.k, segment.firstKey(), keys, column, call.size, scratch, K_SLOT);
            v = AttentionKernel.packKeys(call.v, segment.firstKey(), keys, column, call.size, scratch, V_SLOT);
            kByDimension = AttentionKernel.packDimensions(call.k, segment.firstKey(), keys, column, call.size, scratch, KT_SLOT);
            dk = zeros(ScorePanel.size(keys) * call.dimensionPanels(), scratch, DK_SLOT);
            dv = zeros(ScorePanel.size(keys) * call.dimensionPanels(), scratch, DV_SLOT);
        }

        private static MemorySegment zeros(long floats, Scratch scratch, int slot) {
            MemorySegment sums = scratch.nativeFloats(slot, floats);
            sums.asSlice(0, 4 * floats).fill((byte) 0);
            return sums;
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
        clear(out.get(1));
        clear(out.get(2));
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

    /** By all threads: much of the time goes to the system, which clears pages on first use. */
    private void clear(Tensor tensor) {
        workers.ranges(tensor.byteSize(), CLEAR_GRAIN, (from, to, _) -> tensor.data().asSlice(from, to - from).fill((byte) 0));
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
        MemorySegment p = scratch.nativeFloats(P_SLOT, ScorePanel.size(seen));
        MemorySegment ds = scratch.nativeFloats(DS_SLOT, ScorePanel.size(seen));
        float[] rows = scratch.floats(ROW_SLOT, COLUMNS);

        MemorySegment q = AttentionKernel.packQueries(call.q, row, queries, column, size, call.scale, scratch, Q_SLOT);
        ScorePanel.multiply(shared.k, seen, size, q, size, queries, p);
        MemorySegment slope = scratch.nativeFloats(SLOPE_SLOT, call.softcap == 0 ? 0 : ScorePanel.size(seen));
        if (call.softcap != 0) {
            ScorePanel.cap(p, seen, call.softcap, slope);
        }
        for (int c = 0; c < COLUMNS; c++) {
            rows[c] = c < queries ? Lanes.get(call.logSumExp.data(), call.logSumExp.index(row + c, head)) : 0f;
        }
        ScorePanel.probabilities(p, seen, queries, rows);
        ScorePanel.hide(p, seen, visible, queries, 0f);
        ScorePanel.clearBehind(p, seen);
        accumulate(call, shared.dv, p, seen, call.g, row, column, queries, 1f, scratch);

        MemorySegment g = AttentionKernel.packQueries(call.g, row, queries, column, size, 1f, scratch, G_SLOT);
        ScorePanel.multiply(shared.v, seen, size, g, size, queries, ds);
        for (int c = 0; c < COLUMNS; c++) {
            rows[c] = c < queries ? dot(call.g, call.y, call.g.index(row + c, column), size) : 0f;
        }
        ScorePanel.scoreGradient(p, ds, seen, queries, rows);
        if (call.softcap != 0) {
            ScorePanel.multiplyBy(ds, slope, seen);
        }
        ScorePanel.clearBehind(ds, seen);
        accumulate(call, shared.dk, ds, seen, call.q, row, column, queries, call.scale, scratch);

        MemorySegment dq = scratch.nativeFloats(OUT_SLOT, ScorePanel.size(size));
        ScorePanel.multiply(shared.kByDimension, size, shared.segment.keys(), ds, seen, queries, dq);
        ScorePanel.scale(dq, size, call.scale);
        Panels.transpose(new Matrix(dq, DType.F32, 0, COLUMNS), size, queries, call.dq, call.q.index(row, column), call.q.stride(), scratch);
    }

    /** {@code sums [keys, size] += factor weights [keys, queries] x [queries, size]}; rows of {@code weights} up to a whole tile are there. */
    private static void accumulate(
            Call call, MemorySegment sums, MemorySegment weights, int keys, Matrix x, long row, long column, int queries, float factor, Scratch scratch) {
        int wide = call.dimensionPanels();
        MemorySegment b = scratch.nativeFloats(WIDE_SLOT, (long) wide * COLUMNS * queries);
        for (int j = 0; j < wide; j++) {
            int columns = Math.min(COLUMNS, call.size - j * COLUMNS);
            Panels.copy(x.from(row, column + (long) j * COLUMNS), queries, columns, b, (long) j * COLUMNS * queries, COLUMNS);
        }
        // Packed to the end of a vector, which a row of weights has: the product takes no more than the queries.
        int steps = (queries + COUNT - 1) / COUNT * COUNT;
        MemorySegment a = scratch.nativeFloats(STEP_SLOT, (long) A_STRIDE * steps);
        MemorySegment tile = scratch.nativeFloats(TILE_SLOT, FLOATS);
        for (int i = 0; i < ScorePanel.panels(keys); i++) {
            Panels.packRowsOfA(new Matrix(weights, DType.F32, (long) i * FLOATS, COLUMNS), ROWS, steps, a, 0);
            for (int j = 0; j < wide; j++) {
                int columns = Math.min(COLUMNS, call.size - j * COLUMNS);
                GemmTile.multiply(queries, a, 0, b, (long) j * COLUMNS * queries, columns, tile, 0, COLUMNS);
                ScorePanel.addTile(tile, columns, factor, sums, ((long) i * wide + j) * FLOATS);
            }
        }
    }

    private static void addSums(Call call, Keys shared, MemorySegment sums, Matrix target) {
        int wide = call.dimensionPanels();
        for (int key = 0; key < shared.segment.keys(); key++) {
            long to = target.index(shared.segment.firstKey() + (long) key, shared.column);
            for (int d = 0; d < call.size; d += COUNT) {
                long tile = ((long) key / ROWS * wide + d / COLUMNS) * FLOATS;
                FloatVector sum = Lanes.load(sums, tile + (long) (key % ROWS) * COLUMNS + d % COLUMNS);
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
