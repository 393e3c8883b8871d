package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.DotLoops.GROUP;
import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;
import static io.safeprobe.engine.kernel.cpu.Lanes.I;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;

/**
 * Products of a large matrix with a few vectors, as in decoding: {@code c (+)= factor x W^T} for a few rows of x. W is not packed: time goes into reading it
 * once from memory, in whatever type it is stored.
 *
 * <p>Vectors are read from where lines of the cache begin, wherever rows of W do ({@link StoredRows}): a file aligns weights to 8 bytes only, and a vector across
 * two lines costs as much as two. Four rows are read side by side, each in a quarter of its own of a thread's share, since a processor reads ahead in several
 * streams. A row is summed alone, so its bits depend on where rows of W begin in a line, but neither on other rows nor on the number of threads.
 *
 * <p>Bare loops over 2 GB of BF16, on two cores of a Zen 5 while its memory was fast: four rows far apart 60 to 69 GB/s; one at a time 65, or 44 where rows begin
 * in the other half of 256 bytes; begun across lines, one 30 to 39 and four 42 to 48. C with prefetching got 52.
 */
final class MatVecKernel {
    /** More rows than this are faster packed. */
    static final int MAX_ROWS = 4;

    private static final int X_SLOT = 5;
    private static final int ROOM_SLOT = 6;
    private static final long GRAIN = 32_768;
    private static final IntVector EVEN = IntVector.broadcast(I, 0).addIndex(2);
    private static final IntVector ODD = IntVector.broadcast(I, 1).addIndex(2);

    private final Workers workers;

    MatVecKernel(Workers workers) {
        this.workers = workers;
    }

    /** {@code c [rows, columns] (+)= factor x w^T}, w {@code [columns, inner]}. */
    void multiply(Matrix x, int rows, Matrix w, int columns, int inner, MemorySegment c, float factor, boolean add) {
        StoredRows stored = StoredRows.of(w, columns, inner);
        int stride = stored.numbers();
        MemorySegment numbers = workers.scratch().nativeFloats(X_SLOT, (long) rows * stride);
        numbers.asSlice(0, 4L * rows * stride).fill((byte) 0);
        Panels.copy(x, rows, inner, numbers, stored.lead(), stride);
        if (stored.pairs()) {
            evenBeforeOdd(numbers, (long) rows * stride);
        }
        long result = Lanes.target(c, 0, (long) rows * columns, 4);
        workers.ranges(columns, Math.max(1, GRAIN / Math.max(1, inner)), (from, to, scratch) -> {
            MemorySegment room = scratch.nativeFloats(ROOM_SLOT, stored.room());
            long quarter = (to - from) / GROUP;
            for (long j = from; j < to; j = j + 1 == from + quarter ? from + GROUP * quarter : j + 1) {
                int group = j < from + quarter ? GROUP : 1;
                for (int i = 0; i < rows; i++) {
                    long vector = numbers.address() + 4L * i * stride;
                    stored.dots(j, group == GROUP ? quarter : 0, vector, room);
                    for (int g = 0; g < group; g++) {
                        long column = j + g * quarter;
                        float value = factor * stored.sum(column, vector, room, g);
                        long at = (result + 4 * ((long) i * columns + column)) & ADDRESS;
                        ALL.set(Lanes.F32, at, add ? ALL.get(Lanes.F32, at) + value : value);
                    }
                }
            }
        });
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
}
