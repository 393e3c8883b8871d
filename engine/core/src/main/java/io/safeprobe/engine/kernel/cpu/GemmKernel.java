package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.ROWS;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products. Of a tall result B is packed into panels ({@link Panels}) by all threads; then each takes rows of the result in turn, packs those of
 * A and computes their tiles ({@link GemmTile}). Of a wide one it is A that all pack, and B that is packed by who takes its columns. So the larger operand is packed where
 * it is used, and comes from the cache of the thread that made it, while the other, of which every thread reads all, several times, is the smaller one: where the third-level
 * cache is slow, wide products are 1.02 to 1.16 times as fast as with B packed by all, those of 64 to 200 rows 1.14 to 1.47 times, up to 1.9 with 32,000 columns.
 *
 * <p>With many rows for each and a small B, every thread packs B for itself: to write what another core has read is slow, more so where the two have no cache in common (9 and
 * 1.8 GB/s on a rented machine, which moves threads between such cores within seconds). There products of 943 rows and 288 or 768 are 1.03 to 1.10 times as fast with a B for each
 * thread as with one for all, elsewhere 0.98 to 1.00.
 *
 * <p>Blocks: k in pieces of at most {@value #MAX_DEPTH}, so that a few panels of B stay in the second-level cache while panels
 * of A pass through the first. Pieces of k are added in order, whatever the threads do, so the bits do not depend on their number. Other block
 * sizes (depth 512 and 2048, 96 to 960 rows, 128 to 512 columns, half and twice as much of B) changed less than the machine's noise or cost 3 to 15%.
 *
 * <p>What LoRA adds is no product of its own: {@code x W + s h B} is {@code [x, s h] [W; B]}, a few steps of k more. Products of a few rows
 * (decoding) or a few columns ({@code h}) are bound by reading the large operand and go to {@link MatVecKernel} and {@link FewColumnsKernel}, gradients
 * of LoRA's matrices to {@link OuterKernel}.
 */
final class GemmKernel {
    private static final int MAX_DEPTH = 1024;
    private static final int MAX_COLUMNS = 2048;
    /**
     * Panels for each thread from which on only rows are shared out, or of a wide result only columns, in ranges that become shorter: with equal ones threads waited 4 % of
     * the time for the last, so 2 %. Where there are fewer, both are shared out.
     */
    private static final int ENOUGH = 16;
    /** Row panels for each thread from which on it packs a B of its own, if that has no more floats than {@link #OWN_B}: a few hundredths of its time. */
    private static final int ENOUGH_FOR_OWN_B = 64;
    private static final int OWN_B = 400_000;
    /** Row panels whose packed A stays in the second-level cache. */
    private static final int MOST_PANELS = 20;
    private static final int FEW_PANELS = 4;
    private static final int TASKS_PER_THREAD = 8;
    private static final int PACK_GRAIN = 8_192;
    private static final int A_SLOT = 3;
    private static final int B_SLOT = 5;
    /** Floats of packed B that stay in the second-level cache while the rows of a group pass. */
    private static final int NEAR = 160_000;
    private static final double ALONE = 200_000;

    /** One product: {@code c [rows, columns] = op(a) op(b)}, and {@code tail} besides. */
    private record Product(
            Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c, int rows, int columns, int inner, @Nullable Tail tail) {}

    /** {@code factor a op(b)}, a {@code [rows, inner]}, which is added to a product; b is transposed as the product's is. */
    private record Tail(Matrix a, Matrix b, int inner, float factor) {}

    /** Columns of the product from {@code column}, steps from {@code k}; {@code add} to what C holds. Of the last block {@code tail} is a part. */
    private record Block(Product product, int column, int columns, int k, int depth, boolean add, @Nullable Tail tail) {
        int rowPanels() {
            return (product.rows + ROWS - 1) / ROWS;
        }

        int columnPanels() {
            return (columns + COLUMNS - 1) / COLUMNS;
        }

        /** Column panels {@code [from, to)}. */
        Block part(int from, int to) {
            return new Block(product, column + from * COLUMNS, Math.min(columns, to * COLUMNS) - from * COLUMNS, k, depth, add, tail);
        }

        /** Steps with those of the tail. */
        int steps() {
            return tail == null ? depth : depth + tail.inner;
        }

        /** Column panels of B that stay in the second-level cache. */
        int near() {
            return Math.max(1, NEAR / (COLUMNS * Math.max(1, steps())));
        }

        /** Floats of all of packed B. */
        long floatsB() {
            return (long) columnPanels() * COLUMNS * steps();
        }

        /** What packing B is split into runs along the rows of the stored B, so that memory is read in order: panels, or else steps. */
        int piecesB() {
            return product.transposeB ? columnPanels() : steps();
        }

        /** Floats of such a piece. */
        int pieceB() {
            return product.transposeB ? COLUMNS * steps() : columns;
        }
    }

    private final Workers workers;
    private final MatVecKernel matVec;
    private final FewColumnsKernel fewColumns;
    private final OuterKernel outer;
    private final NativeFloats packedA = new NativeFloats();
    private final NativeFloats packedB = new NativeFloats();

    GemmKernel(Workers workers) {
        this.workers = workers;
        this.matVec = new MatVecKernel(workers);
        this.fewColumns = new FewColumnsKernel(workers);
        this.outer = new OuterKernel(workers);
    }

    void matmul(Op.MatMul op, Tensor a, Tensor b, Tensor y) {
        multiply(product(a, op.transposeA(), b, op.transposeB(), y, null));
    }

    void lora(Op.LoraLinear op, List<Tensor> in, Tensor y, Tensor h) {
        multiply(product(in.get(2), false, in.get(3), op.transpose(), h, null));
        int rank = Math.toIntExact(h.shape().dim(1));
        Tail tail = new Tail(Matrix.of(h), Matrix.of(in.get(4)), rank, (float) op.scale());
        multiply(product(in.get(0), false, in.get(1), op.transpose(), y, tail));
    }

    private static Product product(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor y, @Nullable Tail tail) {
        int rows = Math.toIntExact(y.shape().dim(0));
        int columns = Math.toIntExact(y.shape().dim(1));
        int inner = Math.toIntExact(a.shape().dim(transposeA ? 0 : 1));
        return new Product(Matrix.of(a), transposeA, Matrix.of(b), transposeB, Matrix.of(y), rows, columns, inner, tail);
    }

    private void multiply(Product p) {
        if (p.rows == 0 || p.columns == 0) {
            return;
        }
        if (p.rows <= MatVecKernel.MAX_ROWS && !p.transposeA && p.transposeB) {
            matVec.multiply(p.a, p.rows, p.b, p.columns, p.inner, p.c.data(), 1, false);
            if (p.tail != null) {
                matVec.multiply(p.tail.a, p.rows, p.tail.b, p.columns, p.tail.inner, p.c.data(), p.tail.factor, true);
            }
            return;
        }
        if (p.columns <= FewColumnsKernel.MAX_COLUMNS && !p.transposeA && p.tail == null) {
            fewColumns.multiply(p.a, p.rows, p.b, p.transposeB, p.columns, p.inner, p.c.data());
            return;
        }
        if (p.transposeA && !p.transposeB && p.b.type() == DType.F32 && Math.min(p.rows, p.columns) <= OuterKernel.MAX_FEW) {
            boolean fewRows = p.rows <= p.columns;
            outer.multiply(fewRows ? p.a : p.b, fewRows ? p.b : p.a, p.inner, Math.min(p.rows, p.columns), Math.max(p.rows, p.columns), p.c, !fewRows);
            return;
        }
        int pieces = Math.max(1, (p.inner + MAX_DEPTH - 1) / MAX_DEPTH);
        int depth = (p.inner + pieces - 1) / pieces;
        boolean wide = p.columns >= p.rows && p.columns >= ENOUGH * workers.count() * COLUMNS;
        int most = wide ? p.columns : MAX_COLUMNS;
        for (int column = 0; column < p.columns; column += most) {
            int columns = Math.min(most, p.columns - column);
            for (int piece = 0; piece < pieces; piece++) {
                int k = piece * depth;
                Block block = new Block(p, column, columns, k, Math.min(depth, p.inner - k), k > 0, piece == pieces - 1 ? p.tail : null);
                if (wide) {
                    shareColumns(block);
                } else {
                    shareRows(block);
                }
            }
        }
    }

    /** B is packed by all threads, or by each for itself; then each takes rows in turn, packs those of A and computes their tiles. */
    private void shareRows(Block block) {
        if ((double) block.product.rows * block.columns * block.steps() < ALONE) {
            Scratch scratch = workers.scratch();
            MemorySegment b = ownB(block, scratch);
            packB(block, b, 0, block.piecesB(), scratch);
            tiles(block, b, 0, block.rowPanels(), 0, block.columnPanels(), scratch);
        } else if (block.rowPanels() >= ENOUGH_FOR_OWN_B * workers.count() && block.floatsB() <= OWN_B) {
            Set<Scratch> packed = ConcurrentHashMap.newKeySet();
            workers.ranges(block.rowPanels(), 1, (from, to, scratch) -> {
                MemorySegment b = ownB(block, scratch);
                if (packed.add(scratch)) {
                    packB(block, b, 0, block.piecesB(), scratch);
                }
                rows(block, b, (int) from, (int) to, scratch);
            });
        } else {
            shareB(block);
        }
    }

    /** Room for all of B that belongs to one thread. */
    private static MemorySegment ownB(Block block, Scratch scratch) {
        return scratch.nativeFloats(B_SLOT, block.floatsB());
    }

    private void shareB(Block block) {
        MemorySegment b = packedB.room(block.floatsB());
        int each = PACK_GRAIN / block.pieceB() + 1;
        workers.run(tasks(block.piecesB(), each), (part, scratch) -> packB(block, b, part * each, Math.min(block.piecesB(), (part + 1) * each), scratch));
        if (block.rowPanels() >= ENOUGH * workers.count()) {
            workers.ranges(block.rowPanels(), 1, (from, to, scratch) -> rows(block, b, (int) from, (int) to, scratch));
        } else {
            shareBoth(block, b);
        }
    }

    /** Row panels {@code [from, to)}, so many at a time as stay in the second-level cache. */
    private static void rows(Block block, MemorySegment b, int from, int to, Scratch scratch) {
        for (int row = from; row < to; row += MOST_PANELS) {
            tiles(block, b, row, Math.min(to, row + MOST_PANELS), 0, block.columnPanels(), scratch);
        }
    }

    private static int tasks(int items, int each) {
        return (int) (((long) items + each - 1) / each);
    }

    private void shareBoth(Block block, MemorySegment b) {
        int groups = tasks(block.rowPanels(), FEW_PANELS);
        int wide = block.columnPanels();
        while (wide > 1 && groups * tasks(block.columnPanels(), wide) < TASKS_PER_THREAD * workers.count()) {
            wide = (wide + 1) / 2;
        }
        int columns = wide;
        int across = tasks(block.columnPanels(), columns);
        workers.run(groups * across, (part, scratch) -> {
            int row = part / across * FEW_PANELS;
            int column = part % across * columns;
            tiles(block, b, row, Math.min(block.rowPanels(), row + FEW_PANELS), column, Math.min(block.columnPanels(), column + columns), scratch);
        });
    }

    /** A is packed by all threads; then each takes columns in turn, packs those of B and computes their tiles. */
    private void shareColumns(Block block) {
        long panel = (long) A_STRIDE * block.steps();
        MemorySegment a = packedA.room(block.rowPanels() * panel);
        workers.ranges(block.rowPanels(), 1, (from, to, _) -> packA(block, (int) from, (int) to, a, from * panel));
        int near = block.near();
        workers.ranges(block.columnPanels(), 1, (from, to, scratch) -> {
            MemorySegment b = scratch.nativeFloats(B_SLOT, (long) near * COLUMNS * block.steps());
            for (int j = (int) from; j < to; j += near) {
                Block part = block.part(j, Math.min((int) to, j + near));
                packB(part, b, 0, part.piecesB(), scratch);
                for (int i = 0; i < block.rowPanels(); i++) {
                    row(part, a, i * panel, i, b, 0, part.columnPanels(), scratch);
                }
            }
        });
    }

    /** Row panels {@code [from, to)} of A. */
    private static void packA(Block block, int from, int to, MemorySegment packed, long at) {
        Product p = block.product;
        long panel = (long) A_STRIDE * block.steps();
        if (p.transposeA) {
            Panels.packColumnsOfA(p.a.from(block.k, (long) from * ROWS), block.depth, Math.min(p.rows, to * ROWS) - from * ROWS, packed, at, panel);
            return;
        }
        for (int i = from; i < to; i++) {
            packRowsOfA(block, i * ROWS, packed, at + (i - from) * panel);
        }
    }

    /** The panel of A from row {@code first} on. Only rows have a tail: no product with LoRA transposes A. */
    private static void packRowsOfA(Block block, int first, MemorySegment packed, long at) {
        Product p = block.product;
        int rows = Math.min(ROWS, p.rows - first);
        Panels.packRowsOfA(p.a.from(first, block.k), rows, block.depth, packed, at);
        Tail tail = block.tail;
        for (int r = 0; tail != null && r < tail.inner; r++) {
            for (int i = 0; i < rows; i++) {
                float value = tail.factor * Lanes.get(tail.a.data(), tail.a.index(first + (long) i, r));
                Lanes.set(packed, at + (long) A_STRIDE * (block.depth + r) + i, value);
            }
        }
    }

    /** Pieces {@code [from, to)} of B: panels, or steps of all panels. */
    private static void packB(Block block, MemorySegment packed, int from, int to, Scratch scratch) {
        Matrix b = block.product.b;
        Tail tail = block.tail;
        boolean transposed = block.product.transposeB;
        for (int panel = transposed ? from : 0; panel < (transposed ? to : block.columnPanels()); panel++) {
            long column = block.column + (long) panel * COLUMNS;
            int columns = Math.min(COLUMNS, block.columns - panel * COLUMNS);
            long at = (long) panel * COLUMNS * block.steps();
            if (transposed) {
                Panels.packRowsOfB(b.from(column, block.k), columns, block.depth, packed, at, scratch);
                if (tail != null) {
                    Panels.packRowsOfB(tail.b.from(column, 0), columns, tail.inner, packed, at + (long) COLUMNS * block.depth, scratch);
                }
            } else {
                int own = Math.min(to, block.depth);
                Panels.copy(b.from(block.k + (long) from, column), own - from, columns, packed, at + (long) from * COLUMNS, COLUMNS);
                if (tail != null) {
                    int first = Math.max(from, block.depth);
                    Panels.copy(tail.b.from(first - block.depth, column), to - first, columns, packed, at + (long) first * COLUMNS, COLUMNS);
                }
            }
        }
    }

    /** Tiles of row panels {@code [row, rowEnd)} and column panels {@code [column, columnEnd)}, so many columns at a time as stay in the second-level cache. */
    private static void tiles(Block block, MemorySegment b, int row, int rowEnd, int column, int columnEnd, Scratch scratch) {
        int steps = block.steps();
        long panel = (long) A_STRIDE * steps;
        MemorySegment a = scratch.nativeFloats(A_SLOT, (rowEnd - row) * panel);
        boolean transposed = block.product.transposeA;
        if (transposed) {
            packA(block, row, rowEnd, a, 0);
        }
        int wide = block.near();
        for (int j = column; j < columnEnd; j += wide) {
            for (int i = row; i < rowEnd; i++) {
                long aAt = (i - row) * panel;
                if (j == column && !transposed) {
                    packA(block, i, i + 1, a, aAt);
                }
                row(block, a, aAt, i, b, j, Math.min(columnEnd, j + wide), scratch);
            }
        }
    }

    /** Tiles of row panel i and column panels {@code [column, columnEnd)}. */
    private static void row(Block block, MemorySegment a, long aAt, int i, MemorySegment b, int column, int columnEnd, Scratch scratch) {
        int steps = block.steps();
        int rows = Math.min(ROWS, block.product.rows - i * ROWS);
        Matrix c = block.product.c;
        for (int j = column; j < columnEnd; j++) {
            int columns = Math.min(COLUMNS, block.columns - j * COLUMNS);
            long bAt = (long) j * COLUMNS * steps;
            long at = c.index((long) i * ROWS, block.column + (long) j * COLUMNS);
            GemmTile.multiplyExactly(steps, a, aAt, A_STRIDE, b, bAt, COLUMNS, rows, columns, c.data(), at, c.stride(), block.add, scratch);
        }
    }
}
