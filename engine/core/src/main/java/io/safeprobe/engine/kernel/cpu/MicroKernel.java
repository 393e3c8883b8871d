package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import jdk.incubator.vector.FloatVector;

/**
 * The innermost product of attention: a tile of {@link #ROWS} rows by {@link #COLUMNS} columns held in registers while k runs. For every
 * k it loads two vectors of packed B and broadcasts one number of packed A per row, so all but a few registers are accumulators: 12 rows
 * where there are 32 registers (512 bits), 6 where there are 16. Panels of attention are short, are made where they are used and take
 * part in softmax between two products, so they are arrays; large products have a tile of their own, {@link GemmTile}.
 *
 * <p>Written out by hand, not unrolled over k: the compiler keeps accumulators in registers only if they are local variables, and
 * methods with many more vector calls than these can stay uncompiled for the life of the JVM.
 */
final class MicroKernel {
    /** Rows of a tile. */
    static final int ROWS = COUNT >= 16 ? 12 : 6;
    /** Distance between successive k in packed A, a multiple of 4 so that packing can move four rows at a time. */
    static final int A_STRIDE = COUNT >= 16 ? 12 : 8;
    /** Columns of a tile, and the distance between successive k in packed B. */
    static final int COLUMNS = 2 * COUNT;
    /** Floats of a tile. */
    static final int TILE = ROWS * COLUMNS;

    private MicroKernel() {}

    /** Tile {@code [ROWS, COLUMNS]} at {@code at} becomes the product over {@code depth} of a panel of A {@code [depth, A_STRIDE]} and one of B {@code [depth, COLUMNS]}. */
    static void multiply(int depth, float[] a, int aAt, float[] b, int bAt, float[] tile, int at) {
        if (ROWS == 12) {
            rows12(depth, a, aAt, b, bAt, tile, at);
        } else {
            rows6(depth, a, aAt, b, bAt, tile, at);
        }
    }

    /** 24 accumulators, for 32 registers. */
    private static void rows12(int depth, float[] a, int aAt, float[] b, int bAt, float[] tile, int at) {
        FloatVector zero = FloatVector.zero(S);
        FloatVector low0 = zero;
        FloatVector high0 = zero;
        FloatVector low1 = zero;
        FloatVector high1 = zero;
        FloatVector low2 = zero;
        FloatVector high2 = zero;
        FloatVector low3 = zero;
        FloatVector high3 = zero;
        FloatVector low4 = zero;
        FloatVector high4 = zero;
        FloatVector low5 = zero;
        FloatVector high5 = zero;
        FloatVector low6 = zero;
        FloatVector high6 = zero;
        FloatVector low7 = zero;
        FloatVector high7 = zero;
        FloatVector low8 = zero;
        FloatVector high8 = zero;
        FloatVector low9 = zero;
        FloatVector high9 = zero;
        FloatVector low10 = zero;
        FloatVector high10 = zero;
        FloatVector low11 = zero;
        FloatVector high11 = zero;
        for (int k = 0; k < depth; k++) {
            int row = aAt + 12 * k;
            int column = bAt + 2 * COUNT * k;
            FloatVector low = FloatVector.fromArray(S, b, column);
            FloatVector high = FloatVector.fromArray(S, b, column + COUNT);
            FloatVector a0 = FloatVector.broadcast(S, a[row]);
            low0 = a0.fma(low, low0);
            high0 = a0.fma(high, high0);
            FloatVector a1 = FloatVector.broadcast(S, a[row + 1]);
            low1 = a1.fma(low, low1);
            high1 = a1.fma(high, high1);
            FloatVector a2 = FloatVector.broadcast(S, a[row + 2]);
            low2 = a2.fma(low, low2);
            high2 = a2.fma(high, high2);
            FloatVector a3 = FloatVector.broadcast(S, a[row + 3]);
            low3 = a3.fma(low, low3);
            high3 = a3.fma(high, high3);
            FloatVector a4 = FloatVector.broadcast(S, a[row + 4]);
            low4 = a4.fma(low, low4);
            high4 = a4.fma(high, high4);
            FloatVector a5 = FloatVector.broadcast(S, a[row + 5]);
            low5 = a5.fma(low, low5);
            high5 = a5.fma(high, high5);
            FloatVector a6 = FloatVector.broadcast(S, a[row + 6]);
            low6 = a6.fma(low, low6);
            high6 = a6.fma(high, high6);
            FloatVector a7 = FloatVector.broadcast(S, a[row + 7]);
            low7 = a7.fma(low, low7);
            high7 = a7.fma(high, high7);
            FloatVector a8 = FloatVector.broadcast(S, a[row + 8]);
            low8 = a8.fma(low, low8);
            high8 = a8.fma(high, high8);
            FloatVector a9 = FloatVector.broadcast(S, a[row + 9]);
            low9 = a9.fma(low, low9);
            high9 = a9.fma(high, high9);
            FloatVector a10 = FloatVector.broadcast(S, a[row + 10]);
            low10 = a10.fma(low, low10);
            high10 = a10.fma(high, high10);
            FloatVector a11 = FloatVector.broadcast(S, a[row + 11]);
            low11 = a11.fma(low, low11);
            high11 = a11.fma(high, high11);
        }
        low0.intoArray(tile, at);
        high0.intoArray(tile, at + COUNT);
        low1.intoArray(tile, at + 2 * COUNT);
        high1.intoArray(tile, at + 3 * COUNT);
        low2.intoArray(tile, at + 4 * COUNT);
        high2.intoArray(tile, at + 5 * COUNT);
        low3.intoArray(tile, at + 6 * COUNT);
        high3.intoArray(tile, at + 7 * COUNT);
        low4.intoArray(tile, at + 8 * COUNT);
        high4.intoArray(tile, at + 9 * COUNT);
        low5.intoArray(tile, at + 10 * COUNT);
        high5.intoArray(tile, at + 11 * COUNT);
        low6.intoArray(tile, at + 12 * COUNT);
        high6.intoArray(tile, at + 13 * COUNT);
        low7.intoArray(tile, at + 14 * COUNT);
        high7.intoArray(tile, at + 15 * COUNT);
        low8.intoArray(tile, at + 16 * COUNT);
        high8.intoArray(tile, at + 17 * COUNT);
        low9.intoArray(tile, at + 18 * COUNT);
        high9.intoArray(tile, at + 19 * COUNT);
        low10.intoArray(tile, at + 20 * COUNT);
        high10.intoArray(tile, at + 21 * COUNT);
        low11.intoArray(tile, at + 22 * COUNT);
        high11.intoArray(tile, at + 23 * COUNT);
    }

    /** 12 accumulators, for 16 registers. */
    private static void rows6(int depth, float[] a, int aAt, float[] b, int bAt, float[] tile, int at) {
        FloatVector zero = FloatVector.zero(S);
        FloatVector low0 = zero;
        FloatVector high0 = zero;
        FloatVector low1 = zero;
        FloatVector high1 = zero;
        FloatVector low2 = zero;
        FloatVector high2 = zero;
        FloatVector low3 = zero;
        FloatVector high3 = zero;
        FloatVector low4 = zero;
        FloatVector high4 = zero;
        FloatVector low5 = zero;
        FloatVector high5 = zero;
        for (int k = 0; k < depth; k++) {
            int row = aAt + 8 * k;
            int column = bAt + 2 * COUNT * k;
            FloatVector low = FloatVector.fromArray(S, b, column);
            FloatVector high = FloatVector.fromArray(S, b, column + COUNT);
            FloatVector a0 = FloatVector.broadcast(S, a[row]);
            low0 = a0.fma(low, low0);
            high0 = a0.fma(high, high0);
            FloatVector a1 = FloatVector.broadcast(S, a[row + 1]);
            low1 = a1.fma(low, low1);
            high1 = a1.fma(high, high1);
            FloatVector a2 = FloatVector.broadcast(S, a[row + 2]);
            low2 = a2.fma(low, low2);
            high2 = a2.fma(high, high2);
            FloatVector a3 = FloatVector.broadcast(S, a[row + 3]);
            low3 = a3.fma(low, low3);
            high3 = a3.fma(high, high3);
            FloatVector a4 = FloatVector.broadcast(S, a[row + 4]);
            low4 = a4.fma(low, low4);
            high4 = a4.fma(high, high4);
            FloatVector a5 = FloatVector.broadcast(S, a[row + 5]);
            low5 = a5.fma(low, low5);
            high5 = a5.fma(high, high5);
        }
        low0.intoArray(tile, at);
        high0.intoArray(tile, at + COUNT);
        low1.intoArray(tile, at + 2 * COUNT);
        high1.intoArray(tile, at + 3 * COUNT);
        low2.intoArray(tile, at + 4 * COUNT);
        high2.intoArray(tile, at + 5 * COUNT);
        low3.intoArray(tile, at + 6 * COUNT);
        high3.intoArray(tile, at + 7 * COUNT);
        low4.intoArray(tile, at + 8 * COUNT);
        high4.intoArray(tile, at + 9 * COUNT);
        low5.intoArray(tile, at + 10 * COUNT);
        high5.intoArray(tile, at + 11 * COUNT);
    }
}
