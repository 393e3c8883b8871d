package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Packing: a panel is {@code [depth, width]} floats, element r of the panel at step k of the product in place {@code k * width + r},
 * so that the innermost loop reads both operands in order. Panels on arrays are for {@link MicroKernel} (attention) and padded with
 * zeros; those outside the heap for {@link GemmTile}, where weights stored in 16 bits are widened, once for the many times a packed
 * number is used.
 *
 * <p>Where memory runs along k the panel is a transpose, done by interleaving rows: two rounds give the quads {@code [depth, 4]}, which then
 * move as 128-bit pieces, three rounds a panel of A as it is. This takes any number of lanes from 4 on.
 */
final class Panels {
    private static final VectorSpecies<Float> QUAD = FloatVector.SPECIES_128;
    private static final VectorSpecies<Float> OCTET = FloatVector.SPECIES_256;
    private static final IntVector LOW = IntVector.fromArray(Lanes.I, interleaved(0), 0);
    private static final IntVector HIGH = IntVector.fromArray(Lanes.I, interleaved(COUNT / 2), 0);
    /** Steps packed at a time: this much of a panel, which every four rows visit again, stays in the first-level cache. */
    private static final int CHUNK = 128;
    private static final int STAGE_SLOT = 0;
    private static final int QUAD_SLOT = 1;

    private Panels() {}

    private static int[] interleaved(int from) {
        int[] index = new int[COUNT];
        for (int i = 0; i < COUNT; i++) {
            index[i] = from + i / 2 + (i % 2) * COUNT;
        }
        return index;
    }

    /** Packs {@code rows} rows of float32 from (row, k) on, of which {@code depth} columns are the steps of the product. */
    static void packRows(Matrix source, long row, int rows, long k, int depth, float[] panel, int at, int width, Scratch scratch) {
        float[] quads = scratch.floats(QUAD_SLOT, 4 * depth + 4 * COUNT);
        MemorySegment data = source.data();
        int whole = S.loopBound(depth);
        for (int r = 0; r < width; r += 4) {
            if (r >= rows) {
                clear(panel, at + r, depth, width);
                continue;
            }
            // Rows that are not there repeat the last one that is; they are cleared below.
            long row0 = source.index(row + r, k);
            long row1 = source.index(row + Math.min(r + 1, rows - 1), k);
            long row2 = source.index(row + Math.min(r + 2, rows - 1), k);
            long row3 = source.index(row + Math.min(r + 3, rows - 1), k);
            for (int i = 0; i < whole; i += COUNT) {
                interleave(row(data, row0 + i), row(data, row1 + i), row(data, row2 + i), row(data, row3 + i), quads, 4 * i);
            }
            for (int i = whole; i < depth; i++) {
                quads[4 * i] = Lanes.get(data, row0 + i);
                quads[4 * i + 1] = Lanes.get(data, row1 + i);
                quads[4 * i + 2] = Lanes.get(data, row2 + i);
                quads[4 * i + 3] = Lanes.get(data, row3 + i);
            }
            for (int i = 0; i < depth; i++) {
                FloatVector.fromArray(QUAD, quads, 4 * i).intoArray(panel, at + i * width + r);
            }
            for (int gone = rows; gone < r + 4; gone++) {
                for (int i = 0; i < depth; i++) {
                    panel[at + i * width + gone] = 0f;
                }
            }
        }
    }

    private static void clear(float[] panel, int at, int depth, int width) {
        FloatVector zero = FloatVector.zero(QUAD);
        for (int i = 0; i < depth; i++) {
            zero.intoArray(panel, at + i * width);
        }
    }

    /** As {@link #packRows} of the rows of an array, {@code stride} apart. */
    static void packRows(float[] source, int from, int stride, int rows, int depth, float[] panel, int at, int width, Scratch scratch) {
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
            transposeQuad(source, from + r * stride, stride, depth, panel, at + r, width, scratch);
        }
        for (; r < width; r++) {
            for (int k = 0; k < depth; k++) {
                panel[at + k * width + r] = r < rows ? source[from + r * stride + k] : 0f;
            }
        }
    }

    /** Four rows of {@code source} to columns at {@code at} to {@code at + 3} of a panel. */
    private static void transposeQuad(
            float[] source, int from, int stride, int depth, float[] panel, int at, int width, Scratch scratch) {
        float[] quads = scratch.floats(QUAD_SLOT, 4 * depth + 4 * COUNT);
        int whole = S.loopBound(depth);
        interleave(source, from, stride, whole, quads);
        for (int k = whole; k < depth; k++) {
            for (int i = 0; i < 4; i++) {
                quads[4 * k + i] = source[from + i * stride + k];
            }
        }
        for (int k = 0; k < depth; k++) {
            FloatVector.fromArray(QUAD, quads, 4 * k).intoArray(panel, at + k * width);
        }
    }

    private static void interleave(float[] source, int from, int stride, int depth, float[] quads) {
        for (int k = 0; k < depth; k += COUNT) {
            IntVector row0 = FloatVector.fromArray(S, source, from + k).reinterpretAsInts();
            IntVector row1 = FloatVector.fromArray(S, source, from + stride + k).reinterpretAsInts();
            IntVector row2 = FloatVector.fromArray(S, source, from + 2 * stride + k).reinterpretAsInts();
            IntVector row3 = FloatVector.fromArray(S, source, from + 3 * stride + k).reinterpretAsInts();
            interleave(row0, row1, row2, row3, quads, 4 * k);
        }
    }

    private static void interleave(IntVector row0, IntVector row1, IntVector row2, IntVector row3, float[] quads, int at) {
        IntVector evenLow = LOW.selectFrom(row0, row2);
        IntVector evenHigh = HIGH.selectFrom(row0, row2);
        IntVector oddLow = LOW.selectFrom(row1, row3);
        IntVector oddHigh = HIGH.selectFrom(row1, row3);
        LOW.selectFrom(evenLow, oddLow).reinterpretAsFloats().intoArray(quads, at);
        HIGH.selectFrom(evenLow, oddLow).reinterpretAsFloats().intoArray(quads, at + COUNT);
        LOW.selectFrom(evenHigh, oddHigh).reinterpretAsFloats().intoArray(quads, at + 2 * COUNT);
        HIGH.selectFrom(evenHigh, oddHigh).reinterpretAsFloats().intoArray(quads, at + 3 * COUNT);
    }

    /**
     * Writes the transpose of the first {@code rows} rows and {@code columns} columns of {@code source}: its column c becomes
     * {@code rows} floats from {@code to + c * step} on. A panel of B whose memory runs along k.
     */
    static void transpose(Matrix source, int rows, int columns, MemorySegment target, long to, long step, Scratch scratch) {
        float[] stage = scratch.floats(STAGE_SLOT, 4 * CHUNK);
        float[] quads = scratch.floats(QUAD_SLOT, 4 * CHUNK);
        for (int done = 0; done < columns; done += CHUNK) {
            int steps = Math.min(CHUNK, columns - done);
            int r = 0;
            for (; r + 4 <= rows; r += 4) {
                for (int i = 0; i < 4; i++) {
                    Lanes.widen(source.type(), source.data(), source.index(r + i, done), steps, stage, i * CHUNK);
                }
                interleave(stage, 0, CHUNK, steps, quads);
                storeQuads(quads, steps, target, to + done * step + r, step);
            }
            for (; r < rows; r++) {
                for (int c = 0; c < steps; c++) {
                    Lanes.set(target, to + (done + c) * step + r, Lanes.widen(source.type(), source.data(), source.index(r, done + c)));
                }
            }
        }
    }

    /**
     * A panel of A {@code [depth, 8]} from {@code rows} stored rows, at most 6. Rows of length {@link Lanes#COUNT} are interleaved three
     * times, which is a transpose; the two places that no row has stay 0.
     */
    static void packRowsOfA(Matrix source, int rows, int depth, MemorySegment target, long to) {
        MemorySegment data = source.data();
        long[] at = new long[6];
        for (int i = 0; i < 6; i++) {
            at[i] = source.index(Math.min(i, rows - 1), 0);
        }
        int whole = S.loopBound(depth);
        for (int k = 0; k < whole; k += COUNT) {
            interleaveSix(data, at[0] + k, at[1] + k, at[2] + k, at[3] + k, at[4] + k, at[5] + k, target, to + 8L * k);
        }
        for (int k = whole; k < depth; k++) {
            for (int i = 0; i < 6; i++) {
                Lanes.set(target, to + 8L * k + i, Lanes.get(data, at[i] + k));
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
     * A panel of A {@code [depth, 8]} from {@code columns} stored columns, at most 6. Places that no column has get whatever is stored behind, as long as that
     * is within {@code source}: no result depends on them, and eight numbers move at once.
     */
    static void packColumnsOfA(Matrix source, int depth, int columns, MemorySegment target, long to) {
        MemorySegment data = source.data();
        long step = source.stride();
        long first = source.index(0, 0);
        int whole = Math.clamp(Math.floorDiv(data.byteSize() / 4 - 8 - first, step) + 1, 0, COUNT < 8 ? 0 : depth);
        if (whole > 0) {
            long from = Lanes.address(data, first, (whole - 1) * step + 8, 4);
            long at = Lanes.target(target, to, 8L * whole, 4);
            for (int k = 0; k < whole; k++) {
                FloatVector.fromMemorySegment(OCTET, Lanes.ALL, (from + 4L * k * step) & Lanes.ADDRESS, Lanes.ORDER)
                        .intoMemorySegment(Lanes.ALL, (at + 32L * k) & Lanes.ADDRESS, Lanes.ORDER);
            }
        }
        for (int k = whole; k < depth; k++) {
            for (int i = 0; i < 6; i++) {
                Lanes.set(target, to + 8L * k + i, Lanes.get(data, source.index(k, Math.min(i, columns - 1))));
            }
        }
    }

    /** Quad c goes to {@code to + c * step}; checked at once, and the call that takes the vector is the library's own, which is always inlined. */
    private static void storeQuads(float[] quads, int count, MemorySegment target, long to, long step) {
        long at = Lanes.target(target, to, (count - 1) * step + 4, 4);
        for (int c = 0; c < count; c++) {
            FloatVector.fromArray(QUAD, quads, 4 * c).intoMemorySegment(Lanes.ALL, (at + 4L * c * step) & Lanes.ADDRESS, Lanes.ORDER);
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

    /** Packs {@code columns} columns of float32 from (k, column) on, of which {@code depth} rows are the steps of the product. */
    static void packColumns(Matrix source, long column, int columns, long k, int depth, float[] panel, int at, int width) {
        if (columns == 2 * COUNT && width == 2 * COUNT) {
            copyPairs(source.data(), source.index(k, column), source.stride(), depth, panel, at);
            return;
        }
        for (int c = 0; c < width; c += COUNT) {
            copyColumns(source, source.index(k, column + c), columns - c, depth, panel, at + c, Math.min(COUNT, width - c), width);
        }
    }

    private static void copyPairs(MemorySegment data, long from, long stride, int depth, float[] panel, int at) {
        for (int k = 0; k < depth; k++) {
            long row = from + k * stride;
            int to = at + k * 2 * COUNT;
            Lanes.load(data, row).intoArray(panel, to);
            Lanes.load(data, row + COUNT).intoArray(panel, to + COUNT);
        }
    }

    private static void copyColumns(Matrix source, long from, int columns, int depth, float[] panel, int at, int room, int width) {
        MemorySegment data = source.data();
        long stride = source.stride();
        if (columns >= COUNT && room == COUNT) {
            for (int k = 0; k < depth; k++) {
                Lanes.load(data, from + k * stride).intoArray(panel, at + k * width);
            }
            return;
        }
        VectorMask<Float> kept = Lanes.tail(0, room);
        VectorMask<Float> valid = Lanes.tail(0, Math.max(0, columns)).and(kept);
        for (int k = 0; k < depth; k++) {
            FloatVector row = columns <= 0 ? FloatVector.zero(S) : Lanes.load(data, from + k * stride, valid);
            row.intoArray(panel, at + k * width, kept);
        }
    }

    /** Writes the transpose of {@code source [rows, stride]}, its first {@code columns} columns, to rows of {@code data} that start at {@code to} and are {@code step} apart. */
    static void unpackTransposed(
            float[] source, int stride, int rows, int columns, MemorySegment data, long to, long step, Scratch scratch) {
        float[] quads = scratch.floats(QUAD_SLOT, 4 * stride + 4 * COUNT);
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
            interleave(source, r * stride, stride, stride, quads);
            storeQuads(quads, columns, data, to + r, step);
        }
        for (; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                Lanes.set(data, to + c * step + r, source[r * stride + c]);
            }
        }
    }
}
