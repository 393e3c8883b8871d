package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.ROWS;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Causal attention by blocks of queries. A task is one segment, one head and up to {@value #BLOCK} queries: keys and values are
 * packed once for it, then each panel of queries runs scores, softmax and the mix of values on {@link GemmTile}, with the
 * scores transposed ({@link ScorePanel}). Only the scores of one panel exist at a time, and what the mask hides behind the last
 * query is never computed. The mix comes out as {@code [head size, queries]} and is transposed on its way to memory.
 *
 * <p>What the mask hides next to what it does not has the weight 0, but is multiplied: a key or value that is no finite number makes NaN of queries of its segment and head
 * that do not see it, too.
 *
 * <p>Segments of few queries (decoding with a cache) go to {@link DecodeAttention}, which packs nothing.
 */
final class AttentionKernel {
    private static final int BLOCK = 128;
    private static final int K_SLOT = 3;
    private static final int V_SLOT = 4;
    private static final int Q_SLOT = 5;
    private static final int SCORE_SLOT = 6;
    private static final int MIX_SLOT = 7;
    private static final int SUM_SLOT = 8;
    private static final int LSE_SLOT = 9;

    /** Tensors of one call as matrices, with the sizes of a head. */
    private record Call(Matrix q, Matrix k, Matrix v, MemorySegment y, MemorySegment logSumExp, int heads, int group, int size, float scale,
            float softcap) {}

    private record Task(Segment segment, int head, int from, int to) {}

    private final Workers workers;

    AttentionKernel(Workers workers) {
        this.workers = workers;
    }

    void forward(Op.Attention op, List<Tensor> in, Tensor y, Tensor logSumExp) {
        int size = Math.toIntExact(in.get(0).shape().dim(-1) / op.heads());
        Call call = new Call(
                matrix(in.get(0)), matrix(in.get(1)), matrix(in.get(2)), y.data(), logSumExp.data(),
                op.heads(), op.heads() / op.kvHeads(), size, (float) op.scale(), (float) op.softcap());
        List<Task> tasks = new ArrayList<>();
        for (Segment segment : Segment.of(in.get(3))) {
            for (int head = 0; head < op.heads(); head++) {
                for (int from = 0; from < segment.queries(); from += BLOCK) {
                    tasks.add(new Task(segment, head, from, Math.min(segment.queries(), from + BLOCK)));
                }
            }
        }
        workers.run(tasks.size(), (part, scratch) -> run(call, tasks.get(part), scratch));
    }

    private static Matrix matrix(Tensor tensor) {
        return new Matrix(tensor.data(), DType.F32, 0, tensor.shape().dim(-1));
    }

    private static void run(Call call, Task task, Scratch scratch) {
        Segment segment = task.segment;
        if (segment.queries() <= DecodeAttention.MAX_QUERIES) {
            for (int query = task.from; query < task.to; query++) {
                DecodeAttention.row(
                        call.q, call.k, call.v, call.y, call.logSumExp, segment, query, task.head, call.heads, call.group, call.size,
                        call.scale, call.softcap, scratch);
            }
            return;
        }
        int keys = segment.visible(task.to - 1);
        int column = task.head / call.group * call.size;
        MemorySegment k = packRows(call.k, segment.firstKey(), keys, column, call.size, scratch, K_SLOT);
        MemorySegment v = packDimensions(call.v, segment.firstKey(), keys, column, call.size, scratch, V_SLOT);
        for (int from = task.from; from < task.to; from += COLUMNS) {
            panel(call, task, from, Math.min(COLUMNS, task.to - from), k, v, keys, scratch);
        }
    }

    /** Packs {@code count} rows of a head as an A operand {@code [count, size]}. */
    static MemorySegment packRows(Matrix source, int first, int count, int column, int size, Scratch scratch, int slot) {
        MemorySegment packed = scratch.nativeFloats(slot, (long) ScorePanel.panels(count) * A_STRIDE * size);
        for (int row = 0; row < count; row += ROWS) {
            Panels.packRowsOfA(source.from(first + (long) row, column), Math.min(ROWS, count - row), size, packed, (long) row / ROWS * A_STRIDE * size);
        }
        return packed;
    }

    /** Packs the dimensions of a head as an A operand {@code [size, keys]}, whose steps are the keys. */
    static MemorySegment packDimensions(Matrix source, int firstKey, int keys, int column, int size, Scratch scratch, int slot) {
        MemorySegment packed = scratch.nativeFloats(slot, (long) ScorePanel.panels(size) * A_STRIDE * keys);
        Panels.packColumnsOfA(source.from(firstKey, column), keys, size, packed, 0, (long) A_STRIDE * keys);
        return packed;
    }

    /** Packs rows of queries as a B operand {@code [size, queries]}, scaled. */
    static MemorySegment packQueries(Matrix source, long row, int queries, long column, int size, float scale, Scratch scratch, int slot) {
        MemorySegment packed = scratch.nativeFloats(slot, (long) COLUMNS * size);
        Panels.packRowsOfB(source.from(row, column), queries, size, packed, 0, scratch);
        if (scale != 1) {
            ScorePanel.scale(packed, size, scale);
        }
        return packed;
    }

    private static void panel(Call call, Task task, int from, int queries, MemorySegment k, MemorySegment v, int keys, Scratch scratch) {
        Segment segment = task.segment;
        int size = call.size;
        int seen = segment.visible(from + queries - 1);
        long row = segment.firstQuery() + (long) from;
        MemorySegment q = packQueries(call.q, row, queries, (long) task.head * size, size, call.scale, scratch, Q_SLOT);
        MemorySegment scores = scratch.nativeFloats(SCORE_SLOT, ScorePanel.size(seen));
        ScorePanel.multiply(k, seen, size, q, size, queries, scores);
        if (call.softcap != 0) {
            ScorePanel.cap(scores, seen, call.softcap);
        }
        ScorePanel.hide(scores, seen, segment.visible(from), queries, Float.NEGATIVE_INFINITY);
        float[] inverse = scratch.floats(SUM_SLOT, COLUMNS);
        float[] logSumExp = scratch.floats(LSE_SLOT, COLUMNS);
        ScorePanel.softmax(scores, seen, queries, inverse, logSumExp);
        MemorySegment mix = scratch.nativeFloats(MIX_SLOT, ScorePanel.size(size));
        ScorePanel.multiply(v, size, keys, scores, seen, queries, mix);
        ScorePanel.scaleColumns(mix, size, queries, inverse);
        long width = call.q.stride();
        Panels.transpose(new Matrix(mix, DType.F32, 0, COLUMNS), size, queries, call.y, row * width + (long) task.head * size, width, scratch);
        for (int c = 0; c < queries; c++) {
            Lanes.set(call.logSumExp, (row + c) * call.heads + task.head, logSumExp[c]);
        }
    }
}
