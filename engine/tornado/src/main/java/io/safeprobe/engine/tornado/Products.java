package io.safeprobe.engine.tornado;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** Launches of matrix products. */
final class Products {
    /** Rows for which generation asks, a token at a time. */
    private static final int FEW = 4;

    private final Launcher launcher;
    private final Places places;

    /** A matrix {@code [rows, columns]} where it lies; {@code table} widens its numbers. */
    record Matrix(int at, int table, int rows, int columns, int rowStride, int columnStride) {
        static Matrix of(Places places, Tensor tensor) {
            int columns = Math.toIntExact(tensor.shape().dim(-1));
            return new Matrix(places.of(tensor), places.table(tensor), Math.toIntExact(tensor.shape().rows()), columns, columns, 1);
        }

        static Matrix scratch(int at, int rows, int columns) {
            return new Matrix(at, StoredLanes.WIDE, rows, columns, columns, 1);
        }

        Matrix transposed() {
            return new Matrix(at, table, columns, rows, columnStride, rowStride);
        }

        /** Rows {@code [from, from + count)}. */
        Matrix rows(int from, int count) {
            return new Matrix(at + from * rowStride, table, count, columns, rowStride, columnStride);
        }
    }

    Products(Launcher launcher, Places places) {
        this.launcher = launcher;
        this.places = places;
    }

    void matmul(Op.MatMul op, Tensor a, Tensor b, Tensor y) {
        multiply(operand(a, op.transposeA()), operand(b, op.transposeB()), places.of(y), 1, false);
    }

    private Matrix operand(Tensor tensor, boolean transposed) {
        Matrix matrix = Matrix.of(places, tensor);
        return transposed ? matrix.transposed() : matrix;
    }

    void lora(Op.LoraLinear op, List<Tensor> in, Tensor y, Tensor h) {
        multiply(Matrix.of(places, in.get(2)), operand(in.get(3), op.transpose()), places.of(h), 1, false);
        multiply(Matrix.of(places, in.get(0)), operand(in.get(1), op.transpose()), places.of(y), 1, false);
        multiply(Matrix.of(places, h), operand(in.get(4), op.transpose()), places.of(y), (float) op.scale(), true);
    }

    /** {@code y = factor a b}, or added to y. */
    void multiply(Matrix a, Matrix b, int y, float factor, boolean add) {
        boolean few = a.rows <= FEW && a.columnStride == 1 && b.rowStride == 1;
        long groups = few ? (long) a.rows * b.columns : tiles(a.rows) * tiles(b.columns);
        launcher.launch(
                few ? Kernel.MATMUL_FEW : Kernel.MATMUL, groups, new float[] {factor}, y, a.at, b.at, a.rows, b.columns, a.columns, a.rowStride, a.columnStride, b.rowStride,
                b.columnStride, b.table, add ? 1 : 0);
    }

    private static long tiles(int extent) {
        return (extent + MatMulLanes.TILE - 1L) / MatMulLanes.TILE;
    }
}
