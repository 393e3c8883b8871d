package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.ShapeException;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** Shape rules: what an operation needs of its inputs and what it gives. Bad input ends here, before any kernel. */
public final class Inference {
    /** Type and shape of one output. */
    public record Output(DType dtype, Shape shape) {}

    private final Object op;
    private final List<Tensor> in;

    private Inference(Object op, List<Tensor> in) {
        this.op = op;
        this.in = in;
    }

    /**
     * The outputs of {@code op}.
     *
     * @throws ShapeException when the inputs do not fit, naming the operation and every shape
     */
    public static List<Output> outputs(Op op, List<Tensor> inputs, Device device) {
        Inference rule = new Inference(op, inputs);
        rule.onDevice(device);
        return rule.infer(op);
    }

    /** Checks the tensors of an update. */
    static void check(Update update, List<Tensor> tensors, Device device) {
        Inference rule = new Inference(update, tensors);
        if (!(update instanceof Update.Copy)) { // which also goes from the process to a device and back
            rule.onDevice(device);
        }
        rule.infer(update);
    }

    private List<Output> infer(Op checked) {
        return switch (checked) {
            case Op.MatMul matmul -> matmul(matmul);
            case Op.LoraLinear lora -> lora(lora.transpose());
            case Op.AddScaled _, Op.Mul _ -> {
                count(2);
                sameShape(0, 1);
                yield like(0);
            }
            case Op.Scale _ -> {
                count(1);
                yield like(0);
            }
            case Op.Apply apply -> {
                count(1);
                order(apply.order());
                yield like(0);
            }
            case Op.Gate gate -> {
                count(2);
                order(gate.order());
                sameShape(0, 1);
                yield like(0);
            }
            case Op.GateGrad gate -> {
                count(3);
                order(gate.order() + 1);
                sameShape(0, 1);
                sameShape(0, 2);
                yield List.of(like(0).getFirst(), like(1).getFirst());
            }
            case Op.AddRow _, Op.MulRow _ -> {
                count(2);
                vector(1, width(0));
                yield like(0);
            }
            case Op.MulColumn _ -> {
                count(2);
                width(0);
                need(in.get(1).elements() == rows(0), "the second input needs one element for each row");
                sameType(1);
                yield like(0);
            }
            case Op.SumRows _ -> {
                count(1);
                yield one(activation(0), width(0));
            }
            case Op.SumColumns _ -> {
                count(1);
                width(0);
                yield one(activation(0), rows(0));
            }
            case Op.RepeatRows repeat -> {
                count(1);
                need(repeat.rows() >= 0, "the number of rows must not be negative");
                fits(repeat.rows());
                yield one(activation(0), repeat.rows(), in.getFirst().elements());
            }
            case Op.RepeatColumns repeat -> {
                count(1);
                need(repeat.columns() >= 0, "the number of columns must not be negative");
                fits(repeat.columns());
                yield one(activation(0), in.getFirst().elements(), repeat.columns());
            }
            case Op.Reshape reshape -> {
                count(1);
                need(reshape.shape().elements() == in.getFirst().elements(), "the number of elements must stay");
                yield List.of(new Output(in.getFirst().dtype(), reshape.shape()));
            }
            case Op.Slice slice -> {
                count(1);
                inside(slice.row(), slice.rows(), rows(0));
                inside(slice.column(), slice.columns(), width(0));
                yield one(activation(0), slice.rows(), slice.columns());
            }
            case Op.Pad pad -> {
                count(1);
                inside(pad.row(), rows(0), pad.rows());
                inside(pad.column(), width(0), pad.columns());
                yield one(activation(0), pad.rows(), pad.columns());
            }
            case Op.Gather _ -> {
                count(2);
                need(in.getFirst().shape().rank() == 2, "the table must be a matrix");
                ids(1, rows(0), false, 0);
                yield one(widened(0), in.get(1).elements(), width(0));
            }
            case Op.ScatterAdd scatter -> {
                count(2);
                need(in.get(1).elements() == rows(0), "one id for each row is needed");
                ids(1, scatter.rows(), false, 0);
                yield one(activation(0), scatter.rows(), width(0));
            }
            case Op.RmsNorm _ -> {
                count(2);
                vector(1, width(0));
                yield like(0);
            }
            case Op.RmsNormGrad _ -> {
                count(3);
                vector(1, width(0));
                sameShape(0, 2);
                yield like(0);
            }
            case Op.Rotary _ -> rotary();
            case Op.Attention attention -> {
                count(4);
                softcap(attention.softcap());
                yield attention(attention.heads(), attention.kvHeads());
            }
            case Op.AttentionGrad grad -> {
                count(7);
                softcap(grad.softcap());
                attention(grad.heads(), grad.kvHeads());
                sameShape(0, 4);
                sameShape(0, 6);
                need(in.get(5).shape().equals(Shape.of(rows(0), grad.heads())), "the log-sum-exp must be [tq, heads]");
                sameType(5);
                yield List.of(like(0).getFirst(), like(1).getFirst(), like(2).getFirst());
            }
            case Op.LogSoftmax _ -> {
                count(1);
                need(width(0) > 0, "a row must not be empty");
                yield like(0);
            }
            case Op.CrossEntropy loss -> {
                count(2);
                need(in.get(1).elements() == rows(0), "one target for each row is needed");
                ids(1, width(0), true, loss.ignoreIndex());
                yield one(activation(0), rows(0));
            }
            case Op.CrossEntropyGrad loss -> {
                count(3);
                need(in.get(1).elements() == rows(0) && in.get(2).elements() == rows(0), "one target and one gradient for each row are needed");
                sameType(2);
                ids(1, width(0), true, loss.ignoreIndex());
                yield like(0);
            }
            case Op.LinearCrossEntropy loss -> {
                count(3);
                softcap(loss.softcap());
                weight(1);
                need(in.get(1).shape().rank() == 2 && width(1) == width(0), "the head must be [vocabulary, width of x]");
                need(width(0) > 0, "a row of x must not be empty");
                need(in.get(2).elements() == rows(0), "one target for each row is needed");
                ids(2, rows(1), false, 0);
                Output losses = new Output(activation(0), Shape.of(rows(0)));
                yield loss.pull() ? List.of(losses, new Output(activation(0), Shape.of(rows(0), width(0)))) : List.of(losses);
            }
            case Op.SegmentSum _ -> {
                count(2);
                starts(1, in.getFirst().elements());
                yield one(activation(0), in.get(1).elements() - 1);
            }
            case Op.SegmentExpand expand -> {
                count(2);
                starts(1, expand.elements());
                need(in.getFirst().elements() == in.get(1).elements() - 1, "one value for each segment is needed");
                yield one(activation(0), expand.elements());
            }
        };
    }

    private void infer(Update checked) {
        switch (checked) {
            case Update.AdamW adam -> {
                sameTensors(4);
                need(adam.step() >= 1, "steps count from 1");
            }
            case Update.Sgd _ -> sameTensors(3);
            case Update.Accumulate _ -> sameTensors(2);
            case Update.Copy _ -> {
                count(2);
                need(in.getFirst().elements() == in.get(1).elements(), "both tensors need the same number of elements");
            }
            case Update.Fill _ -> count(1);
            case Update.DropoutMask mask -> {
                count(1);
                activation(0);
                need(mask.probability() >= 0 && mask.probability() < 1, "the probability must be at least 0 and less than 1");
            }
            case Update.SumSquares _ -> {
                count(2);
                need(in.getFirst().dtype() == DType.F64 && in.getFirst().elements() == 1, "the target must be one F64");
                activation(1);
            }
        }
    }

    private List<Output> matmul(Op.MatMul matmul) {
        count(2);
        Shape a = in.get(0).shape();
        Shape b = in.get(1).shape();
        need(a.rank() == 2 && b.rank() == 2, "both operands must be matrices");
        weight(1);
        long m = a.dim(matmul.transposeA() ? 1 : 0);
        long k = a.dim(matmul.transposeA() ? 0 : 1);
        need(k == b.dim(matmul.transposeB() ? 1 : 0), "the inner extents differ");
        return one(activation(0), m, b.dim(matmul.transposeB() ? 0 : 1));
    }

    private List<Output> lora(boolean transpose) {
        count(5);
        need(in.stream().allMatch(tensor -> tensor.shape().rank() == 2), "all inputs must be matrices");
        weight(1);
        sameShape(0, 2);
        long rank = transpose ? rows(3) : width(3);
        long out = transpose ? rows(1) : width(1);
        if (transpose) {
            need(width(1) == width(0) && width(3) == width(0), "W and A need the width of x");
            need(rows(4) == out && width(4) == rank, "B must be [out, r]");
        } else {
            need(rows(1) == width(0) && rows(3) == width(0), "W and A need as many rows as x has columns");
            need(rows(4) == rank && width(4) == out, "B must be [r, out]");
        }
        need(in.get(3).dtype() == activation(0) && in.get(4).dtype() == activation(0), "A and B need the type of x");
        return List.of(new Output(activation(0), Shape.of(rows(0), out)), new Output(activation(0), Shape.of(rows(0), rank)));
    }

    private List<Output> rotary() {
        count(3);
        sameShape(1, 2);
        need(in.get(1).dtype() == activation(0), "cos and sin need the type of x");
        need(rows(0) == rows(1), "one row of cos and sin for each row of x is needed");
        need(width(1) > 0 && width(0) % (2 * width(1)) == 0, "the width of x must be a multiple of the head size");
        return like(0);
    }

    private List<Output> attention(int heads, int kvHeads) {
        need(heads > 0 && kvHeads > 0 && heads % kvHeads == 0, "heads must be a multiple of key/value heads");
        need(width(0) % heads == 0, "the width of q must be a multiple of the heads");
        long head = width(0) / heads;
        need(width(1) == kvHeads * head, "k needs key/value heads times the head size of q");
        sameShape(1, 2);
        need(in.get(1).dtype() == activation(0), "k and v need the type of q");
        Tensor segments = in.get(3);
        need(segments.dtype() == DType.I32 && segments.shape().rank() == 2 && segments.shape().dim(1) == 4, "segments must be I32 [s, 4]");
        long covered = 0;
        for (long s = 0; s < segments.shape().dim(0); s++) {
            long queries = segments.getInt(4 * s + 1);
            long keys = segments.getInt(4 * s + 3);
            need(segments.getInt(4 * s) == covered, "segments must cover the queries in order");
            need(queries > 0 && keys >= queries, "a segment needs queries, and at least as many keys");
            inside(segments.getInt(4 * s + 2), keys, rows(1));
            covered += queries;
        }
        need(covered == rows(0), "segments must cover all queries");
        return List.of(like(0).getFirst(), new Output(activation(0), Shape.of(rows(0), heads)));
    }

    private void sameTensors(int tensors) {
        count(tensors);
        for (int i = 1; i < tensors; i++) {
            sameShape(0, i);
        }
    }

    private void count(int inputs) {
        need(in.size() == inputs, "it takes " + inputs + " tensors");
    }

    private void order(int order) {
        need(order >= 0 && order <= Curve.MAX_ORDER, "derivatives go up to order " + Curve.MAX_ORDER);
    }

    private void softcap(double softcap) {
        boolean usable = softcap >= Float.MIN_NORMAL && softcap <= Float.MAX_VALUE;
        need(softcap == 0 || usable, "the soft cap must be a positive number that float32 holds, or 0 for none");
    }

    private void sameShape(int first, int second) {
        need(in.get(first).shape().equals(in.get(second).shape()), "inputs " + first + " and " + second + " need the same shape");
        need(in.get(first).dtype() == in.get(second).dtype(), "inputs " + first + " and " + second + " need the same type");
    }

    private void vector(int index, long length) {
        need(in.get(index).elements() == length, "input " + index + " needs " + length + " elements");
        sameType(index);
    }

    private void sameType(int index) {
        need(in.get(index).dtype() == activation(0), "input " + index + " needs the type of the first");
    }

    /** The elements of the first input, {@code times} over, can be counted. */
    private void fits(long times) {
        need(Math.multiplyHigh(in.getFirst().elements(), times) == 0 && in.getFirst().elements() * times >= 0, "too many elements");
    }

    private void inside(long from, long count, long extent) {
        need(from >= 0 && count >= 0 && count <= extent - from, "the range " + from + " to " + (from + count) + " is not inside " + extent);
    }

    private void ids(int index, long bound, boolean mayIgnore, int ignored) {
        Tensor ids = in.get(index);
        need(ids.dtype() == DType.I32, "indices must be I32");
        for (long i = 0; i < ids.elements(); i++) {
            int id = ids.getInt(i);
            if ((id < 0 || id >= bound) && !(mayIgnore && id == ignored)) {
                need(false, "index " + id + " is not in [0, " + bound + ")");
            }
        }
    }

    private void starts(int index, long elements) {
        Tensor starts = in.get(index);
        need(starts.dtype() == DType.I32 && starts.elements() >= 1, "starts must be I32 with one element more than segments");
        long last = starts.elements() - 1;
        need(starts.getInt(0) == 0 && starts.getInt(last) == elements, "starts must run from 0 to " + elements);
        for (long i = 0; i < last; i++) {
            need(starts.getInt(i) <= starts.getInt(i + 1), "starts must not fall");
        }
    }

    private List<Output> like(int index) {
        return List.of(new Output(activation(index), in.get(index).shape()));
    }

    private static List<Output> one(DType dtype, long... extents) {
        return List.of(new Output(dtype, Shape.of(extents)));
    }

    private DType activation(int index) {
        DType dtype = in.get(index).dtype();
        need(dtype == DType.F32 || dtype == DType.F64, "input " + index + " must be F32 or F64");
        return dtype;
    }

    private void weight(int index) {
        DType dtype = in.get(index).dtype();
        boolean stored = dtype == DType.BF16 || dtype == DType.F16;
        need(dtype == activation(0) || stored, "input " + index + " must have the type of the first, BF16 or F16");
    }

    private DType widened(int index) {
        DType dtype = in.get(index).dtype();
        need(dtype.floating(), "input " + index + " must hold real numbers");
        return dtype == DType.F64 ? DType.F64 : DType.F32;
    }

    private long rows(int index) {
        return in.get(index).shape().rows();
    }

    private long width(int index) {
        Shape shape = in.get(index).shape();
        need(shape.rank() > 0, "input " + index + " must not be a scalar");
        return shape.dim(-1);
    }

    private void onDevice(Device device) {
        for (Tensor tensor : in) {
            need(tensor.device().equals(device) || !tensor.dtype().onDevices(), "all tensors must be on device " + device);
        }
    }

    private void need(boolean condition, String rule) {
        if (!condition) {
            throw new ShapeException(op + " of " + in + ": " + rule);
        }
    }
}
