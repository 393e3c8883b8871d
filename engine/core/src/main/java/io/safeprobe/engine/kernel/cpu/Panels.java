package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.ROWS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.ORDER;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Packing: a panel is {@code [depth, width]} floats, element r of the panel at step k of the product in place {@code k * width + r},
 * so that {@link GemmTile} reads both operands in order. Weights stored in 16 bits are widened, once for the many times a packed
 * number is used.
 *
 * <p>Where memory runs along k the panel is a transpose, done by interleaving rows: two rounds give the quads {@code [depth, 4]}, which then
 * move as 128-bit pieces, three rounds a panel of A as it is. This takes any number of lanes from 4 on.
 */
final class Panels {
    /** Four and eight floats on their way from one place to another; why they are not vectors of floats: {@link Lanes}. */
    private static final VectorSpecies<Long> QUAD = LongVector.SPECIES_128;
    private static final VectorSpecies<Byte> OCTET = ByteVector.SPECIES_256;
    private static final IntVector LOW = IntVector.fromArray(Lanes.I, interleaved(0, 1), 0);
    private static final IntVector HIGH = IntVector.fromArray(Lanes.I, interleaved(COUNT / 2, 1), 0);
    /** The same for runs of four floats, and of half a vector. */
    private static final IntVector QUADS_LOW = IntVector.fromArray(Lanes.I, interleaved(0, 4), 0);
    private static final IntVector QUADS_HIGH = IntVector.fromArray(Lanes.I, interleaved(COUNT / 2, 4), 0);
    private static final IntVector HALVES_LOW = IntVector.fromArray(Lanes.I, interleaved(0, COUNT / 2), 0);
    private static final IntVector HALVES_HIGH = IntVector.fromArray(Lanes.I, interleaved(COUNT / 2, COUNT / 2), 0);
    /** Steps packed at a time: this much of a panel, which every four rows visit again, stays in the first-level cache. */
    private static final int CHUNK = 128;
    /** Steps of columns packed at a time. */
    private static final int COLUMN_STEPS = 16;
    private static final int STAGE_SLOT = 0;
    private static final int QUAD_SLOT = 1;

    private Panels() {}

    /** Which elements of two vectors, one after the other, take turns from index {@code from} on, in runs of {@code run}. */
    private static int[] interleaved(int from, int run) {
        int[] index = new int[COUNT];
        for (int i = 0; i < COUNT; i++) {
            int turn = i / run;
            index[i] = from + turn / 2 * run + i % run + turn % 2 * COUNT;
        }
        return index;
    }

    /**
     * A panel of B {@code [depth, COLUMNS]} from {@code rows} stored rows, at most {@link GemmTile#COLUMNS}. The places up to the next multiple of four repeat
     * the last row; what lies behind is left as it is.
     */
    static void packRowsOfB(Matrix source, int rows, int depth, MemorySegment target, long to, Scratch scratch) {
        int r = transposeSixteens(source, rows, depth, target, to, COLUMNS, scratch);
        for (; r < rows; r += 4) {
            transposeQuad(source, r, rows - 1, depth, target, to + r, COLUMNS, scratch);
        }
    }

    /**
     * Writes the transpose of the first {@code rows} rows and {@code columns} columns of {@code source}: its column c becomes
     * {@code rows} floats from {@code to + c * step} on, and nothing else is written.
     */
    static void transpose(Matrix source, int rows, int columns, MemorySegment target, long to, long step, Scratch scratch) {
        int r = transposeSixteens(source, rows, columns, target, to, step, scratch);
        for (; r + 4 <= rows; r += 4) {
            transposeQuad(source, r, rows - 1, columns, target, to + r, step, scratch);
        }
        for (; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                Lanes.set(target, to + c * step + r, Lanes.widen(source.type(), source.data(), source.index(r, c)));
            }
        }
    }

    /** As many rows as make whole vectors of sixteen, where vectors have so many; says how many rows that was. */
    private static int transposeSixteens(Matrix source, int rows, int columns, MemorySegment target, long to, long step, Scratch scratch) {
        int whole = COUNT == 16 ? rows / 16 * 16 : 0;
        MemorySegment quads = scratch.nativeFloats(QUAD_SLOT, 16 * CHUNK);
        for (int r = 0; r < whole; r += 16) {
            for (int done = 0; done < columns; done += CHUNK) {
                int steps = Math.min(CHUNK, columns - done);
                for (int i = 0; i < 4; i++) {
                    interleaveFour(source, r + 4 * i, rows - 1, done, steps, quads, 4L * CHUNK * i, scratch);
                }
                joinQuads(quads, steps, target, to + done * step + r, step);
            }
        }
        return whole;
    }

    /** Rows {@code [row, row + 4)}, none behind {@code last}, become four floats each {@code step}. */
    private static void transposeQuad(Matrix source, int row, int last, int columns, MemorySegment target, long to, long step, Scratch scratch) {
        MemorySegment quads = scratch.nativeFloats(QUAD_SLOT, 16 * CHUNK);
        for (int done = 0; done < columns; done += CHUNK) {
            int steps = Math.min(CHUNK, columns - done);
            interleaveFour(source, row, last, done, steps, quads, 0, scratch);
            storeQuads(quads, steps, target, to + done * step, step);
        }
    }

    /** Columns {@code [column, column + steps)} of rows {@code [row, row + 4)}, none behind {@code last}, as quads {@code [steps, 4]}. */
    private static void interleaveFour(Matrix source, int row, int last, int column, int steps, MemorySegment quads, long to, Scratch scratch) {
        long row0 = source.index(row, column);
        long row1 = source.index(Math.min(row + 1, last), column);
        long row2 = source.index(Math.min(row + 2, last), column);
        long row3 = source.index(Math.min(row + 3, last), column);
        int vectors = (steps + COUNT - 1) / COUNT * COUNT;
        // A vector that ends behind the row is read as it is where there is memory; what it has too much is not stored.
        if (source.type() == DType.F32 && row3 + vectors <= source.data().byteSize() / 4) {
            interleaveRows(source.data(), row0, row1, row2, row3, vectors, quads, to);
        } else {
            float[] stage = scratch.floats(STAGE_SLOT, 4 * CHUNK);
            Lanes.widen(source.type(), source.data(), row0, steps, stage, 0);
            Lanes.widen(source.type(), source.data(), row1, steps, stage, CHUNK);
            Lanes.widen(source.type(), source.data(), row2, steps, stage, 2 * CHUNK);
            Lanes.widen(source.type(), source.data(), row3, steps, stage, 3 * CHUNK);
            interleaveStage(stage, vectors, quads, to);
        }
    }

    /** Four rows of quads {@code [steps, 4]}, {@link #CHUNK} quads apart, become sixteen floats each {@code step}: a transpose of quads. */
    private static void joinQuads(MemorySegment quads, int steps, MemorySegment target, long to, long step) {
        int whole = steps / 4 * 4;
        for (int c = 0; c < whole; c += 4) {
            long at = to + c * step;
            IntVector quad0 = row(quads, 4L * c);
            IntVector quad1 = row(quads, 4L * (CHUNK + c));
            IntVector quad2 = row(quads, 4L * (2 * CHUNK + c));
            IntVector quad3 = row(quads, 4L * (3 * CHUNK + c));
            IntVector low01 = QUADS_LOW.selectFrom(quad0, quad1);
            IntVector low23 = QUADS_LOW.selectFrom(quad2, quad3);
            IntVector high01 = QUADS_HIGH.selectFrom(quad0, quad1);
            IntVector high23 = QUADS_HIGH.selectFrom(quad2, quad3);
            Lanes.store(HALVES_LOW.selectFrom(low01, low23).reinterpretAsFloats(), target, at);
            Lanes.store(HALVES_HIGH.selectFrom(low01, low23).reinterpretAsFloats(), target, at + step);
            Lanes.store(HALVES_LOW.selectFrom(high01, high23).reinterpretAsFloats(), target, at + 2 * step);
            Lanes.store(HALVES_HIGH.selectFrom(high01, high23).reinterpretAsFloats(), target, at + 3 * step);
        }
        for (int c = whole; c < steps; c++) {
            for (int i = 0; i < 16; i++) {
                Lanes.set(target, to + c * step + i, Lanes.get(quads, 4L * (i / 4 * CHUNK + c) + i % 4));
            }
        }
    }

    private static void interleaveRows(MemorySegment data, long row0, long row1, long row2, long row3, int steps, MemorySegment quads, long to) {
        for (int k = 0; k < steps; k += COUNT) {
            interleave(row(data, row0 + k), row(data, row1 + k), row(data, row2 + k), row(data, row3 + k), quads, to + 4L * k);
        }
    }

    private static void interleaveStage(float[] stage, int steps, MemorySegment quads, long to) {
        for (int k = 0; k < steps; k += COUNT) {
            IntVector row0 = FloatVector.fromArray(S, stage, k).reinterpretAsInts();
            IntVector row1 = FloatVector.fromArray(S, stage, k + CHUNK).reinterpretAsInts();
            IntVector row2 = FloatVector.fromArray(S, stage, k + 2 * CHUNK).reinterpretAsInts();
            IntVector row3 = FloatVector.fromArray(S, stage, k + 3 * CHUNK).reinterpretAsInts();
            interleave(row0, row1, row2, row3, quads, to + 4L * k);
        }
    }

    private static void interleave(IntVector row0, IntVector row1, IntVector row2, IntVector row3, MemorySegment quads, long at) {
        IntVector evenLow = LOW.selectFrom(row0, row2);
        IntVector evenHigh = HIGH.selectFrom(row0, row2);
        IntVector oddLow = LOW.selectFrom(row1, row3);
        IntVector oddHigh = HIGH.selectFrom(row1, row3);
        interleavePairs(evenLow, oddLow, quads, at);
        interleavePairs(evenHigh, oddHigh, quads, at + 2L * COUNT);
    }

    /** Quad c goes to {@code to + c * step}; checked at once, and the calls that take a vector are the library's own, which are always inlined. */
    private static void storeQuads(MemorySegment quads, int count, MemorySegment target, long to, long step) {
        long from = Lanes.address(quads, 0, 4L * count, 4);
        long at = Lanes.target(target, to, (count - 1) * step + 4, 4);
        for (int c = 0; c < count; c++) {
            LongVector.fromMemorySegment(QUAD, ALL, (from + 16L * c) & Lanes.ADDRESS, ORDER).intoMemorySegment(ALL, (at + 4L * c * step) & Lanes.ADDRESS, ORDER);
        }
    }

    /**
     * A panel of A {@code [depth, 8]} from {@code rows} stored rows, at most 6. Rows of length {@link Lanes#COUNT} are interleaved three
     * times, which is a transpose; the two places that no row has stay 0.
     */
    static void packRowsOfA(Matrix source, int rows, int depth, MemorySegment target, long to) {
        MemorySegment data = source.data();
        // Rows that are not there repeat the last one that is.
        long row0 = source.index(0, 0);
        long row1 = source.index(Math.min(1, rows - 1), 0);
        long row2 = source.index(Math.min(2, rows - 1), 0);
        long row3 = source.index(Math.min(3, rows - 1), 0);
        long row4 = source.index(Math.min(4, rows - 1), 0);
        long row5 = source.index(Math.min(5, rows - 1), 0);
        int whole = S.loopBound(depth);
        for (int k = 0; k < whole; k += COUNT) {
            interleaveSix(data, row0 + k, row1 + k, row2 + k, row3 + k, row4 + k, row5 + k, target, to + 8L * k);
        }
        for (int k = whole; k < depth; k++) {
            for (int i = 0; i < 6; i++) {
                Lanes.set(target, to + 8L * k + i, Lanes.get(data, source.index(Math.min(i, rows - 1), k)));
            }
        }
    }

    private static IntVector row(MemorySegment data, long at) {
        return Lanes.load(data, at).reinterpretAsInts();
    }

    private static void interleaveSix(
            MemorySegment data, long at0, long at1, long at2, long at3, long at4, long at5, MemorySegment target, long to) {
        IntVector zero = IntVector.zero(Lanes.I);
        IntVector row0 = row(data, at0);
        IntVector row1 = row(data, at1);
        IntVector row2 = row(data, at2);
        IntVector row3 = row(data, at3);
        IntVector row4 = row(data, at4);
        IntVector row5 = row(data, at5);
        IntVector a04 = LOW.selectFrom(row0, row4);
        IntVector b04 = HIGH.selectFrom(row0, row4);
        IntVector a15 = LOW.selectFrom(row1, row5);
        IntVector b15 = HIGH.selectFrom(row1, row5);
        IntVector a2 = LOW.selectFrom(row2, zero);
        IntVector b2 = HIGH.selectFrom(row2, zero);
        IntVector a3 = LOW.selectFrom(row3, zero);
        IntVector b3 = HIGH.selectFrom(row3, zero);
        interleavePairs(LOW.selectFrom(a04, a2), LOW.selectFrom(a15, a3), target, to);
        interleavePairs(HIGH.selectFrom(a04, a2), HIGH.selectFrom(a15, a3), target, to + 2L * COUNT);
        interleavePairs(LOW.selectFrom(b04, b2), LOW.selectFrom(b15, b3), target, to + 4L * COUNT);
        interleavePairs(HIGH.selectFrom(b04, b2), HIGH.selectFrom(b15, b3), target, to + 6L * COUNT);
    }

    private static void interleavePairs(IntVector even, IntVector odd, MemorySegment target, long to) {
        Lanes.store(LOW.selectFrom(even, odd).reinterpretAsFloats(), target, to);
        Lanes.store(HIGH.selectFrom(even, odd).reinterpretAsFloats(), target, to + COUNT);
    }

    /**
     * Panels of A {@code [depth, 8]} from {@code columns} stored columns, six to a panel, which lie {@code panel} floats apart. A few steps of all panels are packed
     * before the next ones, so that a line of the cache, which has columns of three panels, is read from memory once.
     */
    static void packColumnsOfA(Matrix source, int depth, int columns, MemorySegment target, long to, long panel) {
        for (int k = 0; k < depth; k += COLUMN_STEPS) {
            for (int c = 0; c < columns; c += ROWS) {
                int steps = Math.min(COLUMN_STEPS, depth - k);
                packSixColumns(source.data(), source.index(k, c), source.stride(), steps, Math.min(ROWS, columns - c), target, to + c / ROWS * panel + 8L * k);
            }
        }
    }

    /**
     * At most six columns from index {@code first} on, whose steps are {@code step} elements apart. Places that no column has get whatever is stored behind,
     * as long as that is within {@code data}: no result depends on them, and eight numbers move at once.
     */
    private static void packSixColumns(MemorySegment data, long first, long step, int depth, int columns, MemorySegment target, long to) {
        int whole = Math.clamp(Math.floorDiv(data.byteSize() / 4 - 8 - first, step) + 1, 0, COUNT < 8 ? 0 : depth);
        if (whole > 0) {
            long from = Lanes.address(data, first, (whole - 1) * step + 8, 4);
            long at = Lanes.target(target, to, 8L * whole, 4);
            for (int k = 0; k < whole; k++) {
                ByteVector.fromMemorySegment(OCTET, ALL, (from + 4L * k * step) & Lanes.ADDRESS, ORDER)
                        .intoMemorySegment(ALL, (at + 32L * k) & Lanes.ADDRESS, ORDER);
            }
        }
        for (int k = whole; k < depth; k++) {
            for (int i = 0; i < 6; i++) {
                Lanes.set(target, to + 8L * k + i, Lanes.get(data, first + k * step + Math.min(i, columns - 1)));
            }
        }
    }

    /** Copies the first {@code rows} rows and {@code columns} columns of {@code source}, widened, to rows {@code step} apart. */
    static void copy(Matrix source, int rows, int columns, MemorySegment target, long to, long step) {
        int whole = S.loopBound(columns);
        for (int r = 0; r < rows; r++) {
            long from = source.index(r, 0);
            long at = to + r * step;
            switch (source.type()) {
                case F32 -> copyF32(source.data(), from, whole, target, at);
                case BF16 -> copyBf16(source.data(), from, whole, target, at);
                default -> copyF16(source.data(), from, whole, target, at);
            }
            for (int c = whole; c < columns; c++) {
                Lanes.set(target, at + c, Lanes.widen(source.type(), source.data(), from + c));
            }
        }
    }

    private static void copyF32(MemorySegment source, long from, int count, MemorySegment target, long to) {
        for (int c = 0; c < count; c += COUNT) {
            Lanes.store(Lanes.load(source, from + c), target, to + c);
        }
    }

    private static void copyBf16(MemorySegment source, long from, int count, MemorySegment target, long to) {
        for (int c = 0; c < count; c += COUNT) {
            Lanes.store(Lanes.loadBf16(source, from + c), target, to + c);
        }
    }

    private static void copyF16(MemorySegment source, long from, int count, MemorySegment target, long to) {
        for (int c = 0; c < count; c += COUNT) {
            Lanes.store(Lanes.loadF16(source, from + c), target, to + c);
        }
    }
}
