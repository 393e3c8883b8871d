package io.safeprobe.engine.kernel;

import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Input that must be refused before a kernel sees it: for every operation and update what it checks, with the rule it must name. */
final class MalformedCases {
    /** An operation, inputs that do not fit it and a part of the message. */
    record OfOp(Op op, String rule, Function<Scope, List<Tensor>> inputs) {
        @Override
        public String toString() {
            return op + ": " + rule;
        }
    }

    /** An update, tensors that do not fit it and a part of the message. */
    record OfUpdate(Update update, String rule, Function<Scope, List<Tensor>> tensors) {
        @Override
        public String toString() {
            return update + ": " + rule;
        }
    }

    /** One tensor to be made. */
    private record Made(Shape shape, DType dtype, List<Integer> values) {
        Tensor in(Scope scope) {
            Tensor tensor = Tensor.zeros(scope, dtype, shape);
            for (int i = 0; i < values.size(); i++) {
                tensor.set(i, values.get(i));
            }
            return tensor;
        }
    }

    private static final String CAP = "the soft cap must be a positive number that float32 holds, or 0 for none";

    private MalformedCases() {}

    static List<OfOp> operations() {
        Op attention = new Op.Attention(2, 1, 1, 0);
        Op attentionGrad = new Op.AttentionGrad(2, 1, 1, 0);
        return List.of(
                op(new Op.MatMul(false, false), "the inner extents differ", f32(2, 3), f32(2, 3)),
                op(new Op.MatMul(true, true), "the inner extents differ", f32(2, 3), f32(3, 4)),
                op(new Op.MatMul(false, true), "must be matrices", f32(2, 3), f32(3)),
                op(new Op.MatMul(false, true), "input 0 must be F32 or F64", made(DType.BF16, 2, 3), f32(2, 3)),
                op(new Op.MatMul(false, true), "input 1 must have the type of the first, BF16 or F16", f32(2, 3), f64(2, 3)),
                op(new Op.LoraLinear(1, true), "W and A need the width of x", f32(2, 3), f32(4, 2), f32(2, 3), f32(1, 3), f32(4, 1)),
                op(new Op.LoraLinear(1, true), "B must be [out, r]", f32(2, 3), f32(4, 3), f32(2, 3), f32(1, 3), f32(4, 2)),
                op(new Op.LoraLinear(1, true), "inputs 0 and 2 need the same shape", f32(2, 3), f32(4, 3), f32(1, 3), f32(1, 3), f32(4, 1)),
                op(new Op.LoraLinear(1, true), "A and B need the type of x", f32(2, 3), f32(4, 3), f32(2, 3), f64(1, 3), f32(4, 1)),
                op(new Op.LoraLinear(1, true), "must be matrices", f32(2, 3), f32(4, 3), f32(2, 3), f32(3), f32(4, 1)),
                op(new Op.LoraLinear(1, false), "W and A need as many rows as x has columns", f32(2, 3), f32(4, 3), f32(2, 3), f32(3, 1), f32(1, 4)),
                op(new Op.LoraLinear(1, false), "B must be [r, out]", f32(2, 3), f32(3, 4), f32(2, 3), f32(3, 1), f32(4, 1)),
                op(new Op.AddScaled(1), "need the same shape", f32(2, 3), f32(3, 2)),
                op(new Op.Mul(), "need the same shape", f32(6), f32(3, 2)),
                op(new Op.Mul(), "need the same type", f32(6), f64(6)),
                op(new Op.Scale(2), "must be F32 or F64", made(DType.I32, 3)),
                op(new Op.Apply(Curve.SILU, 3), "derivatives go up to order 2", f32(3)),
                op(new Op.Apply(Curve.SILU, -1), "derivatives go up to order 2", f32(3)),
                op(new Op.Gate(Curve.GELU, 3), "derivatives go up to order 2", f32(3), f32(3)),
                op(new Op.Gate(Curve.GELU, 0), "need the same shape", f32(3), f32(4)),
                op(new Op.GateGrad(Curve.GELU, 2), "derivatives go up to order 2", f32(3), f32(3), f32(3)),
                op(new Op.GateGrad(Curve.GELU, 0), "need the same shape", f32(3), f32(3), f32(4)),
                op(new Op.AddRow(), "input 1 needs 3 elements", f32(2, 3), f32(2)),
                op(new Op.AddRow(), "input 1 needs the type of the first", f32(2, 3), f64(3)),
                op(new Op.AddRow(), "must not be a scalar", f32(), f32(1)),
                op(new Op.MulRow(), "input 1 needs 3 elements", f32(2, 3), f32(2)),
                op(new Op.MulColumn(), "one element for each row", f32(2, 3), f32(3)),
                op(new Op.MulColumn(), "input 1 needs the type of the first", f32(2, 3), ids(1, 1)),
                op(new Op.MulColumn(), "must not be a scalar", f32(), f32(1)),
                op(new Op.SumRows(), "must not be a scalar", f32()),
                op(new Op.SumColumns(), "must not be a scalar", f32()),
                op(new Op.RepeatRows(-1), "negative", f32(3)),
                op(new Op.RepeatColumns(-1), "negative", f32(3)),
                op(new Op.RepeatRows(Long.MAX_VALUE), "too many elements", f32(3)),
                op(new Op.Reshape(Shape.of(4)), "the number of elements must stay", f32(2, 3)),
                op(new Op.Slice(1, 2, 0, 3), "the range 1 to 3 is not inside 2", f32(2, 3)),
                op(new Op.Slice(0, 2, -1, 3), "is not inside 3", f32(2, 3)),
                op(new Op.Slice(Long.MAX_VALUE, 2, 0, 3), "is not inside 2", f32(2, 3)),
                op(new Op.Pad(1, 2, 0, 3), "the range 1 to 3 is not inside 2", f32(2, 3)),
                op(new Op.Pad(0, 2, 1, 3), "the range 1 to 4 is not inside 3", f32(2, 3)),
                op(new Op.Gather(), "index 2 is not in [0, 2)", f32(2, 3), ids(0, 2)),
                op(new Op.Gather(), "index -1 is not in [0, 2)", f32(2, 3), ids(-1)),
                op(new Op.Gather(), "indices must be I32", f32(2, 3), f32(2)),
                op(new Op.Gather(), "the table must be a matrix", f32(3), ids(0)),
                op(new Op.ScatterAdd(4), "one id for each row", f32(2, 3), ids(0)),
                op(new Op.ScatterAdd(1), "index 1 is not in [0, 1)", f32(2, 3), ids(0, 1)),
                op(new Op.RmsNorm(1e-6), "input 1 needs 3 elements", f32(2, 3), f32(2)),
                op(new Op.RmsNormGrad(1e-6), "inputs 0 and 2 need the same shape", f32(2, 3), f32(3), f32(3)),
                op(new Op.Rotary(false), "one row of cos and sin for each row of x", f32(2, 4), f32(3, 2), f32(3, 2)),
                op(new Op.Rotary(false), "multiple of the head size", f32(2, 6), f32(2, 2), f32(2, 2)),
                op(new Op.Rotary(false), "need the same shape", f32(2, 4), f32(2, 2), f32(2, 1)),
                op(new Op.Rotary(false), "cos and sin need the type of x", f32(2, 4), f64(2, 2), f64(2, 2)),
                op(new Op.Attention(3, 2, 1, 0), "heads must be a multiple of key/value heads", f32(2, 6), f32(2, 4), f32(2, 4),
                        segments(0, 2, 0, 2)),
                op(attention, "the width of q must be a multiple of the heads", f32(2, 3), f32(2, 1), f32(2, 1), segments(0, 2, 0, 2)),
                op(attention, "k needs key/value heads times the head size of q", f32(2, 4), f32(2, 4), f32(2, 4), segments(0, 2, 0, 2)),
                op(attention, "need the same shape", f32(2, 4), f32(2, 2), f32(3, 2), segments(0, 2, 0, 2)),
                op(attention, "k and v need the type of q", f32(2, 4), f64(2, 2), f64(2, 2), segments(0, 2, 0, 2)),
                op(attention, "segments must be I32 [s, 4]", f32(2, 4), f32(2, 2), f32(2, 2), ids(0, 2, 0, 2)),
                op(attention, "cover the queries in order", f32(2, 4), f32(2, 2), f32(2, 2), segments(1, 1, 0, 2)),
                op(attention, "at least as many keys", f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, 0, 1)),
                op(attention, "a segment needs queries", f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 0, 0, 1, 0, 2, 0, 2)),
                op(attention, "is not inside 2", f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, 1, 2)),
                op(attention, "is not inside 2", f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, -1, 2)),
                op(attention, "segments must cover all queries", f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 1, 0, 2)),
                op(attentionGrad, "inputs 0 and 6 need the same shape",
                        f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, 0, 2), f32(2, 4), f32(2, 2), f32(2, 2)),
                op(attentionGrad, "the log-sum-exp must be [tq, heads]",
                        f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, 0, 2), f32(2, 4), f32(2, 1), f32(2, 4)),
                op(new Op.Attention(2, 1, 1, -50), CAP, f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, 0, 2)),
                op(new Op.Attention(2, 1, 1, Double.NaN), CAP, f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, 0, 2)),
                op(new Op.Attention(2, 1, 1, 1e-60), CAP, f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, 0, 2)),
                op(new Op.AttentionGrad(2, 1, 1, Double.POSITIVE_INFINITY), CAP,
                        f32(2, 4), f32(2, 2), f32(2, 2), segments(0, 2, 0, 2), f32(2, 4), f32(2, 2), f32(2, 4)),
                op(new Op.LogSoftmax(), "a row must not be empty", f32(2, 0)),
                op(new Op.CrossEntropy(-100), "index 3 is not in [0, 3)", f32(2, 3), ids(0, 3)),
                op(new Op.CrossEntropy(-100), "index -1 is not in [0, 3)", f32(2, 3), ids(-100, -1)),
                op(new Op.CrossEntropy(-100), "one target for each row", f32(2, 3), ids(0)),
                op(new Op.LinearCrossEntropy(true, 0), "the head must be [vocabulary, width of x]", f32(2, 3), f32(3, 4), ids(0, 1)),
                op(new Op.LinearCrossEntropy(true, 0), "a row of x must not be empty", f32(2, 0), f32(4, 0), ids(0, 1)),
                op(new Op.LinearCrossEntropy(true, 0), "one target for each row", f32(2, 3), f32(4, 3), ids(0)),
                op(new Op.LinearCrossEntropy(false, 0), "index 4 is not in [0, 4)", f32(2, 3), f32(4, 3), ids(0, 4)),
                op(new Op.LinearCrossEntropy(false, -1), CAP, f32(2, 3), f32(4, 3), ids(0, 3)),
                op(new Op.LinearCrossEntropy(true, 1e60), CAP, f32(2, 3), f32(4, 3), ids(0, 3)),
                op(new Op.CrossEntropyGrad(-100), "one target and one gradient for each row", f32(2, 3), ids(0, 0), f32(3)),
                op(new Op.CrossEntropyGrad(-100), "input 2 needs the type of the first", f32(2, 3), ids(0, 0), f64(2)),
                op(new Op.SegmentSum(), "starts must run from 0 to 3", f32(3), ids(0, 2)),
                op(new Op.SegmentSum(), "starts must not fall", f32(3), ids(0, 2, 1, 3)),
                op(new Op.SegmentSum(), "starts must be I32", f32(3), f32(2)),
                op(new Op.SegmentSum(), "starts must be I32 with one element more", f32(3), made(DType.I32, 0)),
                op(new Op.SegmentExpand(4), "starts must run from 0 to 4", f32(1), ids(0, 3)),
                op(new Op.SegmentExpand(3), "one value for each segment", f32(2), ids(0, 3)));
    }

    static List<OfUpdate> updates() {
        return List.of(
                update(new Update.AdamW(1, 0.9, 0.99, 1e-8, 0, 1), "inputs 0 and 3 need the same shape", f32(2), f32(2), f32(2), f32(3)),
                update(new Update.AdamW(1, 0.9, 0.99, 1e-8, 0, 1), "it takes 4 tensors", f32(2), f32(2), f32(2)),
                update(new Update.AdamW(1, 0.9, 0.99, 1e-8, 0, 0), "steps count from 1", f32(2), f32(2), f32(2), f32(2)),
                update(new Update.Sgd(1, 0.9, 0), "inputs 0 and 1 need the same type", f32(2), f64(2), f32(2)),
                update(new Update.Accumulate(1), "need the same shape", f32(2), f32(3)),
                update(new Update.Copy(), "the same number of elements", f32(2), f32(3)),
                update(new Update.Fill(1), "it takes 1 tensors", f32(2), f32(2)),
                update(new Update.DropoutMask(1, 0), "less than 1", f32(2)),
                update(new Update.DropoutMask(0.5, 0), "must be F32 or F64", ids(3)),
                update(new Update.SumSquares(), "the target must be one F64", f32(1), f32(3)),
                update(new Update.SumSquares(), "the target must be one F64", f64(2), f32(3)),
                update(new Update.SumSquares(), "input 1 must be F32 or F64", f64(1), ids(3)));
    }

    private static OfOp op(Op op, String rule, Made... inputs) {
        return new OfOp(op, rule, scope -> in(scope, inputs));
    }

    private static OfUpdate update(Update update, String rule, Made... tensors) {
        return new OfUpdate(update, rule, scope -> in(scope, tensors));
    }

    private static List<Tensor> in(Scope scope, Made... made) {
        return Arrays.stream(made).map(one -> one.in(scope)).toList();
    }

    private static Made f32(long... extents) {
        return made(DType.F32, extents);
    }

    private static Made f64(long... extents) {
        return made(DType.F64, extents);
    }

    private static Made made(DType dtype, long... extents) {
        return new Made(Shape.of(extents), dtype, List.of());
    }

    private static Made ids(int... values) {
        return new Made(Shape.of(values.length), DType.I32, Arrays.stream(values).boxed().toList());
    }

    private static Made segments(int... values) {
        return new Made(Shape.of(values.length / 4, 4), DType.I32, Arrays.stream(values).boxed().toList());
    }
}
