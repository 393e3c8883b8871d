package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.GemmTile.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.GemmTile.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.GemmTile.ROWS;
import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Matrix products. Both operands are packed into panels ({@link Panels}) by all threads, then the threads share the tiles of the
 * result ({@link GemmTile}). Blocks: k in pieces of at most {@value #MAX_DEPTH}, so that a few panels of B stay in the second-level
 * cache while panels of A pass through the first; a thread's task is {@value #TASK_ROWS} rows by one panel of B. Pieces of k are added
 * in order, whatever the threads do, so the bits do not depend on their number. Other block sizes (depth 512 and 2048, 96 to 960 rows,
 * 128 to 512 columns) changed less than the machine's noise or cost 5 to 15%.
 *
 * <p>Products of a few rows (decoding) are bound by reading the weights and go to {@link MatVecKernel}.
 */
final class GemmKernel {
    private static final int MAX_DEPTH = 1024;
    private static final int MAX_ROWS = 256 * ROWS;
    private static final int MAX_COLUMNS = 2048;
    private static final int TASK_ROWS = 120;
    private static final int LEAST_PANELS = 4;
    private static final int TASKS_PER_THREAD = 6;
    private static final int PACK_GRAIN = 8_192;
    private static final int TILE_SLOT = 2;
    private static final double ALONE = 200_000;

    /** One product: {@code c [rows, columns] (+)= factor op(a) op(b)}. */
    private record Product(
            Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c, int rows, int columns, int inner, float factor, boolean add) {}

    /** A block of the product: rows from {@code row}, columns from {@code column}, steps from {@code k}; {@code add} to what C holds. */
    private record Block(Product product, int row, int rows, int column, int columns, int k, int depth, boolean add) {
        int rowPanels() {
            return (rows + ROWS - 1) / ROWS;
        }

        int columnPanels() {
            return (columns + COLUMNS - 1) / COLUMNS;
        }

        /** What packing B is split into runs along the rows of the stored B, so that memory is read in order: panels, or else steps. */
        int piecesB() {
            return product.transposeB ? columnPanels() : depth;
        }

        /** Floats of such a piece. */
        int pieceB() {
            return product.transposeB ? COLUMNS * depth : columns;
        }
    }

    private final Workers workers;
    private final MatVecKernel matVec;
    private final NativeFloats packedA = new NativeFloats();
    private final NativeFloats packedB = new NativeFloats();

    GemmKernel(Workers workers) {
        this.workers = workers;
        this.matVec = new MatVecKernel(workers);
    }

    void matmul(Op.MatMul op, Tensor a, Tensor b, Tensor y) {
        int inner = Math.toIntExact(a.shape().dim(op.transposeA() ? 0 : 1));
        multiply(product(a, op.transposeA(), b, op.transposeB(), y, inner, 1f, false));
    }

    void lora(Op.LoraLinear op, List<Tensor> in, Tensor y, Tensor h) {
        int inner = Math.toIntExact(in.get(0).shape().dim(1));
        int rank = Math.toIntExact(h.shape().dim(1));
        multiply(product(in.get(2), false, in.get(3), true, h, inner, 1f, false));
        multiply(product(in.get(0), false, in.get(1), true, y, inner, 1f, false));
        multiply(product(h, false, in.get(4), true, y, rank, (float) op.scale(), true));
    }

    private static Product product(
            Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor y, int inner, float factor, boolean add) {
        int rows = Math.toIntExact(y.shape().dim(0));
        int columns = Math.toIntExact(y.shape().dim(1));
        return new Product(Matrix.of(a), transposeA, Matrix.of(b), transposeB, Matrix.of(y), rows, columns, inner, factor, add);
    }

    private void multiply(Product p) {
        if (p.rows == 0 || p.columns == 0) {
            return;
        }
        if (p.inner == 0) {
            if (!p.add) {
                p.c.data().fill((byte) 0);
            }
            return;
        }
        if (p.rows <= MatVecKernel.MAX_ROWS && !p.transposeA && p.transposeB && p.a.type() == DType.F32) {
            matVec.multiply(p.a, p.rows, p.b, p.columns, p.inner, p.c.data(), p.factor, p.add);
            return;
        }
        int pieces = (p.inner + MAX_DEPTH - 1) / MAX_DEPTH;
        int depth = (p.inner + pieces - 1) / pieces;
        for (int column = 0; column < p.columns; column += MAX_COLUMNS) {
            int columns = Math.min(MAX_COLUMNS, p.columns - column);
            for (int k = 0; k < p.inner; k += depth) {
                for (int row = 0; row < p.rows; row += MAX_ROWS) {
                    int rows = Math.min(MAX_ROWS, p.rows - row);
                    block(new Block(p, row, rows, column, columns, k, Math.min(depth, p.inner - k), p.add || k > 0), row == 0);
                }
            }
        }
    }

    private void block(Block block, boolean packB) {
        MemorySegment a = packedA.room((long) block.rowPanels() * A_STRIDE * block.depth);
        MemorySegment b = packedB.room((long) block.columnPanels() * COLUMNS * block.depth);
        if ((double) block.rows * block.columns * block.depth < ALONE) {
            Scratch scratch = workers.scratch();
            packA(block, a, 0, block.rowPanels());
            packB(block, b, 0, packB ? block.piecesB() : 0, scratch);
            tiles(block, a, b, 0, block.rowPanels(), 0, block.columnPanels(), scratch);
            return;
        }
        int eachA = PACK_GRAIN / (A_STRIDE * block.depth) + 1;
        int eachB = PACK_GRAIN / block.pieceB() + 1;
        int tasksB = packB ? tasks(block.piecesB(), eachB) : 0;
        workers.run(tasksB + tasks(block.rowPanels(), eachA), (part, scratch) -> {
            if (part < tasksB) {
                packB(block, b, part * eachB, Math.min(block.piecesB(), (part + 1) * eachB), scratch);
            } else {
                int from = (part - tasksB) * eachA;
                packA(block, a, from, Math.min(block.rowPanels(), from + eachA));
            }
        });
        share(block, a, b);
    }

    private static int tasks(int items, int each) {
        return (int) (((long) items + each - 1) / each);
    }

    private void share(Block block, MemorySegment a, MemorySegment b) {
        int enough = workers.count() == 1 ? 1 : TASKS_PER_THREAD * workers.count();
        int high = TASK_ROWS / ROWS;
        while (high > LEAST_PANELS && tasks(block.rowPanels(), high) * block.columnPanels() < enough) {
            high = (high + 1) / 2;
        }
        int each = high;
        int down = tasks(block.rowPanels(), each);
        workers.run(down * block.columnPanels(), (part, scratch) -> {
            int row = part % down * each;
            tiles(block, a, b, row, Math.min(block.rowPanels(), row + each), part / down, part / down + 1, scratch);
        });
    }

    private static void packA(Block block, MemorySegment packed, int from, int to) {
        Product p = block.product;
        for (int panel = from; panel < to; panel++) {
            int first = panel * ROWS;
            int rows = Math.min(ROWS, block.rows - first);
            long at = (long) panel * A_STRIDE * block.depth;
            if (p.transposeA) {
                Panels.packColumnsOfA(p.a.from(block.k, (long) block.row + first), block.depth, rows, packed, at);
            } else {
                Panels.packRowsOfA(p.a.from((long) block.row + first, block.k), rows, block.depth, packed, at);
            }
        }
    }

    /** Pieces {@code [from, to)} of B: panels, or steps of all panels. */
    private static void packB(Block block, MemorySegment packed, int from, int to, Scratch scratch) {
        Matrix b = block.product.b;
        boolean transposed = block.product.transposeB;
        for (int panel = transposed ? from : 0; panel < (transposed ? to : block.columnPanels()); panel++) {
            int first = panel * COLUMNS;
            int columns = Math.min(COLUMNS, block.columns - first);
            long at = (long) first * block.depth;
            if (transposed) {
                Panels.packRowsOfB(b.from((long) block.column + first, block.k), columns, block.depth, packed, at, scratch);
            } else {
                Panels.copy(b.from((long) block.k + from, (long) block.column + first), to - from, columns, packed, at + (long) from * COLUMNS, COLUMNS);
            }
        }
    }

    private static void tiles(
            Block block, MemorySegment a, MemorySegment b, int row, int rowEnd, int column, int columnEnd, Scratch scratch) {
        MemorySegment tile = scratch.nativeFloats(TILE_SLOT, GemmTile.FLOATS);
        Matrix c = block.product.c;
        boolean plain = !block.add && block.product.factor == 1;
        for (int i = row; i < rowEnd; i++) {
            int rows = Math.min(ROWS, block.rows - i * ROWS);
            long aAt = (long) i * A_STRIDE * block.depth;
            for (int j = column; j < columnEnd; j++) {
                int columns = Math.min(COLUMNS, block.columns - j * COLUMNS);
                long bAt = (long) j * COLUMNS * block.depth;
                long at = c.index(block.row + (long) i * ROWS, block.column + (long) j * COLUMNS);
                if (plain && rows == ROWS && columns == COLUMNS) {
                    GemmTile.multiply(block.depth, a, aAt, b, bAt, columns, c.data(), at, c.stride());
                } else {
                    GemmTile.multiply(block.depth, a, aAt, b, bAt, columns, tile, 0, COLUMNS);
                    store(tile, c.data(), at, c.stride(), rows, columns, block.product.factor, block.add);
                }
            }
        }
    }

    private static void store(MemorySegment tile, MemorySegment c, long at, long stride, int rows, int columns, float factor, boolean add) {
        int whole = columns / COUNT * COUNT;
        for (int i = 0; i < rows; i++) {
            long to = at + i * stride;
            for (int j = 0; j < whole; j += COUNT) {
                FloatVector value = Lanes.load(tile, (long) i * COLUMNS + j).mul(factor);
                Lanes.store(add ? value.add(Lanes.load(c, to + j)) : value, c, to + j);
            }
        }
        if (whole < columns) {
            storeTail(tile, whole, c, at + whole, stride, rows, columns - whole, factor, add);
        }
    }

    private static void storeTail(
            MemorySegment tile, int from, MemorySegment c, long at, long stride, int rows, int columns, float factor, boolean add) {
        VectorMask<Float> mask = Lanes.tail(0, columns);
        for (int i = 0; i < rows; i++) {
            FloatVector value = Lanes.load(tile, from + (long) i * COLUMNS).mul(factor);
            long to = at + i * stride;
            Lanes.store(add ? value.add(Lanes.load(c, to, mask)) : value, c, to, mask);
        }
    }
}
