package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import jdk.incubator.vector.FloatVector;

/**
 * The loops of {@link GemmTile}: 6 rows by 4, 3 or 2 vectors of the result stay in registers while k runs. Addresses and the distances of
 * successive k of A ({@code aStep}) and B ({@code bStep}) and of rows of C ({@code step}) are in bytes and have been checked.
 *
 * <p>Of a loop nothing but loads, broadcasts from memory and multiply-adds is left in machine code, at 2 vectors 0.85 of the rate of 4. The vector calls are spelled
 * out, not put in small methods: in a method this long the compiler no longer inlines those, and every vector becomes an object
 * (seen: 0.65 in place of 0.85 of PyTorch's speed).
 */
final class TileLoops {
    private static final long VECTOR = 4L * COUNT;

    private TileLoops() {}

    /** {@code c [6, 4 vectors] = a b}. */
    static void wide(int depth, long a, long aStep, long b, long bStep, long c, long step) {
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
        long row = a;
        long column = b;
        for (int k = 0; k < depth; k++) {
            long from = column & ADDRESS;
            long at = row & ADDRESS;
            FloatVector b0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, ALL, from + VECTOR, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(S, ALL, from + 2 * VECTOR, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(S, ALL, from + 3 * VECTOR, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
            c03 = a0.fma(b3, c03);
            FloatVector a1 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 4));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            c12 = a1.fma(b2, c12);
            c13 = a1.fma(b3, c13);
            FloatVector a2 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 8));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            c22 = a2.fma(b2, c22);
            c23 = a2.fma(b3, c23);
            FloatVector a3 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 12));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            c32 = a3.fma(b2, c32);
            c33 = a3.fma(b3, c33);
            FloatVector a4 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 16));
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            c42 = a4.fma(b2, c42);
            c43 = a4.fma(b3, c43);
            FloatVector a5 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 20));
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            c52 = a5.fma(b2, c52);
            c53 = a5.fma(b3, c53);
            row += aStep;
            column += bStep;
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

    /** {@code c [6, 3 vectors] = a b}: for the columns that are left over, and heads of 48. */
    static void middle(int depth, long a, long aStep, long b, long bStep, long c, long step) {
        FloatVector zero = FloatVector.zero(S);
        FloatVector c00 = zero;
        FloatVector c01 = zero;
        FloatVector c02 = zero;
        FloatVector c10 = zero;
        FloatVector c11 = zero;
        FloatVector c12 = zero;
        FloatVector c20 = zero;
        FloatVector c21 = zero;
        FloatVector c22 = zero;
        FloatVector c30 = zero;
        FloatVector c31 = zero;
        FloatVector c32 = zero;
        FloatVector c40 = zero;
        FloatVector c41 = zero;
        FloatVector c42 = zero;
        FloatVector c50 = zero;
        FloatVector c51 = zero;
        FloatVector c52 = zero;
        long row = a;
        long column = b;
        for (int k = 0; k < depth; k++) {
            long from = column & ADDRESS;
            long at = row & ADDRESS;
            FloatVector b0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, ALL, from + VECTOR, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(S, ALL, from + 2 * VECTOR, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
            FloatVector a1 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 4));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            c12 = a1.fma(b2, c12);
            FloatVector a2 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 8));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            c22 = a2.fma(b2, c22);
            FloatVector a3 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 12));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            c32 = a3.fma(b2, c32);
            FloatVector a4 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 16));
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            c42 = a4.fma(b2, c42);
            FloatVector a5 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 20));
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            c52 = a5.fma(b2, c52);
            row += aStep;
            column += bStep;
        }
        long out0 = c & ADDRESS;
        c00.intoMemorySegment(ALL, out0, ORDER);
        c01.intoMemorySegment(ALL, out0 + VECTOR, ORDER);
        c02.intoMemorySegment(ALL, out0 + 2 * VECTOR, ORDER);
        long out1 = (c + step) & ADDRESS;
        c10.intoMemorySegment(ALL, out1, ORDER);
        c11.intoMemorySegment(ALL, out1 + VECTOR, ORDER);
        c12.intoMemorySegment(ALL, out1 + 2 * VECTOR, ORDER);
        long out2 = (c + 2 * step) & ADDRESS;
        c20.intoMemorySegment(ALL, out2, ORDER);
        c21.intoMemorySegment(ALL, out2 + VECTOR, ORDER);
        c22.intoMemorySegment(ALL, out2 + 2 * VECTOR, ORDER);
        long out3 = (c + 3 * step) & ADDRESS;
        c30.intoMemorySegment(ALL, out3, ORDER);
        c31.intoMemorySegment(ALL, out3 + VECTOR, ORDER);
        c32.intoMemorySegment(ALL, out3 + 2 * VECTOR, ORDER);
        long out4 = (c + 4 * step) & ADDRESS;
        c40.intoMemorySegment(ALL, out4, ORDER);
        c41.intoMemorySegment(ALL, out4 + VECTOR, ORDER);
        c42.intoMemorySegment(ALL, out4 + 2 * VECTOR, ORDER);
        long out5 = (c + 5 * step) & ADDRESS;
        c50.intoMemorySegment(ALL, out5, ORDER);
        c51.intoMemorySegment(ALL, out5 + VECTOR, ORDER);
        c52.intoMemorySegment(ALL, out5 + 2 * VECTOR, ORDER);
    }

    /** {@code c [6, 2 vectors] = a b}: for the columns that are left over, and where there are 16 registers. */
    static void narrow(int depth, long a, long aStep, long b, long bStep, long c, long step) {
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
        long row = a;
        long column = b;
        for (int k = 0; k < depth; k++) {
            long from = column & ADDRESS;
            long at = row & ADDRESS;
            FloatVector b0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(S, ALL, from + VECTOR, ORDER);
            FloatVector a0 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 4));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 8));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 12));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 16));
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(S, ALL.get(Lanes.F32, at + 20));
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            row += aStep;
            column += bStep;
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
