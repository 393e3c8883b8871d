package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.DotLoops.GROUP;
import static io.safeprobe.engine.kernel.cpu.DotLoops.VECTOR;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.MemorySegment;

/**
 * Rows of a matrix as they lie in memory, and their products with vectors laid out alike.
 *
 * <p>Rows that all begin at the same place of a line are read from the beginning of that line to the end of their last, and the vector has zeros for what is not the
 * row's. Lines do not cross pages, so there is memory; but it may hold what is not finite, and zero times that is NaN. A row with such a sum is copied to memory of
 * its own and multiplied again, as are rows that begin anywhere at once.
 *
 * @param first address of the first row
 * @param step bytes from one row to the next
 * @param inner numbers of a row
 * @param lines whether all rows begin at the same place of a line
 * @param lead numbers from the beginning of the line to that of the row; 0 unless {@code lines}
 */
record StoredRows(DType type, long first, long step, int inner, boolean lines, int lead) {
    static StoredRows of(Matrix w, int rows, int inner) {
        int bytes = w.type().bytes();
        long first = rows == 0 ? 0 : Lanes.address(w.data(), w.index(0, 0), (rows - 1) * w.stride() + inner, bytes);
        long step = w.stride() * bytes;
        boolean lines = step % VECTOR == 0 && first % 4 == 0;
        return new StoredRows(w.type(), first, step, inner, lines, lines ? (int) (first % VECTOR / bytes) : 0);
    }

    /** Whether two numbers lie in four bytes. Of those in a vector of memory the first, third .. are multiplied before the second, fourth .. */
    boolean pairs() {
        return type != DType.F32;
    }

    /** Numbers that a row is multiplied with, zeros included. */
    int numbers() {
        return vectors() * (pairs() ? 2 * COUNT : COUNT);
    }

    /** Floats of memory that {@link #dots} and {@link #sum} need: sums of four rows, those of a row computed again, and a copy of each row. */
    long room() {
        return GROUP * (2L + vectors()) * COUNT;
    }

    private int vectors() {
        int inVector = pairs() ? 2 * COUNT : COUNT;
        return (lead + inner + inVector - 1) / inVector;
    }

    /** Sums of four rows, {@code apart} rows apart, as a vector each at the beginning of {@code room}. */
    void dots(long row, long apart, long x, MemorySegment room) {
        if (lines) {
            DotLoops.dots(type, first + row * step - (long) lead * type.bytes(), apart * step, x, vectors(), room.address());
            return;
        }
        for (int g = 0; g < GROUP; g++) {
            copy(row + g * apart, room, g);
        }
        DotLoops.dots(type, room.address() + copies(0), vectors() * VECTOR, x, vectors(), room.address());
    }

    /** The product of a row and {@code x}, of which {@link #dots} has made sum {@code g}. */
    float sum(long row, long x, MemorySegment room, int g) {
        float sum = DotLoops.sum(room.address() + g * VECTOR);
        if (Float.isNaN(sum) && lines) {
            copy(row, room, 0);
            DotLoops.dots(type, room.address() + copies(0), 0, x, vectors(), room.address() + GROUP * VECTOR);
            return DotLoops.sum(room.address() + GROUP * VECTOR);
        }
        return sum;
    }

    private void copy(long row, MemorySegment room, int g) {
        MemorySegment copy = room.asSlice(copies(g), vectors() * VECTOR).fill((byte) 0);
        MemorySegment.copy(ALL, first + row * step, copy, (long) lead * type.bytes(), (long) inner * type.bytes());
    }

    private long copies(int g) {
        return (2L * GROUP + (long) g * vectors()) * VECTOR;
    }
}
