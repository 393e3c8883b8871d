package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;
import static io.safeprobe.engine.kernel.cpu.MicroKernel.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.MicroKernel.ROWS;

import jdk.incubator.vector.FloatVector;

/**
 * Scores of one block of queries, kept as {@code [keys, COLUMNS queries]}: the layout of a packed B operand, so the panel feeds the
 * next product as it is, and a softmax over keys works on whole vectors of queries with no sum across lanes.
 */
final class ScorePanel {
    private ScorePanel() {}

    /** Floats of a panel for {@code keys} keys: whole tiles. */
    static int size(int keys) {
        return panels(keys) * MicroKernel.TILE;
    }

    /** Panels of {@link MicroKernel#ROWS} that hold {@code rows}. */
    static int panels(int rows) {
        return (rows + ROWS - 1) / ROWS;
    }

    /** {@code panel [keys, COLUMNS] = keyPanels query}, with keys packed as A and the queries of the block as B, both over {@code depth}. */
    static void multiply(float[] keyPanels, int keys, float[] queryPanel, int depth, float[] panel) {
        for (int p = 0; p < panels(keys); p++) {
            MicroKernel.multiply(depth, keyPanels, p * MicroKernel.A_STRIDE * depth, queryPanel, 0, panel, p * MicroKernel.TILE);
        }
    }

    /** {@code cap tanh(score / cap)} of the first {@code keys} rows. */
    static void cap(float[] panel, int keys, float cap) {
        capRange(panel, keys * COLUMNS, cap);
    }

    /** {@code cap tanh(x / cap)} of {@code size} floats, a multiple of the lanes. */
    static void capRange(float[] values, int size, float cap) {
        FloatVector inverse = FloatVector.broadcast(S, 1 / cap);
        FloatVector factor = FloatVector.broadcast(S, cap);
        for (int i = 0; i < size; i += COUNT) {
            Tanh.of(FloatVector.fromArray(S, values, i).mul(inverse)).mul(factor).intoArray(values, i);
        }
    }

    /** As {@link #cap(float[], int, float)}, and keeps the slope of the cap at each score. */
    static void cap(float[] panel, int keys, float cap, float[] slope) {
        FloatVector inverse = FloatVector.broadcast(S, 1 / cap);
        FloatVector factor = FloatVector.broadcast(S, cap);
        for (int i = 0; i < keys * COLUMNS; i += COUNT) {
            FloatVector t = Tanh.of(FloatVector.fromArray(S, panel, i).mul(inverse));
            Tanh.slope(t).intoArray(slope, i);
            t.mul(factor).intoArray(panel, i);
        }
    }

    /** {@code a *= b} in the first {@code keys} rows. */
    static void multiplyBy(float[] a, float[] b, int keys) {
        for (int i = 0; i < keys * COLUMNS; i += COUNT) {
            FloatVector.fromArray(S, a, i).mul(FloatVector.fromArray(S, b, i)).intoArray(a, i);
        }
    }

    /** Sets what the causal mask hides: query c of the block sees the first {@code visible + c} keys. */
    static void hide(float[] panel, int keys, int visible, float value) {
        for (int key = visible; key < keys; key++) {
            int hidden = Math.min(COLUMNS, key - visible + 1);
            java.util.Arrays.fill(panel, key * COLUMNS, key * COLUMNS + hidden, value);
        }
    }

    /** Turns scores to {@code exp(score - max)} and gives {@code 1 / sum} and the log-sum-exp of each query. */
    static void softmax(float[] panel, int keys, float[] inverse, float[] logSumExp) {
        for (int half = 0; half < COLUMNS; half += COUNT) {
            FloatVector max = columnMax(panel, half, keys);
            FloatVector sum = exponentials(panel, half, keys, max);
            FloatVector.broadcast(S, 1f).div(sum).intoArray(inverse, half);
            max.intoArray(logSumExp, half);
            for (int c = half; c < half + COUNT; c++) {
                logSumExp[c] -= (float) Math.log(inverse[c]);
            }
        }
    }

    private static FloatVector columnMax(float[] panel, int from, int keys) {
        FloatVector max = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int key = 0; key < keys; key++) {
            max = Lanes.larger(max, FloatVector.fromArray(S, panel, from + key * COLUMNS));
        }
        return max;
    }

    private static FloatVector exponentials(float[] panel, int from, int keys, FloatVector max) {
        FloatVector sum = FloatVector.zero(S);
        for (int key = 0; key < keys; key++) {
            FloatVector e = Exp.of(FloatVector.fromArray(S, panel, from + key * COLUMNS).sub(max));
            e.intoArray(panel, from + key * COLUMNS);
            sum = sum.add(e);
        }
        return sum;
    }

    /** Turns scores to probabilities given the log-sum-exp of each query. */
    static void probabilities(float[] panel, int keys, float[] logSumExp) {
        for (int half = 0; half < COLUMNS; half += COUNT) {
            FloatVector normaliser = FloatVector.fromArray(S, logSumExp, half);
            for (int at = half; at < keys * COLUMNS; at += COLUMNS) {
                Exp.of(FloatVector.fromArray(S, panel, at).sub(normaliser)).intoArray(panel, at);
            }
        }
    }

    /** {@code gradient = p (gradient - mean)} with the mean of each query: the derivative of the softmax. */
    static void scoreGradient(float[] p, float[] gradient, int keys, float[] mean) {
        for (int half = 0; half < COLUMNS; half += COUNT) {
            FloatVector subtracted = FloatVector.fromArray(S, mean, half);
            for (int at = half; at < keys * COLUMNS; at += COLUMNS) {
                FloatVector centred = FloatVector.fromArray(S, gradient, at).sub(subtracted);
                centred.mul(FloatVector.fromArray(S, p, at)).intoArray(gradient, at);
            }
        }
    }

    /** Scales each of the first {@code rows} rows by the number of its column. */
    static void scaleColumns(float[] panel, int rows, float[] factor) {
        for (int half = 0; half < COLUMNS; half += COUNT) {
            FloatVector f = FloatVector.fromArray(S, factor, half);
            for (int at = half; at < rows * COLUMNS; at += COLUMNS) {
                FloatVector.fromArray(S, panel, at).mul(f).intoArray(panel, at);
            }
        }
    }

    /** Scales {@code size} floats, a multiple of the lanes. */
    static void scale(float[] values, int size, float factor) {
        for (int i = 0; i < size; i += COUNT) {
            FloatVector.fromArray(S, values, i).mul(factor).intoArray(values, i);
        }
    }
}
