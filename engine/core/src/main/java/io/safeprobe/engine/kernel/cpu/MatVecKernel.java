package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.ADDRESS;
import static io.safeprobe.engine.kernel.cpu.Lanes.ALL;

import java.lang.foreign.MemorySegment;

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

    private static final long GRAIN = 32_768;

    private final Workers workers;

    MatVecKernel(Workers workers) {
        this.workers = workers;
    }

    /** {@code c [rows, columns] (+)= factor x w^T}, w {@code [columns, inner]}. */
    void multiply(Matrix x, int rows, Matrix w, int columns, int inner, MemorySegment c, float factor, boolean add) {
        StoredRows stored = StoredRows.of(w, columns, inner);
        MemorySegment vectors = stored.vectors(x, rows, workers.scratch());
        long result = Lanes.target(c, 0, (long) rows * columns, 4);
        StoredRows.Products products = (i, j, product) -> {
            long at = (result + 4 * ((long) i * columns + j)) & ADDRESS;
            ALL.set(Lanes.F32, at, add ? ALL.get(Lanes.F32, at) + factor * product : factor * product);
        };
        workers.ranges(columns, Math.max(1, GRAIN / Math.max(1, inner)), (from, to, scratch) -> stored.multiply(from, to, vectors, rows, scratch, products));
    }
}
