package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.S;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Packing: a panel is {@code [depth, width]} floats, element r of the panel at step k of the product in place {@code k * width + r},
 * so that the innermost loop reads both operands in order. A panel that is not full is padded with zeros. Stored types other than
 * float32 are widened here, once for the many times a packed number is used.
 *
 * <p>Where memory runs along k the panel is a transpose. It is done four rows at a time: two rounds of interleaving give the quads
 * {@code [depth, 4]}, which then move as 128-bit pieces; this takes any number of lanes from 4 on.
 */
final class Panels {
    private static final VectorSpecies<Float> QUAD = FloatVector.SPECIES_128;
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

    /** Packs {@code rows} stored rows from (row, k) on, of which {@code depth} columns are the steps of the product. */
    static void packRows(Matrix source, long row, int rows, long k, int depth, float[] panel, int at, int width, Scratch scratch) {
        float[] stage = scratch.floats(STAGE_SLOT, 4 * CHUNK);
        for (int done = 0; done < depth; done += CHUNK) {
            int steps = Math.min(CHUNK, depth - done);
            for (int r = 0; r < width; r += 4) {
                for (int i = 0; i < 4; i++) {
                    if (r + i < rows) {
                        Lanes.widen(source.type(), source.data(), source.index(row + r + i, k + done), steps, stage, i * CHUNK);
                    } else {
                        Arrays.fill(stage, i * CHUNK, i * CHUNK + steps, 0f);
                    }
                }
                transposeQuad(stage, 0, CHUNK, steps, panel, at + done * width + r, width, scratch);
            }
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
            IntVector evenLow = LOW.selectFrom(row0, row2);
            IntVector evenHigh = HIGH.selectFrom(row0, row2);
            IntVector oddLow = LOW.selectFrom(row1, row3);
            IntVector oddHigh = HIGH.selectFrom(row1, row3);
            LOW.selectFrom(evenLow, oddLow).reinterpretAsFloats().intoArray(quads, 4 * k);
            HIGH.selectFrom(evenLow, oddLow).reinterpretAsFloats().intoArray(quads, 4 * k + COUNT);
            LOW.selectFrom(evenHigh, oddHigh).reinterpretAsFloats().intoArray(quads, 4 * k + 2 * COUNT);
            HIGH.selectFrom(evenHigh, oddHigh).reinterpretAsFloats().intoArray(quads, 4 * k + 3 * COUNT);
        }
    }

    /** Packs {@code columns} stored columns from (k, column) on, of which {@code depth} rows are the steps of the product. */
    static void packColumns(Matrix source, long column, int columns, long k, int depth, float[] panel, int at, int width) {
        if (source.type() == DType.F32 && columns == 2 * COUNT && width == 2 * COUNT) {
            copyPairs(source.data(), source.index(k, column), source.stride(), depth, panel, at);
            return;
        }
        if (source.type() == DType.F32) {
            for (int c = 0; c < width; c += COUNT) {
                copyColumns(source, source.index(k, column + c), columns - c, depth, panel, at + c, Math.min(COUNT, width - c), width);
            }
            return;
        }
        for (int step = 0; step < depth; step++) {
            int to = at + step * width;
            Lanes.widen(source.type(), source.data(), source.index(k + step, column), columns, panel, to);
            Arrays.fill(panel, to + columns, to + width, 0f);
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
            Lanes.load(data, from + k * stride, valid).intoArray(panel, at + k * width, kept);
        }
    }

    /** Writes the transpose of {@code source [rows, stride]}, its first {@code columns} columns, to rows of {@code data} that start at {@code to} and are {@code step} apart. */
    static void unpackTransposed(
            float[] source, int stride, int rows, int columns, MemorySegment data, long to, long step, Scratch scratch) {
        float[] quads = scratch.floats(QUAD_SLOT, 4 * stride + 4 * COUNT);
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
            interleave(source, r * stride, stride, stride, quads);
            for (int c = 0; c < columns; c++) {
                FloatVector.fromArray(QUAD, quads, 4 * c).intoMemorySegment(data, 4 * (to + c * step + r), Lanes.ORDER);
            }
        }
        for (; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                Lanes.set(data, to + c * step + r, source[r * stride + c]);
            }
        }
    }
}
