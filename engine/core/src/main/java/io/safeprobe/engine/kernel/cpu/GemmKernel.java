package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.MicroKernel.A_STRIDE;
import static io.safeprobe.engine.kernel.cpu.MicroKernel.COLUMNS;
import static io.safeprobe.engine.kernel.cpu.MicroKernel.ROWS;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Matrix products. Both operands are packed into panels ({@link Panels}) by all threads, then the threads share the tiles of the
 * result. Blocks: k in pieces of at most {@value #MAX_DEPTH}, so that one panel of A stays in the first-level cache while panels
 * of B stream from the second; a thread's task is about {@value #TASK_ROWS} rows by {@value #TASK_COLUMNS} columns. Pieces of k are
 * added in order, whatever the threads do, so the bits do not depend on their number.
 *
 * <p>Products of a few rows (decoding) are bound by reading the weights and go to {@link MatVecKernel}.
 */
final class GemmKernel {
    private static final int MAX_DEPTH = 1024;
    private static final int MAX_ROWS = 128 * ROWS;
    private static final int MAX_COLUMNS = 2048;
    private static final int TASK_ROWS = 240;
    private static final int TASK_COLUMNS = 128;
    private static final int TASKS_PER_THREAD = 6;
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
    }

    private final Workers workers;
    private final MatVecKernel matVec;
    private float[] packedA = new float[0];
    private float[] packedB = new float[0];

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
        packedA = room(packedA, block.rowPanels() * A_STRIDE * block.depth);
        packedB = room(packedB, block.columnPanels() * COLUMNS * block.depth);
        float[] a = packedA;
        float[] b = packedB;
        if ((double) block.rows * block.columns * block.depth < ALONE) {
            packA(block, a, 0, block.rowPanels(), workers.scratch());
            packB(block, b, 0, packB ? block.columnPanels() : 0, workers.scratch());
            tiles(block, a, b, 0, block.rowPanels(), 0, block.columnPanels(), workers.scratch());
            return;
        }
        int perTask = Math.max(1, 8192 / (COLUMNS * block.depth) + 1);
        int tasksA = (block.rowPanels() + perTask - 1) / perTask;
        int tasksB = packB ? (block.columnPanels() + perTask - 1) / perTask : 0;
        workers.run(tasksA + tasksB, (part, scratch) -> {
            if (part < tasksB) {
                packB(block, b, part * perTask, Math.min(block.columnPanels(), (part + 1) * perTask), scratch);
            } else {
                int task = part - tasksB;
                packA(block, a, task * perTask, Math.min(block.rowPanels(), (task + 1) * perTask), scratch);
            }
        });
        share(block, a, b);
    }

    private void share(Block block, float[] a, float[] b) {
        int high = Math.max(1, TASK_ROWS / ROWS);
        int wide = Math.max(1, TASK_COLUMNS / COLUMNS);
        int enough = workers.count() == 1 ? 1 : TASKS_PER_THREAD * workers.count();
        while (grid(block, high, wide) < enough && (high > 4 || wide > 2)) {
            if (high > 4) {
                high = (high + 1) / 2;
            } else {
                wide = (wide + 1) / 2;
            }
        }
        int rowsEach = high;
        int columnsEach = wide;
        int down = (block.rowPanels() + rowsEach - 1) / rowsEach;
        workers.run(grid(block, high, wide), (part, scratch) -> {
            int i = part % down * rowsEach;
            int j = part / down * columnsEach;
            tiles(block, a, b, i, Math.min(block.rowPanels(), i + rowsEach), j, Math.min(block.columnPanels(), j + columnsEach), scratch);
        });
    }

    private static int grid(Block block, int high, int wide) {
        return ((block.rowPanels() + high - 1) / high) * ((block.columnPanels() + wide - 1) / wide);
    }

    private static float[] room(float[] array, int size) {
        return array.length >= size ? array : new float[size];
    }

    private static void packA(Block block, float[] packed, int from, int to, Scratch scratch) {
        Product p = block.product;
        for (int panel = from; panel < to; panel++) {
            int first = panel * ROWS;
            int rows = Math.min(ROWS, block.rows - first);
            int at = panel * A_STRIDE * block.depth;
            if (p.transposeA) {
                Panels.packColumns(p.a, block.row + first, rows, block.k, block.depth, packed, at, A_STRIDE);
            } else {
                Panels.packRows(p.a, block.row + first, rows, block.k, block.depth, packed, at, A_STRIDE, scratch);
            }
        }
    }

    private static void packB(Block block, float[] packed, int from, int to, Scratch scratch) {
        Product p = block.product;
        for (int panel = from; panel < to; panel++) {
            int first = panel * COLUMNS;
            int columns = Math.min(COLUMNS, block.columns - first);
            int at = panel * COLUMNS * block.depth;
            if (p.transposeB) {
                Panels.packRows(p.b, block.column + first, columns, block.k, block.depth, packed, at, COLUMNS, scratch);
            } else {
                Panels.packColumns(p.b, block.column + first, columns, block.k, block.depth, packed, at, COLUMNS);
            }
        }
    }

    private static void tiles(Block block, float[] a, float[] b, int row, int rowEnd, int column, int columnEnd, Scratch scratch) {
        float[] tile = scratch.floats(TILE_SLOT, MicroKernel.TILE);
        MemorySegment c = block.product.c.data();
        long stride = block.product.c.stride();
        for (int i = row; i < rowEnd; i++) {
            int rows = Math.min(ROWS, block.rows - i * ROWS);
            for (int j = column; j < columnEnd; j++) {
                MicroKernel.multiply(block.depth, a, i * A_STRIDE * block.depth, b, j * COLUMNS * block.depth, tile, 0);
                int columns = Math.min(COLUMNS, block.columns - j * COLUMNS);
                long at = block.product.c.index(block.row + (long) i * ROWS, block.column + (long) j * COLUMNS);
                store(tile, c, at, stride, rows, columns, block.product.factor, block.add);
            }
        }
    }

    private static void store(float[] tile, MemorySegment c, long at, long stride, int rows, int columns, float factor, boolean add) {
        int half = COLUMNS / 2;
        if (columns == COLUMNS) {
            storeHalf(tile, 0, c, at, stride, rows, factor, add);
            storeHalf(tile, half, c, at + half, stride, rows, factor, add);
            return;
        }
        storePart(tile, 0, c, at, stride, rows, Math.min(half, columns), factor, add);
        if (columns > half) {
            storePart(tile, half, c, at + half, stride, rows, columns - half, factor, add);
        }
    }

    private static void storeHalf(float[] tile, int from, MemorySegment c, long at, long stride, int rows, float factor, boolean add) {
        for (int i = 0; i < rows; i++) {
            FloatVector value = FloatVector.fromArray(Lanes.S, tile, from + i * COLUMNS).mul(factor);
            long to = at + i * stride;
            Lanes.store(add ? value.add(Lanes.load(c, to)) : value, c, to);
        }
    }

    private static void storePart(
            float[] tile, int from, MemorySegment c, long at, long stride, int rows, int columns, float factor, boolean add) {
        VectorMask<Float> mask = Lanes.tail(0, columns);
        for (int i = 0; i < rows; i++) {
            FloatVector value = FloatVector.fromArray(Lanes.S, tile, from + i * COLUMNS).mul(factor);
            long to = at + i * stride;
            Lanes.store(add ? value.add(Lanes.load(c, to, mask)) : value, c, to, mask);
        }
    }
}
