package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Scores of some queries under at most {@link GemmTile#COLUMNS} keys, kept as {@code [queries, COLUMNS]}. Row r sees the first {@code visible + r} of the keys. All
 * methods work on rows {@code [from, to)} and on the first {@code keys} columns, in whole vectors; what was not computed, because nobody sees it, may
 * hold anything until {@link #hide} makes it 0.
 *
 * <p>Short loops move their vectors by calls of the library, not of {@link Lanes}, as they end up in long methods; see there.
 */
final class ScoreBlock {
    private static final long ROW = 4L * COLUMNS;

    private ScoreBlock() {}

    /** {@code cap tanh(factor score / cap)}, and the slope of the cap at each score. */
    static void cap(MemorySegment block, int from, int to, float factor, float cap, MemorySegment slope) {
        FloatVector inverse = FloatVector.broadcast(S, factor / cap);
        FloatVector height = FloatVector.broadcast(S, cap);
        for (long i = (long) from * COLUMNS; i < (long) to * COLUMNS; i += COUNT) {
            FloatVector t = Tanh.of(Lanes.load(block, i).mul(inverse));
            Lanes.store(Tanh.slope(t), slope, i);
            Lanes.store(t.mul(height), block, i);
        }
    }

    /** Turns scores to probabilities, {@code exp(factor score - logSumExp[row])}. */
    static void probabilities(MemorySegment block, int from, int to, int keys, float factor, MemorySegment logSumExp) {
        FloatVector scale = FloatVector.broadcast(S, factor);
        for (int row = from; row < to; row++) {
            FloatVector normaliser = FloatVector.broadcast(S, -Lanes.get(logSumExp, row));
            long at = (long) row * COLUMNS;
            for (int c = 0; c < keys; c += COUNT) {
                Lanes.store(Exp.of(Lanes.load(block, at + c).fma(scale, normaliser)), block, at + c);
            }
        }
    }

    /** {@code gradient = factor p (gradient - mean[row])}: the derivative of the softmax. */
    static void gradient(MemorySegment p, MemorySegment gradient, int from, int to, int keys, float factor, MemorySegment mean) {
        FloatVector scale = FloatVector.broadcast(S, factor);
        long first = Lanes.address(p, 0, (long) to * COLUMNS, 4);
        long target = Lanes.target(gradient, 0, (long) to * COLUMNS, 4);
        for (int row = from; row < to; row++) {
            FloatVector subtracted = FloatVector.broadcast(S, Lanes.get(mean, row));
            for (long i = row * ROW; i < row * ROW + 4L * keys; i += 4L * COUNT) {
                FloatVector probability = FloatVector.fromMemorySegment(S, ALL, (first + i) & ADDRESS, ORDER).mul(scale);
                FloatVector centred = FloatVector.fromMemorySegment(S, ALL, (target + i) & ADDRESS, ORDER).sub(subtracted);
                centred.mul(probability).intoMemorySegment(ALL, (target + i) & ADDRESS, ORDER);
            }
        }
    }

    /** {@code a *= b}. */
    static void multiply(MemorySegment a, MemorySegment b, int from, int to) {
        long first = Lanes.address(b, 0, (long) to * COLUMNS, 4);
        long target = Lanes.target(a, 0, (long) to * COLUMNS, 4);
        for (long i = from * ROW; i < to * ROW; i += 4L * COUNT) {
            FloatVector factor = FloatVector.fromMemorySegment(S, ALL, (first + i) & ADDRESS, ORDER);
            FloatVector.fromMemorySegment(S, ALL, (target + i) & ADDRESS, ORDER).mul(factor).intoMemorySegment(ALL, (target + i) & ADDRESS, ORDER);
        }
    }

    /** Sets what a row does not see to 0. */
    static void hide(MemorySegment block, int from, int to, int visible, int keys) {
        FloatVector zero = FloatVector.zero(S);
        long target = Lanes.target(block, 0, (long) to * COLUMNS, 4);
        for (int row = from; row < Math.min(to, keys - visible); row++) {
            int seen = Math.max(0, visible + row);
            int whole = seen / COUNT * COUNT;
            long at = target + row * ROW;
            zero.intoMemorySegment(ALL, (at + 4L * whole) & ADDRESS, ORDER, S.indexInRange(0, seen - whole).not());
            for (int c = whole + COUNT; c < keys; c += COUNT) {
                zero.intoMemorySegment(ALL, (at + 4L * c) & ADDRESS, ORDER);
            }
        }
    }
}
