package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;

/**
 * The innermost product of a large matrix product: {@link #ROWS} rows of A by {@link #COLUMNS} columns of B in registers while k runs.
 * Both operands are packed outside the heap, A {@code [depth, A_STRIDE]} and B {@code [depth, COLUMNS]}; the result goes straight to
 * its place.
 *
 * <p>Why this form: where two hardware threads share a core, as on rented machines, the limit is not the multiply-adds but the
 * instructions issued around them. Measured call by call in turn with PyTorch's product on such a core (K = 96 to 768, one thread;
 * over 1 = faster than PyTorch): 6 x 4 vectors, as here, 0.95 to 1.08; 12 x 2 on arrays, which cannot be aligned, 0.80 to 0.90;
 * 8 x 3, 9 x 3, 5 x 5, 4 x 6 and anything twice unrolled less than that; A read where it lies, six addresses at a time, 0.88, as
 * the compiler runs out of registers for them. What keeps the loop short is that both operands are checked once a call and then
 * read by address, as {@link Lanes} does. The vector calls are spelled out, not put in small methods: in a method this long the
 * compiler no longer inlines those, and every vector becomes an object (seen: 0.65 in place of 0.85).
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

    private static final long VECTOR = 4L * COUNT;
    private static final long B_STEPS = COLUMNS / A_STRIDE;
    private GemmTile() {}

    /**
     * {@code c [ROWS, COLUMNS] = a b}; all memory is native and of float32. Of the columns at least {@code columns} are computed.
     *
     * @param aAt index of the first element of a packed panel of A
     * @param bAt index of the first element of a packed panel of B
     * @param cAt index of the first element of the tile
     * @param step elements from a row of the tile to the next
     * @throws IndexOutOfBoundsException when A or B do not hold what is to be read, or the tile has no room
     */
    static void multiply(int depth, MemorySegment a, long aAt, MemorySegment b, long bAt, int columns, MemorySegment c, long cAt, long step) {
        Objects.checkFromIndexSize(aAt, (long) depth * A_STRIDE, a.byteSize() / 4);
        Objects.checkFromIndexSize(bAt, (long) depth * COLUMNS, b.byteSize() / 4);
        Objects.checkFromIndexSize(cAt, (ROWS - 1) * step + COLUMNS, c.byteSize() / 4);
        if (WIDE && columns > 2 * COUNT) {
            wide(depth, a.address() + 4 * aAt, b.address() + 4 * bAt, c.address() + 4 * cAt, 4 * step);
        } else {
            narrow(depth, a.address() + 4 * aAt, b.address() + 4 * bAt, c.address() + 4 * cAt, 4 * step);
        }
    }

    private static void wide(int depth, long a, long b, long c, long step) {
        FloatVector zero = FloatVector.zero(S);
        FloatVector c00 = zero;
        FloatVector c01 = zero;
        FloatVector c02 = zero;
        FloatVector c03 = zero;
        FloatVector c10 = zero;
        FloatVector c11 = zero;
        FloatVector c12 = zero;
        FloatVector c13 = zero;
        FloatVector c20 = zero;
        FloatVector c21 = zero;
        FloatVector c22 = zero;
        FloatVector c23 = zero;
        FloatVector c30 = zero;
        FloatVector c31 = zero;
        FloatVector c32 = zero;
        FloatVector c33 = zero;
        FloatVector c40 = zero;
        FloatVector c41 = zero;
        FloatVector c42 = zero;
        FloatVector c43 = zero;
        FloatVector c50 = zero;
        FloatVector c51 = zero;
        FloatVector c52 = zero;
        FloatVector c53 = zero;
        for (int k = 0; k < 32 * depth; k += 32) {
            long row = (a + k) & ADDRESS;
            long column = (b + B_STEPS * k) & ADDRESS;
            FloatVector b0 = FloatVector.fromMemorySegment(S, ALL, column, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, ALL, column + VECTOR, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(S, ALL, column + 2 * VECTOR, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(S, ALL, column + 3 * VECTOR, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
            c03 = a0.fma(b3, c03);
            FloatVector a1 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 4));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            c12 = a1.fma(b2, c12);
            c13 = a1.fma(b3, c13);
            FloatVector a2 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 8));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            c22 = a2.fma(b2, c22);
            c23 = a2.fma(b3, c23);
            FloatVector a3 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 12));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            c32 = a3.fma(b2, c32);
            c33 = a3.fma(b3, c33);
            FloatVector a4 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 16));
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            c42 = a4.fma(b2, c42);
            c43 = a4.fma(b3, c43);
            FloatVector a5 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 20));
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            c52 = a5.fma(b2, c52);
            c53 = a5.fma(b3, c53);
        }
        long out0 = c & ADDRESS;
        c00.intoMemorySegment(ALL, out0, ORDER);
        c01.intoMemorySegment(ALL, out0 + VECTOR, ORDER);
        c02.intoMemorySegment(ALL, out0 + 2 * VECTOR, ORDER);
        c03.intoMemorySegment(ALL, out0 + 3 * VECTOR, ORDER);
        long out1 = (c + step) & ADDRESS;
        c10.intoMemorySegment(ALL, out1, ORDER);
        c11.intoMemorySegment(ALL, out1 + VECTOR, ORDER);
        c12.intoMemorySegment(ALL, out1 + 2 * VECTOR, ORDER);
        c13.intoMemorySegment(ALL, out1 + 3 * VECTOR, ORDER);
        long out2 = (c + 2 * step) & ADDRESS;
        c20.intoMemorySegment(ALL, out2, ORDER);
        c21.intoMemorySegment(ALL, out2 + VECTOR, ORDER);
        c22.intoMemorySegment(ALL, out2 + 2 * VECTOR, ORDER);
        c23.intoMemorySegment(ALL, out2 + 3 * VECTOR, ORDER);
        long out3 = (c + 3 * step) & ADDRESS;
        c30.intoMemorySegment(ALL, out3, ORDER);
        c31.intoMemorySegment(ALL, out3 + VECTOR, ORDER);
        c32.intoMemorySegment(ALL, out3 + 2 * VECTOR, ORDER);
        c33.intoMemorySegment(ALL, out3 + 3 * VECTOR, ORDER);
        long out4 = (c + 4 * step) & ADDRESS;
        c40.intoMemorySegment(ALL, out4, ORDER);
        c41.intoMemorySegment(ALL, out4 + VECTOR, ORDER);
        c42.intoMemorySegment(ALL, out4 + 2 * VECTOR, ORDER);
        c43.intoMemorySegment(ALL, out4 + 3 * VECTOR, ORDER);
        long out5 = (c + 5 * step) & ADDRESS;
        c50.intoMemorySegment(ALL, out5, ORDER);
        c51.intoMemorySegment(ALL, out5 + VECTOR, ORDER);
        c52.intoMemorySegment(ALL, out5 + 2 * VECTOR, ORDER);
        c53.intoMemorySegment(ALL, out5 + 3 * VECTOR, ORDER);
    }

    /** Half of {@link #wide}: for the columns that are left over, and where there are 16 registers. */
    private static void narrow(int depth, long a, long b, long c, long step) {
        FloatVector zero = FloatVector.zero(S);
        FloatVector c00 = zero;
        FloatVector c01 = zero;
        FloatVector c10 = zero;
        FloatVector c11 = zero;
        FloatVector c20 = zero;
        FloatVector c21 = zero;
        FloatVector c30 = zero;
        FloatVector c31 = zero;
        FloatVector c40 = zero;
        FloatVector c41 = zero;
        FloatVector c50 = zero;
        FloatVector c51 = zero;
        for (int k = 0; k < 32 * depth; k += 32) {
            long row = (a + k) & ADDRESS;
            long column = (b + B_STEPS * k) & ADDRESS;
            FloatVector b0 = FloatVector.fromMemorySegment(S, ALL, column, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, ALL, column + VECTOR, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 4));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 8));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 12));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 16));
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(S, ALL.get(Lanes.F32, row + 20));
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
        }
        long out0 = c & ADDRESS;
        c00.intoMemorySegment(ALL, out0, ORDER);
        c01.intoMemorySegment(ALL, out0 + VECTOR, ORDER);
        long out1 = (c + step) & ADDRESS;
        c10.intoMemorySegment(ALL, out1, ORDER);
        c11.intoMemorySegment(ALL, out1 + VECTOR, ORDER);
        long out2 = (c + 2 * step) & ADDRESS;
        c20.intoMemorySegment(ALL, out2, ORDER);
        c21.intoMemorySegment(ALL, out2 + VECTOR, ORDER);
        long out3 = (c + 3 * step) & ADDRESS;
        c30.intoMemorySegment(ALL, out3, ORDER);
        c31.intoMemorySegment(ALL, out3 + VECTOR, ORDER);
        long out4 = (c + 4 * step) & ADDRESS;
        c40.intoMemorySegment(ALL, out4, ORDER);
        c41.intoMemorySegment(ALL, out4 + VECTOR, ORDER);
        long out5 = (c + 5 * step) & ADDRESS;
        c50.intoMemorySegment(ALL, out5, ORDER);
        c51.intoMemorySegment(ALL, out5 + VECTOR, ORDER);
    }
}
