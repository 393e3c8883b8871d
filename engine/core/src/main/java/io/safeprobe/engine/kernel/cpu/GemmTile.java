package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The innermost product of a large matrix product: {@link #ROWS} rows of A by {@link #COLUMNS} columns of B in registers while k runs.
 * Packed operands are A {@code [depth, A_STRIDE]} and B {@code [depth, COLUMNS]}, but any memory will do whose numbers of one k lie side by side. All memory
 * is native and of float32.
 *
 * <p>Why this form: where two hardware threads share a core, as on rented machines, the limit is not the multiply-adds but the
 * instructions issued around them. Measured call by call in turn with PyTorch's product on such a core (K = 96 to 768, one thread;
 * over 1 = faster than PyTorch): 6 x 4 vectors, as here, 0.95 to 1.08; 12 x 2 on arrays, which cannot be aligned, 0.80 to 0.90;
 * 8 x 3, 9 x 3, 5 x 5, 4 x 6 and anything twice unrolled less than that; A read where it lies, six addresses at a time, 0.88, as
 * the compiler runs out of registers for them. What keeps the loop short is that both operands are checked once a call and then
 * read by address, as {@link Lanes} does.
 */
final class GemmTile {
    private static final boolean WIDE = COUNT >= 16;
    /** Rows of a tile. */
    static final int ROWS = 6;
    /** Distance between successive k in packed A. */
    static final int A_STRIDE = 8;
    /** Columns of a tile, and the distance between successive k in packed B: 4 vectors where there are 32 registers, else 2. */
    static final int COLUMNS = (WIDE ? 4 : 2) * COUNT;
    /** Floats of a tile. */
    static final int FLOATS = ROWS * COLUMNS;

    private static final int TILE_SLOT = 2;

    private GemmTile() {}

    /**
     * {@code c [ROWS, columns] = a b}. Columns are computed in whole vectors, at least two, so the tile must have room for those.
     *
     * @param aAt index of the first element of A, whose element of row r and step k is {@code aAt + aStep k + r}
     * @param bAt index of the first element of B, whose element of step k and column j is {@code bAt + bStep k + j}
     * @param cAt index of the first element of the tile
     * @param step elements from a row of the tile to the next
     * @throws IndexOutOfBoundsException when A or B do not hold what is to be read, or the tile has no room
     */
    static void multiply(
            int depth, MemorySegment a, long aAt, long aStep, MemorySegment b, long bAt, long bStep, int columns, MemorySegment c, long cAt, long step) {
        int vectors = vectors(columns);
        long width = (long) vectors * COUNT;
        if (depth > 0) {
            Objects.checkFromIndexSize(aAt, (depth - 1) * aStep + ROWS, a.byteSize() / 4);
            Objects.checkFromIndexSize(bAt, (depth - 1) * bStep + width, b.byteSize() / 4);
        }
        Objects.checkFromIndexSize(cAt, (ROWS - 1) * step + width, c.byteSize() / 4);
        long left = a.address() + 4 * aAt;
        long right = b.address() + 4 * bAt;
        long result = c.address() + 4 * cAt;
        switch (vectors) {
            case 4 -> TileLoops.wide(depth, left, 4 * aStep, right, 4 * bStep, result, 4 * step);
            case 3 -> TileLoops.middle(depth, left, 4 * aStep, right, 4 * bStep, result, 4 * step);
            default -> TileLoops.narrow(depth, left, 4 * aStep, right, 4 * bStep, result, 4 * step);
        }
    }

    private static int vectors(int columns) {
        return Math.max(2, (columns + COUNT - 1) / COUNT);
    }

    /** Whether no more than {@code columns} are computed for them. */
    static boolean exact(int columns) {
        return vectors(columns) * COUNT == columns;
    }

    /**
     * As {@link #multiply}, but of the result exactly {@code rows} and {@code columns} are written, or added to what is there. (A tile that begins with
     * what is there makes the loops so long that, in some runs of the JVM, they are never compiled.)
     */
    static void multiplyExactly(
            int depth, MemorySegment a, long aAt, long aStep, MemorySegment b, long bAt, long bStep, int rows, int columns, MemorySegment c, long cAt, long step,
            boolean add, Scratch scratch) {
        if (!add && rows == ROWS && exact(columns)) {
            multiply(depth, a, aAt, aStep, b, bAt, bStep, columns, c, cAt, step);
            return;
        }
        MemorySegment tile = scratch.nativeFloats(TILE_SLOT, FLOATS);
        multiply(depth, a, aAt, aStep, b, bAt, bStep, columns, tile, 0, COLUMNS);
        store(tile, c, cAt, step, rows, columns, add);
    }

    /** Checked at once, and by calls of the library: a tile is moved in a few dozen instructions. */
    private static void store(MemorySegment tile, MemorySegment c, long at, long step, int rows, int columns, boolean add) {
        int whole = columns / COUNT * COUNT;
        long from = Lanes.address(tile, 0, FLOATS, 4);
        long to = Lanes.target(c, at, (rows - 1) * step + whole, 4);
        for (int i = 0; i < rows; i++) {
            for (long j = 0; j < 4L * whole; j += 4L * COUNT) {
                FloatVector value = FloatVector.fromMemorySegment(S, ALL, (from + 4L * COLUMNS * i + j) & ADDRESS, ORDER);
                long target = (to + 4 * step * i + j) & ADDRESS;
                (add ? value.add(FloatVector.fromMemorySegment(S, ALL, target, ORDER)) : value).intoMemorySegment(ALL, target, ORDER);
            }
        }
        if (whole < columns) {
            storeTail(tile, whole, c, at + whole, step, rows, columns - whole, add);
        }
    }

    private static void storeTail(
            MemorySegment tile, int from, MemorySegment c, long at, long step, int rows, int columns, boolean add) {
        VectorMask<Float> mask = Lanes.tail(0, columns);
        for (int i = 0; i < rows; i++) {
            FloatVector value = Lanes.load(tile, from + (long) i * COLUMNS);
            long to = at + i * step;
            Lanes.store(add ? value.add(Lanes.load(c, to, mask)) : value, c, to, mask);
        }
    }
}
