package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
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
 * Gradient of attention (arXiv 2205.14135, appendix B) by blocks of at most {@value #BLOCK} queries and {@link GemmTile#COLUMNS} keys: probabilities are
 * computed again from the log-sum-exp, and five small products on {@link GemmTile} give {@code dv += p^T g}, {@code dp = g v^T},
 * {@code dk += ds^T q} and {@code dq += ds k}. A block is kept as {@code [queries, keys]} ({@link ScoreBlock}), so its transpose is an A operand as it lies, results come
 * out as they are stored, and only ds is packed, by rows, for dq. Rows and steps that the mask hides altogether are left out, which
 * halves the work of a block on the diagonal. (With blocks as {@code [keys, queries]} both p and ds had to be transposed, as well as dq: packing took as
 * long as the products.)
 *
 * <p>A task is one key/value head of one segment, which alone writes the gradients of its keys and adds its blocks in order: no
 * locks, and the same bits for any number of threads. Segments whose keys overlap share a task. Long tasks come first. Where scores are capped, the slope of the
 * cap is kept with the scores and multiplied into {@code ds}. What is not finite spreads within a segment and head as it does in {@link AttentionKernel}.
 */
final class AttentionGradKernel {
    private static final int BLOCK = 128;
    private static final int CLEAR_GRAIN = 65_536;
    private static final int K_SLOT = 3;
    private static final int V_SLOT = 4;
    private static final int K_WIDE_SLOT = 5;
    private static final int Q_SLOT = 6;
    private static final int G_SLOT = 7;
    private static final int Q_WIDE_SLOT = 8;
    private static final int G_WIDE_SLOT = 9;
    private static final int P_SLOT = 10;
    private static final int DS_SLOT = 11;
    private static final int SLOPE_SLOT = 12;
    private static final int ROW_SLOT = 13;
    private static final int LSE_SLOT = 14;
    private static final int MEAN_SLOT = 15;

    private record Call(
            Matrix q, Matrix k, Matrix v, Matrix y, Matrix logSumExp, Matrix g, Matrix dq, Matrix dk, Matrix dv, int heads,
            int group, int size, float scale, float softcap) {}

    /**
     * What belongs to the keys of one segment and head: k and v packed as B operands {@code [size, COLUMNS keys]}, a panel of keys after the other, and k as
     * {@code [keys, COLUMNS dimensions]}. A segment that is {@code alone} shares its keys with none.
     */
    private record Keys(Segment segment, boolean alone, int column, MemorySegment k, MemorySegment v, MemorySegment kWide) {
        static Keys of(Call call, Segment segment, boolean alone, int column, Scratch scratch) {
            MemorySegment k = packKeys(call.k, segment, column, call.size, scratch, K_SLOT);
            MemorySegment v = packKeys(call.v, segment, column, call.size, scratch, V_SLOT);
            return new Keys(segment, alone, column, k, v, packWide(call.k, segment.firstKey(), segment.keys(), column, call.size, scratch, K_WIDE_SLOT));
        }

        private static MemorySegment packKeys(Matrix source, Segment segment, int column, int size, Scratch scratch, int slot) {
            MemorySegment packed = scratch.nativeFloats(slot, (long) (segment.keys() + COLUMNS) * size);
            for (int key = 0; key < segment.keys(); key += COLUMNS) {
                int keys = Math.min(COLUMNS, segment.keys() - key);
                Panels.packRowsOfB(source.from(segment.firstKey() + (long) key, column), keys, size, packed, (long) key * size, scratch);
            }
            return packed;
        }
    }

    /** A block of queries of a head, and its gradients packed as A operands by rows, and as B operands {@code [queries, COLUMNS dimensions]}. */
    private record Queries(
            int from, int count, long row, int column, MemorySegment q, MemorySegment g, MemorySegment qWide, MemorySegment gWide,
            MemorySegment logSumExp, MemorySegment mean) {
        static Queries of(Call call, Segment segment, int head, int from, Scratch scratch) {
            int size = call.size;
            int count = Math.min(BLOCK, segment.queries() - from);
            int row = segment.firstQuery() + from;
            int column = head * size;
            MemorySegment logSumExp = scratch.nativeFloats(LSE_SLOT, BLOCK);
            MemorySegment mean = scratch.nativeFloats(MEAN_SLOT, BLOCK);
            for (int c = 0; c < count; c++) {
                Lanes.set(logSumExp, c, Lanes.get(call.logSumExp.data(), call.logSumExp.index(row + (long) c, head)));
                Lanes.set(mean, c, dot(call.g, call.y, call.g.index(row + (long) c, column), size));
            }
            return new Queries(
                    from, count, row, column,
                    AttentionKernel.packRows(call.q, row, count, column, size, scratch, Q_SLOT),
                    AttentionKernel.packRows(call.g, row, count, column, size, scratch, G_SLOT),
                    packWide(call.q, row, count, column, size, scratch, Q_WIDE_SLOT),
                    packWide(call.g, row, count, column, size, scratch, G_WIDE_SLOT),
                    logSumExp, mean);
        }
    }

    /** Where queries meet keys: {@code keys} from {@code key} on, of which query c sees {@code visible + c}, queries from {@code first} on at least one. */
    private record Meeting(Keys shared, Queries queries, int key, int keys, int visible, int first) {
        static Meeting of(Keys shared, Queries queries, int key) {
            int seen = shared.segment.visible(queries.from + queries.count - 1);
            int visible = shared.segment.visible(queries.from) - key;
            int first = Math.max(0, 1 - visible) / ROWS * ROWS;
            return new Meeting(shared, queries, key, Math.min(COLUMNS, seen - key), visible, first);
        }

        /** Whether nothing has been added yet to the gradients of keys from {@code panel} on. */
        boolean begins(Call call, int panel) {
            boolean firstHead = queries.column / call.size % call.group == 0;
            return shared.alone && firstHead && (queries.from == 0 || shared.segment.visible(queries.from - 1) <= key + panel);
        }

        /** Keys that the last of the rows {@code [row, row + ROWS)} sees. */
        int seenBy(int row) {
            return Math.min(keys, visible + Math.min(row + ROWS, queries.count) - 1);
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
                matrix(out.get(0)), matrix(out.get(1)), matrix(out.get(2)), op.heads(), op.heads() / op.kvHeads(), size, (float) op.scale(),
                (float) op.softcap());
        List<List<Segment>> groups = sharingKeys(Segment.of(in.get(3)));
        if (!coverKeys(groups, out.get(1).shape().dim(0))) {
            clear(out.get(1));
            clear(out.get(2));
        }
        workers.run(groups.size() * op.kvHeads(), (part, scratch) -> {
            List<Segment> group = groups.get(part / op.kvHeads());
            for (Segment segment : group) {
                run(call, segment, group.size() == 1, part % op.kvHeads(), scratch);
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

    /** Segments, in order of their keys, those that overlap together; what takes long first. */
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
        groups.sort(Comparator.comparingLong(AttentionGradKernel::work).reversed());
        return groups;
    }

    /**
     * Whether segments of their own, with a query for each key, cover all {@code keys}: then each gradient begins with the first block of its keys, and need not be
     * cleared. (With more keys than queries a block may end within a panel of keys, of which the next one then adds to some and should begin others.)
     */
    private static boolean coverKeys(List<List<Segment>> groups, long keys) {
        long covered = groups.stream()
                .filter(group -> group.size() == 1)
                .map(List::getFirst)
                .filter(segment -> segment.queries() == segment.keys())
                .mapToLong(Segment::keys)
                .sum();
        return covered == keys;
    }

    private static long work(List<Segment> group) {
        return group.stream().mapToLong(segment -> (long) segment.queries() * segment.keys()).sum();
    }

    private static void run(Call call, Segment segment, boolean alone, int kvHead, Scratch scratch) {
        Keys shared = Keys.of(call, segment, alone, kvHead * call.size, scratch);
        for (int head = kvHead * call.group; head < (kvHead + 1) * call.group; head++) {
            for (int from = 0; from < segment.queries(); from += BLOCK) {
                Queries queries = Queries.of(call, segment, head, from, scratch);
                for (int key = 0; key < segment.visible(from + queries.count - 1); key += COLUMNS) {
                    block(call, Meeting.of(shared, queries, key), scratch);
                }
            }
        }
    }

    private static void block(Call call, Meeting m, Scratch scratch) {
        Queries queries = m.queries;
        int count = queries.count;
        long room = (long) (BLOCK + ROWS) * COLUMNS;
        MemorySegment p = scratch.nativeFloats(P_SLOT, room);
        MemorySegment ds = scratch.nativeFloats(DS_SLOT, room);
        MemorySegment slope = scratch.nativeFloats(SLOPE_SLOT, call.softcap == 0 ? 0 : room);
        scores(call, m, queries.q, m.shared.k, p);
        if (call.softcap == 0) {
            ScoreBlock.probabilities(p, m.first, count, m.keys, call.scale, queries.logSumExp);
        } else {
            ScoreBlock.cap(p, m.first, count, call.scale, call.softcap, slope);
            ScoreBlock.probabilities(p, m.first, count, m.keys, 1, queries.logSumExp);
        }
        ScoreBlock.hide(p, m.first, count, m.visible, m.keys);
        addToKeys(call, m, p, queries.gWide, call.dv, scratch);
        scores(call, m, queries.g, m.shared.v, ds);
        ScoreBlock.gradient(p, ds, m.first, count, m.keys, call.scale, queries.mean);
        if (call.softcap != 0) {
            ScoreBlock.multiply(ds, slope, m.first, count);
        }
        ScoreBlock.hide(ds, m.first, count, m.visible, m.keys);
        addToKeys(call, m, ds, queries.qWide, call.dk, scratch);
        addToQueries(call, m, ds, scratch);
    }

    /** {@code block [queries, keys] = rows keys^T} where a query of six sees the key. */
    private static void scores(Call call, Meeting m, MemorySegment rows, MemorySegment keys, MemorySegment block) {
        for (int row = m.first; row < m.queries.count; row += ROWS) {
            long a = (long) row / ROWS * A_STRIDE * call.size;
            GemmTile.multiply(call.size, rows, a, A_STRIDE, keys, (long) m.key * call.size, COLUMNS, m.seenBy(row), block, (long) row * COLUMNS, COLUMNS);
        }
    }

    /** {@code target [keys, size] += block^T x}, x the queries; a panel of keys begins with the first query that sees one of them. */
    private static void addToKeys(Call call, Meeting m, MemorySegment block, MemorySegment x, Matrix target, Scratch scratch) {
        for (int key = 0; key < m.keys; key += ROWS) {
            int query = Math.max(0, key - m.visible + 1);
            int steps = m.queries.count - query;
            long row = m.shared.segment.firstKey() + (long) m.key + key;
            for (int d = 0; d < call.size; d += COLUMNS) {
                GemmTile.multiplyExactly(
                        steps, block, (long) query * COLUMNS + key, COLUMNS, x, ((long) d / COLUMNS * m.queries.count + query) * COLUMNS, COLUMNS,
                        Math.min(ROWS, m.keys - key), Math.min(COLUMNS, call.size - d),
                        target.data(), target.index(row, m.shared.column + (long) d), target.stride(), !m.begins(call, key), scratch);
            }
        }
    }

    /** {@code dq [queries, size] += block k}. The first keys of a segment are seen by all queries and begin the sum. */
    private static void addToQueries(Call call, Meeting m, MemorySegment block, Scratch scratch) {
        MemorySegment a = scratch.nativeFloats(ROW_SLOT, (long) A_STRIDE * COLUMNS);
        for (int row = m.first; row < m.queries.count; row += ROWS) {
            int rows = Math.min(ROWS, m.queries.count - row);
            int steps = m.seenBy(row);
            // Packed to the end of a vector, which a row of the block has: the product takes no more than the steps.
            int packed = (steps + COUNT - 1) / COUNT * COUNT;
            Panels.packRowsOfA(new Matrix(block, DType.F32, (long) row * COLUMNS, COLUMNS), rows, packed, a, 0);
            for (int d = 0; d < call.size; d += COLUMNS) {
                GemmTile.multiplyExactly(
                        steps, a, 0, A_STRIDE, m.shared.kWide, ((long) d / COLUMNS * m.shared.segment.keys() + m.key) * COLUMNS, COLUMNS,
                        rows, Math.min(COLUMNS, call.size - d),
                        call.dq.data(), call.dq.index(m.queries.row + row, m.queries.column + (long) d), call.dq.stride(), m.key > 0, scratch);
            }
        }
    }

    /** Rows {@code [row, row + count)} of a head as B operands {@code [count, COLUMNS dimensions]}, one after the other. */
    private static MemorySegment packWide(Matrix x, long row, int count, long column, int size, Scratch scratch, int slot) {
        MemorySegment packed = scratch.nativeFloats(slot, (long) (size + COLUMNS) * count);
        for (int d = 0; d < size; d += COLUMNS) {
            Panels.copy(x.from(row, column + d), count, Math.min(COLUMNS, size - d), packed, (long) d * count, COLUMNS);
        }
        return packed;
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
