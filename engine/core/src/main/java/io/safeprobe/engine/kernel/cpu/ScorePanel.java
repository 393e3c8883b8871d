package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.ROWS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Scores of one block of queries, kept as {@code [keys, COLUMNS queries]}: the layout of a packed B operand, so the panel feeds the
 * next product as it is, and a softmax over keys works on whole vectors of queries with no sum across lanes. Queries that a block
 * lacks up to the end of a vector are computed with the others and never read.
 *
 * <p>Short loops move their vectors by calls of the library, not of {@link Lanes}, as they end up in long methods; see there.
 */
final class ScorePanel {
    private ScorePanel() {}

    /** Floats of a panel for {@code keys} keys: whole tiles. */
    static long size(int keys) {
        return (long) panels(keys) * GemmTile.FLOATS;
    }

    /** Panels of {@link GemmTile#ROWS} that hold {@code rows}. */
    static int panels(int rows) {
        return (rows + ROWS - 1) / ROWS;
    }

    /** {@code panel [rows, COLUMNS] = a b}, with a packed by rows and b the {@code queries} of the block, both over {@code depth}; a panel of a has {@code room} steps. */
    static void multiply(MemorySegment a, int rows, int room, MemorySegment b, int depth, int queries, MemorySegment panel) {
        for (int p = 0; p < panels(rows); p++) {
            GemmTile.multiply(depth, a, (long) p * A_STRIDE * room, A_STRIDE, b, 0, COLUMNS, queries, panel, (long) p * GemmTile.FLOATS, COLUMNS);
        }
    }

    /** {@code cap tanh(score / cap)} of the first {@code keys} rows. */
    static void cap(MemorySegment panel, int keys, float cap) {
        FloatVector inverse = FloatVector.broadcast(S, 1 / cap);
        FloatVector factor = FloatVector.broadcast(S, cap);
        for (long i = 0; i < (long) keys * COLUMNS; i += COUNT) {
            Lanes.store(Tanh.of(Lanes.load(panel, i).mul(inverse)).mul(factor), panel, i);
        }
    }

    /** Sets what the causal mask hides: query c of the block sees the first {@code visible + c} keys. */
    static void hide(MemorySegment panel, int keys, int visible, int queries, float value) {
        if (visible >= keys) {
            return;
        }
        FloatVector v = FloatVector.broadcast(S, value);
        long to = Lanes.target(panel, (long) visible * COLUMNS, (long) (keys - visible) * COLUMNS, 4);
        for (int row = 0; row < keys - visible; row++) {
            int hidden = Math.min(queries, row + 1);
            for (int c = 0; c < hidden; c += COUNT) {
                v.intoMemorySegment(ALL, (to + 4L * row * COLUMNS + 4L * c) & ADDRESS, ORDER, S.indexInRange(c, hidden));
            }
        }
    }

    /** Turns scores to {@code exp(score - max)} and gives {@code 1 / sum} and the log-sum-exp of each query. */
    static void softmax(MemorySegment panel, int keys, int queries, float[] inverse, float[] logSumExp) {
        for (int column = 0; column < queries; column += COUNT) {
            columnMax(panel, column, keys, logSumExp);
            exponentials(panel, column, keys, logSumExp, inverse);
            FloatVector.broadcast(S, 1f).div(FloatVector.fromArray(S, inverse, column)).intoArray(inverse, column);
            for (int c = column; c < column + COUNT; c++) {
                logSumExp[c] -= (float) Math.log(inverse[c]);
            }
        }
    }

    private static void columnMax(MemorySegment panel, int column, int keys, float[] maxima) {
        FloatVector max = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int key = 0; key < keys; key++) {
            max = Lanes.larger(max, Lanes.load(panel, (long) key * COLUMNS + column));
        }
        max.intoArray(maxima, column);
    }

    private static void exponentials(MemorySegment panel, int column, int keys, float[] maxima, float[] sums) {
        FloatVector max = FloatVector.fromArray(S, maxima, column);
        FloatVector sum = FloatVector.zero(S);
        for (int key = 0; key < keys; key++) {
            long at = (long) key * COLUMNS + column;
            FloatVector e = Exp.of(Lanes.load(panel, at).sub(max));
            Lanes.store(e, panel, at);
            sum = e.add(sum);
        }
        sum.intoArray(sums, column);
    }

    /** Scales each of the first {@code rows} rows by the number of its column. */
    static void scaleColumns(MemorySegment panel, int rows, int queries, float[] factor) {
        for (int column = 0; column < queries; column += COUNT) {
            scaleColumn(panel, column, rows, FloatVector.fromArray(S, factor, column));
        }
    }

    /** Scales the vector of columns from index {@code at} on in {@code rows} rows. */
    static void scaleColumn(MemorySegment panel, long at, int rows, FloatVector factor) {
        long count = (long) (rows - 1) * COLUMNS + COUNT;
        long to = Lanes.target(panel, at, count, 4);
        for (long i = 0; i < 4 * count; i += 4L * COLUMNS) {
            FloatVector.fromMemorySegment(S, ALL, (to + i) & ADDRESS, ORDER).mul(factor).intoMemorySegment(ALL, (to + i) & ADDRESS, ORDER);
        }
    }

    /** Scales the first {@code rows} rows. */
    static void scale(MemorySegment panel, int rows, float factor) {
        for (int column = 0; column < COLUMNS; column += COUNT) {
            scaleColumn(panel, column, rows, FloatVector.broadcast(S, factor));
        }
    }
}
