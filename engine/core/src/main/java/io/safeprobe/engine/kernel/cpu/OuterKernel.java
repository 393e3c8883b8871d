package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.ROWS;

import java.lang.foreign.MemorySegment;

/**
 * Sums of outer products {@code s^T x} with s {@code [steps, few]} and x {@code [steps, wide]}: the gradients of LoRA's matrices. Each number of x is used a
 * few times only, so x is not packed but read where it lies, by panels of columns that the threads share. (Packed first, 0.24 to 0.34 ms for 943 x 288 by 8,
 * most of it packing.)
 */
final class OuterKernel {
    /** More columns of s than this make a product like others. */
    static final int MAX_FEW = 16;

    private static final int DEPTH = 1024;
    private static final int X_SLOT = 3;
    private static final int RESULT_SLOT = 4;

    private final Workers workers;
    private final NativeFloats packed = new NativeFloats();

    OuterKernel(Workers workers) {
        this.workers = workers;
    }

    /** {@code c [few, wide] = s^T x}, or {@code c [wide, few]} if it is {@code transposed}. */
    void multiply(Matrix s, Matrix x, int steps, int few, int wide, Matrix c, boolean transposed) {
        int panels = (few + ROWS - 1) / ROWS;
        MemorySegment a = packed.room((long) panels * A_STRIDE * steps);
        Panels.packColumnsOfA(s, steps, few, a, 0, (long) A_STRIDE * steps);
        workers.run((wide + COLUMNS - 1) / COLUMNS, (part, scratch) -> {
            int column = part * COLUMNS;
            int columns = Math.min(COLUMNS, wide - column);
            Matrix result = transposed ? new Matrix(scratch.nativeFloats(RESULT_SLOT, (long) few * COLUMNS), c.type(), 0, COLUMNS) : c.from(0, column);
            for (int k = 0; k == 0 || k < steps; k += DEPTH) {
                columns(x.from(k, column), Math.min(DEPTH, steps - k), columns, a, (long) A_STRIDE * k, (long) A_STRIDE * steps, few, result, k > 0, scratch);
            }
            for (int j = 0; transposed && j < columns; j++) {
                for (int i = 0; i < few; i++) {
                    Lanes.set(c.data(), c.index(column + (long) j, i), Lanes.get(result.data(), result.index(i, j)));
                }
            }
        });
    }

    /** Adds the products of one panel of columns and some steps; panels of packed s are {@code panel} floats apart. */
    private static void columns(
            Matrix x, int steps, int columns, MemorySegment a, long from, long panel, int few, Matrix c, boolean add, Scratch scratch) {
        Matrix b = x;
        if (!GemmTile.exact(columns)) {
            b = new Matrix(scratch.nativeFloats(X_SLOT, (long) DEPTH * COLUMNS), x.type(), 0, COLUMNS);
            Panels.copy(x, steps, columns, b.data(), 0, COLUMNS);
        }
        for (int row = 0; row < few; row += ROWS) {
            GemmTile.multiplyExactly(
                    steps, a, from + row / ROWS * panel, A_STRIDE, b.data(), b.at(), b.stride(), Math.min(ROWS, few - row), columns,
                    c.data(), c.index(row, 0), c.stride(), add, scratch);
        }
    }
}
