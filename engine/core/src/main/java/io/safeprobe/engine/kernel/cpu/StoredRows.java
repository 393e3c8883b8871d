package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.DotLoops.GROUP;
import static io.safeprobe.engine.kernel.cpu.DotLoops.VECTOR;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.I;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;

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
    private static final int VECTORS_SLOT = 5;
    private static final int ROOM_SLOT = 6;
    private static final IntVector EVEN = IntVector.broadcast(I, 0).addIndex(2);
    private static final IntVector ODD = IntVector.broadcast(I, 1).addIndex(2);

    static StoredRows of(Matrix w, int rows, int inner) {
        int bytes = w.type().bytes();
        long first = rows == 0 ? 0 : Lanes.address(w.data(), w.index(0, 0), (rows - 1) * w.stride() + inner, bytes);
        long step = w.stride() * bytes;
        boolean lines = step % VECTOR == 0 && first % 4 == 0;
        return new StoredRows(w.type(), first, step, inner, lines, lines ? (int) (first % VECTOR / bytes) : 0);
    }

    /** Takes the product of a row and vector {@code vector}. */
    interface Products {
        void put(int vector, long row, float product);
    }

    /** Copies {@code count} vectors to memory of the thread, as {@link #multiply} wants them. */
    MemorySegment vectors(Matrix x, int count, Scratch scratch) {
        int stride = stride();
        MemorySegment vectors = scratch.nativeFloats(VECTORS_SLOT, (long) count * stride).asSlice(0, 4L * count * stride).fill((byte) 0);
        Panels.copy(x, count, inner, vectors, lead, stride);
        if (type != DType.F32) {
            evenBeforeOdd(vectors, (long) count * stride);
        }
        return vectors;
    }

    /** Of every two vectors of numbers the first, third .. come before the second, fourth .. */
    private static void evenBeforeOdd(MemorySegment x, long count) {
        for (long i = 0; i < count; i += 2L * COUNT) {
            IntVector first = Lanes.load(x, i).reinterpretAsInts();
            IntVector second = Lanes.load(x, i + COUNT).reinterpretAsInts();
            Lanes.store(EVEN.selectFrom(first, second).reinterpretAsFloats(), x, i);
            Lanes.store(ODD.selectFrom(first, second).reinterpretAsFloats(), x, i + COUNT);
        }
    }

    /** Multiplies the rows {@code from} to {@code to} with {@code count} vectors. */
    void multiply(long from, long to, MemorySegment vectors, int count, Scratch scratch, Products products) {
        MemorySegment room = scratch.nativeFloats(ROOM_SLOT, GROUP * (2L + width()) * COUNT);
        long quarter = (to - from) / GROUP;
        for (long row = from; row < from + quarter; row++) {
            multiply(row, quarter, GROUP, vectors, count, room, products);
        }
        for (long row = from + GROUP * quarter; row < to; row++) {
            multiply(row, 0, 1, vectors, count, room, products);
        }
    }

    private void multiply(long row, long apart, int rows, MemorySegment vectors, int count, MemorySegment room, Products products) {
        for (int i = 0; i < count; i++) {
            long x = vectors.address() + 4L * i * stride();
            dots(row, apart, x, room);
            for (int g = 0; g < rows; g++) {
                products.put(i, row + g * apart, sum(row + g * apart, x, room, g));
            }
        }
    }

    /** Numbers that a row is multiplied with, zeros included. */
    private int stride() {
        return width() * inVector();
    }

    /** Vectors of memory in which a row lies. */
    private int width() {
        return (lead + inner + inVector() - 1) / inVector();
    }

    private int inVector() {
        return type == DType.F32 ? COUNT : 2 * COUNT;
    }

    /** Sums of four rows, {@code apart} rows apart, as a vector each at the beginning of {@code room}. */
    private void dots(long row, long apart, long x, MemorySegment room) {
        if (lines) {
            DotLoops.dots(type, first + row * step - (long) lead * type.bytes(), apart * step, x, width(), room.address());
            return;
        }
        for (int g = 0; g < GROUP; g++) {
            copy(row + g * apart, room, g);
        }
        DotLoops.dots(type, room.address() + copies(0), width() * VECTOR, x, width(), room.address());
    }

    private float sum(long row, long x, MemorySegment room, int g) {
        float sum = DotLoops.sum(room.address() + g * VECTOR);
        if (Float.isNaN(sum) && lines) {
            copy(row, room, 0);
            DotLoops.dots(type, room.address() + copies(0), 0, x, width(), room.address() + GROUP * VECTOR);
            return DotLoops.sum(room.address() + GROUP * VECTOR);
        }
        return sum;
    }

    private void copy(long row, MemorySegment room, int g) {
        MemorySegment copy = room.asSlice(copies(g), width() * VECTOR).fill((byte) 0);
        MemorySegment.copy(ALL, first + row * step, copy, (long) lead * type.bytes(), (long) inner * type.bytes());
    }

    /** Where copies of rows begin, behind the sums of four rows and those of a row that is multiplied again. */
    private long copies(int g) {
        return (2L * GROUP + (long) g * width()) * VECTOR;
    }
}
