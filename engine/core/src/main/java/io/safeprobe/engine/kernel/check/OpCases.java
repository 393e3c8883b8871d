package io.safeprobe.engine.kernel.check;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** The cases of every operation; {@code OpCasesTest} fails when an operation has none. */
public final class OpCases {
    private OpCases() {}

    /** All families. */
    public static List<OpFamily> all() {
        List<OpFamily> all = new ArrayList<>();
        products(all);
        elements(all);
        curves(all);
        rows(all);
        selections(all);
        RowCases.add(all);
        AttentionCases.add(all);
        LossCases.add(all);
        return List.copyOf(all);
    }

    private static void products(List<OpFamily> all) {
        for (boolean left : List.of(false, true)) {
            for (boolean right : List.of(false, true)) {
                String form = (left ? "T" : "N") + (right ? "T" : "N");
                all.add(OpFamily.of(Op.MatMul.class, form, draw -> product(draw, left, right, draw.product())));
                all.add(OpFamily.of(Op.MatMul.class, form + " with a long side", draw -> product(draw, left, right, draw.longProduct())));
            }
        }
        all.add(OpFamily.of(Op.LoraLinear.class, "transposed", draw -> lora(draw, true)));
        all.add(OpFamily.of(Op.LoraLinear.class, "as it is", draw -> lora(draw, false)));
    }

    private static OpCase lora(Draw draw, boolean transpose) {
        int tokens = draw.extent(40);
        int in = draw.extent(100);
        int out = draw.extent(110);
        int rank = draw.large() ? draw.of(1, 2, 8, 13, 16, 40) : draw.between(1, 3);
        return OpCase.of(
                        new Op.LoraLinear(draw.factor(), transpose),
                        draw.real(Shape.of(tokens, in)),
                        draw.real(transpose ? Shape.of(out, in) : Shape.of(in, out)).asWeight(),
                        draw.real(Shape.of(tokens, in)),
                        draw.real(transpose ? Shape.of(rank, in) : Shape.of(in, rank)),
                        draw.real(transpose ? Shape.of(out, rank) : Shape.of(rank, out)))
                .outputs(2)
                .terms((long) in * rank);
    }

    /** Extents are rows, inner extent and columns. */
    private static OpCase product(Draw draw, boolean left, boolean right, int[] extents) {
        int m = extents[0];
        int k = extents[1];
        int n = extents[2];
        return OpCase.of(
                        new Op.MatMul(left, right),
                        draw.real(left ? Shape.of(k, m) : Shape.of(m, k)),
                        draw.real(right ? Shape.of(n, k) : Shape.of(k, n)).asWeight())
                .terms(k);
    }

    private static void elements(List<OpFamily> all) {
        all.add(OpFamily.of(Op.AddScaled.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.AddScaled(draw.factor()), draw.real(shape), draw.real(shape));
        }));
        all.add(OpFamily.of(Op.Mul.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.Mul(), draw.real(shape), draw.real(shape));
        }));
        all.add(OpFamily.of(Op.Scale.class, draw -> OpCase.of(new Op.Scale(draw.factor()), draw.real(draw.shape()))));
        all.add(OpFamily.of(Op.Reshape.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.Reshape(draw.flip() ? Shape.of(shape.elements()) : Shape.of(shape.dim(-1), shape.rows())),
                    draw.real(shape));
        }));
    }

    private static void curves(List<OpFamily> all) {
        for (Curve curve : Curve.values()) {
            for (int order = 0; order <= Curve.MAX_ORDER; order++) {
                int fixed = order;
                all.add(OpFamily.of(Op.Apply.class, curve + " order " + order, draw ->
                        OpCase.of(new Op.Apply(curve, fixed), argument(draw, curve, draw.shape())).orders(Curve.MAX_ORDER - fixed)));
                all.add(OpFamily.of(Op.Gate.class, curve + " order " + order, draw -> {
                    Shape shape = draw.shape();
                    return OpCase.of(new Op.Gate(curve, fixed), argument(draw, curve, shape), draw.real(shape))
                            .orders(Curve.MAX_ORDER - fixed);
                }));
                if (order < Curve.MAX_ORDER) {
                    all.add(OpFamily.of(Op.GateGrad.class, curve + " order " + order, draw -> {
                        Shape shape = draw.shape();
                        return OpCase.of(new Op.GateGrad(curve, fixed), argument(draw, curve, shape), draw.real(shape), draw.real(shape))
                                .outputs(2)
                                .orders(Curve.MAX_ORDER - fixed - 1);
                    }));
                }
            }
        }
    }

    private static OpCase.Operand.Real argument(Draw draw, Curve curve, Shape shape) {
        boolean far = draw.large() && draw.flip();
        if (curve == Curve.RSQRT) {
            return draw.real(shape, 0.4, far ? 200 : 3, false);
        }
        boolean farther = far && curve != Curve.EXP && draw.flip();
        return draw.real(shape, 0, farther ? 1e15 : far ? 20 : 2, true);
    }

    private static void rows(List<OpFamily> all) {
        all.add(OpFamily.of(Op.AddRow.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.AddRow(), draw.real(shape), draw.real(vector(draw, shape.dim(-1))));
        }));
        all.add(OpFamily.of(Op.MulRow.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.MulRow(), draw.real(shape), draw.real(vector(draw, shape.dim(-1))));
        }));
        all.add(OpFamily.of(Op.MulColumn.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.MulColumn(), draw.real(shape), draw.real(vector(draw, shape.rows())));
        }));
        all.add(OpFamily.of(Op.SumRows.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.SumRows(), draw.real(shape)).terms(shape.rows());
        }));
        all.add(OpFamily.of(Op.SumColumns.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.SumColumns(), draw.real(shape)).terms(shape.dim(-1));
        }));
        all.add(OpFamily.of(Op.RepeatRows.class, draw ->
                OpCase.of(new Op.RepeatRows(draw.rows()), draw.real(vector(draw, draw.width()))).moved()));
        all.add(OpFamily.of(Op.RepeatColumns.class, draw ->
                OpCase.of(new Op.RepeatColumns(draw.width()), draw.real(vector(draw, draw.rows()))).moved()));
    }

    /** A vector, now and then with an extra extent of 1. */
    private static Shape vector(Draw draw, long length) {
        return draw.between(0, 3) == 0 ? Shape.of(1, length) : Shape.of(length);
    }

    private static void selections(List<OpFamily> all) {
        all.add(OpFamily.of(Op.Slice.class, draw -> {
            Shape shape = draw.shape();
            int row = draw.between(0, (int) shape.rows() - 1);
            int column = draw.between(0, (int) shape.dim(-1) - 1);
            int rows = draw.between(1, (int) shape.rows() - row);
            int columns = draw.between(1, (int) shape.dim(-1) - column);
            return OpCase.of(new Op.Slice(row, rows, column, columns), draw.real(shape)).moved();
        }));
        all.add(OpFamily.of(Op.Pad.class, draw -> {
            Shape shape = draw.shape();
            int row = draw.between(0, 3);
            int column = draw.between(0, 3);
            long rows = row + shape.rows() + draw.between(0, 3);
            long columns = column + shape.dim(-1) + draw.between(0, 3);
            return OpCase.of(new Op.Pad(row, rows, column, columns), draw.real(shape)).moved();
        }));
        all.add(OpFamily.of(Op.Gather.class, draw -> {
            int vocabulary = draw.vocabulary();
            return OpCase.of(new Op.Gather(), draw.real(Shape.of(vocabulary, draw.width())).asWeight(), draw.indices(draw.rows(),
                    vocabulary))
                    .moved();
        }));
        all.add(OpFamily.of(Op.ScatterAdd.class, draw -> {
            int vocabulary = draw.vocabulary();
            Shape shape = draw.shape();
            return OpCase.of(
                            new Op.ScatterAdd(vocabulary), draw.real(shape), draw.indices((int) shape.rows(), vocabulary))
                    .terms(shape.rows());
        }));
    }
}
