package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The derivative of every operation, written once in terms of operations that have derivatives themselves, so that the gradient of a
 * gradient needs nothing more. {@code g} is the gradient of the output; an entry is null where no gradient flows or none is wanted.
 */
final class Derivatives {
    /** No id is negative. */
    private static final int NONE_IGNORED = -1;

    private final Graph graph;
    private final List<Value> in;
    private final boolean[] wants;

    private Derivatives(Graph graph, Node node, boolean[] wants) {
        this.graph = graph;
        this.in = node.inputs();
        this.wants = wants;
    }

    /** Gradients to the inputs of {@code node} given those of its outputs, of which at least one is not null. */
    static List<@Nullable Value> of(Graph graph, Node node, List<@Nullable Value> outer, boolean[] wants) {
        return new Derivatives(graph, node, wants).table(node, outer);
    }

    private List<@Nullable Value> table(Node node, List<@Nullable Value> outer) {
        Op operation = Objects.requireNonNull(node.op(), "a recomputed part is differentiated by its graph");
        if (operation instanceof Op.LoraLinear lora) {
            return lora(lora, node.outputs().get(1), outer.get(0), outer.get(1));
        }
        if (operation instanceof Op.GateGrad grad) {
            return gateGrad(grad, outer.get(0), outer.get(1));
        }
        if (operation instanceof Op.AttentionGrad grad) {
            return Compositions.gradientOfGradient(graph, new Op.Attention(grad.heads(), grad.kvHeads(), grad.scale(), grad.softcap()),
                    in.subList(0, 4), List.of(0, 1, 2), in.get(6), outer, wants);
        }
        Value g = outer.getFirst();
        if (g == null) {
            throw new IllegalStateException("the second output of " + operation + " has no derivative; use its first output");
        }
        return switch (operation) {
            case Op.MatMul op -> matmul(op, g);
            case Op.LoraLinear _, Op.GateGrad _, Op.AttentionGrad _ -> throw new AssertionError("handled above");
            case Op.AddScaled op -> each(() -> g, () -> g.scale(op.factor()));
            case Op.Mul _ -> each(() -> g.mul(in.get(1)), () -> g.mul(in.get(0)));
            case Op.Scale op -> each(() -> g.scale(op.factor()));
            case Op.Apply op -> each(() -> graph.one(new Op.Gate(op.curve(), op.order() + 1), in.get(0), g));
            case Op.Gate op -> gate(op, g);
            case Op.AddRow _ -> each(() -> g, () -> g.sumRows().reshape(in.get(1).shape()));
            case Op.MulRow _ -> each(() -> g.mulRow(in.get(1)), () -> g.mul(in.get(0)).sumRows().reshape(in.get(1).shape()));
            case Op.MulColumn _ -> each(() -> g.mulColumn(in.get(1)), () -> g.mul(in.get(0)).sumColumns().reshape(in.get(1).shape()));
            case Op.SumRows _ -> each(() -> g.repeatRows(in.get(0).shape().rows()).reshape(in.get(0).shape()));
            case Op.SumColumns _ -> each(() -> g.repeatColumns(in.get(0).shape().dim(-1)).reshape(in.get(0).shape()));
            case Op.RepeatRows _ -> each(() -> g.sumRows().reshape(in.get(0).shape()));
            case Op.RepeatColumns _ -> each(() -> g.sumColumns().reshape(in.get(0).shape()));
            case Op.Reshape _ -> each(() -> g.reshape(in.get(0).shape()));
            case Op.Slice op -> each(() -> g.pad(op.row(), in.get(0).shape().rows(), op.column(), in.get(0).shape().dim(-1))
                    .reshape(in.get(0).shape()));
            case Op.Pad op -> each(() -> {
                Shape inner = in.get(0).shape();
                return g.slice(op.row(), inner.rows(), op.column(), inner.dim(-1)).reshape(inner);
            });
            case Op.Gather _ -> each(() -> g.scatterAdd(in.get(1), in.get(0).shape().dim(0)));
            case Op.ScatterAdd _ -> each(() -> g.gather(in.get(1)).reshape(in.get(0).shape()));
            case Op.RmsNorm op -> each(
                    () -> graph.one(new Op.RmsNormGrad(op.epsilon()), in.get(0), in.get(1), g),
                    () -> g.mul(in.get(0).rmsNorm(graph.filled(in.get(1).tensor().dtype(), in.get(1).shape(), 1), op.epsilon()))
                            .sumRows().reshape(in.get(1).shape()));
            case Op.RmsNormGrad op -> Compositions.gradientOfGradient(
                    graph, new Op.RmsNorm(op.epsilon()), in.subList(0, 2), List.of(0), in.get(2), outer, wants);
            case Op.Rotary op -> each(() -> graph.one(new Op.Rotary(!op.inverse()), g, in.get(1), in.get(2)));
            case Op.Attention op -> attention(op, node, g);
            case Op.LogSoftmax _ -> each(() -> {
                Value probabilities = node.outputs().getFirst().apply(Curve.EXP);
                return g.add(probabilities.mulColumn(g.sumColumns()), -1);
            });
            case Op.LinearCrossEntropy op -> linearCrossEntropy(op, node, g);
            case Op.CrossEntropy op -> each(() -> graph.one(new Op.CrossEntropyGrad(op.ignoreIndex()), in.get(0), in.get(1), g));
            case Op.CrossEntropyGrad op -> each(() -> softmaxSlope(op, g), () -> null,
                    () -> graph.one(op, in.get(0), in.get(1), graph.filled(g.tensor().dtype(), in.get(2).shape(), 1)).mul(g).sumColumns().reshape(in.get(2).shape()));
            case Op.SegmentSum _ -> each(() -> graph.one(new Op.SegmentExpand(in.get(0).tensor().elements()), g, in.get(1))
                    .reshape(in.get(0).shape()));
            case Op.SegmentExpand _ -> each(() -> g.segmentSum(in.get(1)).reshape(in.get(0).shape()));
        };
    }

    private List<@Nullable Value> matmul(Op.MatMul op, Value g) {
        Value a = in.get(0);
        Value b = in.get(1);
        return each(
                () -> op.transposeA() ? b.matmul(g, op.transposeB(), true) : g.matmul(b, false, !op.transposeB()),
                () -> op.transposeB() ? g.matmul(a, true, op.transposeA()) : a.matmul(g, !op.transposeA(), false));
    }

    private List<@Nullable Value> gate(Op.Gate op, Value g) {
        if (wants[0] && wants[1]) {
            return new ArrayList<>(graph.run(new Op.GateGrad(op.curve(), op.order()), List.of(in.get(0), in.get(1), g)));
        }
        return each(() -> gate(op.curve(), op.order() + 1, in.get(1).mul(g)), () -> gate(op.curve(), op.order(), g));
    }

    /** Of {@code f'(x) y g}, whose gradient is {@code toX}, and {@code f(x) g}, whose is {@code toY}. */
    private List<@Nullable Value> gateGrad(Op.GateGrad op, @Nullable Value toX, @Nullable Value toY) {
        Value y = in.get(1);
        Value g = in.get(2);
        return each(
                () -> sum(
                        toX == null ? null : gate(op.curve(), op.order() + 2, y.mul(g).mul(toX)),
                        toY == null ? null : gate(op.curve(), op.order() + 1, g.mul(toY))),
                () -> toX == null ? null : gate(op.curve(), op.order() + 1, g.mul(toX)),
                () -> sum(
                        toX == null ? null : gate(op.curve(), op.order() + 1, y.mul(toX)),
                        toY == null ? null : gate(op.curve(), op.order(), toY)));
    }

    /** The derivative of the first input, times {@code factor}. */
    private Value gate(Curve curve, int order, Value factor) {
        return graph.one(new Op.Gate(curve, order), in.get(0), factor);
    }

    /** With {@code h = z A^T} and {@code y = x W^T + s h B^T}, or none of W, A and B transposed. */
    private List<@Nullable Value> lora(Op.LoraLinear op, Value h, @Nullable Value gy, @Nullable Value gh) {
        Value x = in.get(0);
        Value weight = in.get(1);
        Value z = in.get(2);
        Value a = in.get(3);
        Value b = in.get(4);
        boolean back = !op.transpose();
        if (gy != null && gh == null && x == z && wants[0]) {
            // Both ways to x at once: gy W + s (gy B) A, whose second output is gy B.
            List<Value> both = graph.run(new Op.LoraLinear(op.scale(), back), List.of(gy, weight, gy, b, a));
            return each(
                    both::getFirst,
                    () -> weightGradient(op, gy, x),
                    () -> null,
                    () -> weightGradient(op, both.get(1), z).scale(op.scale()),
                    () -> weightGradient(op, gy, h).scale(op.scale()));
        }
        Value inner = wants[2] || wants[3] ? sum(gy == null ? null : gy.matmul(b, false, back).scale(op.scale()), gh) : null;
        return each(
                () -> gy == null ? null : gy.matmul(weight, false, back),
                () -> gy == null ? null : weightGradient(op, gy, x),
                () -> inner == null ? null : inner.matmul(a, false, back),
                () -> inner == null ? null : weightGradient(op, inner, z),
                () -> gy == null ? null : weightGradient(op, gy, h).scale(op.scale()));
    }

    /** Of {@code x op(w)} to w, stored {@code [out, in]} if it is transposed, else {@code [in, out]}. */
    private static Value weightGradient(Op.LoraLinear op, Value g, Value x) {
        return op.transpose() ? g.matmul(x, true, false) : x.matmul(g, true, false);
    }

    /** To x by the pull, where it was computed and need not be differentiated itself; else by the logits, which are computed for it. */
    private List<@Nullable Value> linearCrossEntropy(Op.LinearCrossEntropy op, Node node, Value g) {
        Value x = in.get(0);
        Value head = in.get(1);
        boolean known = node.outputs().size() > 1 && !graph.recording();
        if (known && !wants[1]) {
            return each(() -> node.outputs().get(1).mulColumn(g));
        }
        Value logits = x.linear(head);
        Value slope = graph.one(new Op.CrossEntropyGrad(NONE_IGNORED), logits.softcap(op.softcap()), in.get(2), g);
        if (op.softcap() != 0) {
            slope = graph.one(new Op.Gate(Curve.TANH, 1), logits.scale(1 / op.softcap()), slope);
        }
        Value reached = slope;
        return each(() -> reached.matmul(head, false, false).reshape(x.shape()), () -> reached.matmul(x, true, false));
    }

    /** Of {@code s (p - onehot)} with {@code p = softmax(l)}, s the weights of the rows: {@code s p (g - sum(p g))}; 0 in rows that are ignored. */
    private Value softmaxSlope(Op.CrossEntropyGrad op, Value g) {
        Tensor targets = in.get(1).tensor();
        Value weights = in.get(2);
        Value counted = graph.constant(Tensor.of(graph.scope(), weights.tensor().dtype(), weights.shape(), row -> targets.getInt(row) == op.ignoreIndex() ? 0 : 1));
        Value probabilities = in.get(0).logSoftmax().apply(Curve.EXP);
        Value share = probabilities.mul(g);
        return share.add(probabilities.mulColumn(share.sumColumns()), -1).mulColumn(weights.mul(counted));
    }

    private List<@Nullable Value> attention(Op.Attention op, Node node, Value g) {
        Op grad = new Op.AttentionGrad(op.heads(), op.kvHeads(), op.scale(), op.softcap());
        List<Value> inputs = new ArrayList<>(in);
        inputs.addAll(node.outputs());
        inputs.add(g);
        List<@Nullable Value> gradients = new ArrayList<>(graph.run(grad, inputs));
        gradients.add(null);
        return gradients;
    }

    private static @Nullable Value sum(@Nullable Value a, @Nullable Value b) {
        if (a == null || b == null) {
            return a == null ? b : a;
        }
        return a.add(b);
    }

    private interface Entry {
        @Nullable Value gradient();
    }

    /** Computes the entries that are wanted; index inputs, which come last, have none. */
    private List<@Nullable Value> each(Entry... entries) {
        List<@Nullable Value> gradients = new ArrayList<>(Arrays.asList(new @Nullable Value[wants.length]));
        for (int i = 0; i < entries.length; i++) {
            if (wants[i]) {
                gradients.set(i, entries[i].gradient());
            }
        }
        return gradients;
    }
}
