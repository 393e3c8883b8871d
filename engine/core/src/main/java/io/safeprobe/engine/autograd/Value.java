package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A tensor in a {@link Graph}. Operations run at once and are recorded when a gradient may flow through them. */
public final class Value {
    private final Graph graph;
    private final Tensor tensor;
    private final boolean differentiable;
    private final int position;
    private @Nullable Node source;

    Value(Graph graph, Tensor tensor, boolean differentiable, int position) {
        this.graph = graph;
        this.tensor = tensor;
        this.differentiable = differentiable;
        this.position = position;
    }

    void source(Node node) {
        source = node;
    }

    @Nullable Node source() {
        return source;
    }

    /** Which output of its source this value is. */
    int position() {
        return position;
    }

    boolean differentiable() {
        return differentiable;
    }

    /** The graph this value belongs to. */
    public Graph graph() {
        return graph;
    }

    /** The numbers. */
    public Tensor tensor() {
        return tensor;
    }

    /** Extents of the tensor. */
    public Shape shape() {
        return tensor.shape();
    }

    /** {@code op(this) op(other)}, each transposed if asked; see {@link Op.MatMul}. */
    public Value matmul(Value other, boolean transposeThis, boolean transposeOther) {
        return graph.one(new Op.MatMul(transposeThis, transposeOther), this, other);
    }

    /** {@code this W^T}: this {@code [t, in]}, weight {@code [out, in]} as Hugging Face stores it. */
    public Value linear(Value weight) {
        return matmul(weight, false, true);
    }

    /** {@link Op.LoraLinear} of this {@code [t, in]}; {@code dropped} is this after dropout, or this itself. */
    public Value loraLinear(Value weight, Value dropped, Value a, Value b, double scale) {
        return graph.run(new Op.LoraLinear(scale, true), List.of(this, weight, dropped, a, b)).getFirst();
    }

    /** {@code this + other}. */
    public Value add(Value other) {
        return add(other, 1);
    }

    /** {@code this + factor other}. */
    public Value add(Value other, double factor) {
        return graph.one(new Op.AddScaled(factor), this, other);
    }

    /** Element-wise product. */
    public Value mul(Value other) {
        return graph.one(new Op.Mul(), this, other);
    }

    /** {@code factor this}. */
    public Value scale(double factor) {
        return graph.one(new Op.Scale(factor), this);
    }

    /** {@code f(this)}. */
    public Value apply(Curve curve) {
        return graph.one(new Op.Apply(curve, 0), this);
    }

    /** {@code f(this) other}. */
    public Value gate(Curve curve, Value other) {
        return graph.one(new Op.Gate(curve, 0), this, other);
    }

    /** {@code cap tanh(this / cap)} (arXiv 2408.00118, section 2); a cap of 0 is none. */
    public Value softcap(double cap) {
        return cap == 0 ? this : scale(1 / cap).apply(Curve.TANH).scale(cap);
    }

    /** This {@code [n, d]} plus {@code row} {@code [d]} on every row. */
    public Value addRow(Value row) {
        return graph.one(new Op.AddRow(), this, row);
    }

    /** This {@code [n, d]} times {@code row} {@code [d]} on every row. */
    public Value mulRow(Value row) {
        return graph.one(new Op.MulRow(), this, row);
    }

    /** This {@code [n, d]} times {@code column} {@code [n]} on every column. */
    public Value mulColumn(Value column) {
        return graph.one(new Op.MulColumn(), this, column);
    }

    /** Sum over rows: {@code [n, d]} to {@code [d]}. */
    public Value sumRows() {
        return graph.one(new Op.SumRows(), this);
    }

    /** Sum within rows: {@code [n, d]} to {@code [n]}. */
    public Value sumColumns() {
        return graph.one(new Op.SumColumns(), this);
    }

    /** Sum of all elements, {@code [1]}. */
    public Value sum() {
        return reshape(Shape.of(1, tensor.elements())).sumColumns();
    }

    /** Mean of all elements, {@code [1]}. */
    public Value mean() {
        return sum().scale(1.0 / tensor.elements());
    }

    /** This {@code [d]} as every row of {@code [rows, d]}. */
    public Value repeatRows(long rows) {
        return graph.one(new Op.RepeatRows(rows), this);
    }

    /** This {@code [n]} as every column of {@code [n, columns]}. */
    public Value repeatColumns(long columns) {
        return graph.one(new Op.RepeatColumns(columns), this);
    }

    /** The same elements under another shape. */
    public Value reshape(Shape shape) {
        return graph.one(new Op.Reshape(shape), this);
    }

    /** A rectangle of this matrix. */
    public Value slice(long row, long rows, long column, long columns) {
        return graph.one(new Op.Slice(row, rows, column, columns), this);
    }

    /** This matrix inside zeros {@code [rows, columns]}, its corner at (row, column). */
    public Value pad(long row, long rows, long column, long columns) {
        return graph.one(new Op.Pad(row, rows, column, columns), this);
    }

    /** Rows of this table {@code [v, d]} chosen by I32 ids {@code [n]}. */
    public Value gather(Value ids) {
        return graph.one(new Op.Gather(), this, ids);
    }

    /** Rows of this {@code [n, d]} added at I32 ids {@code [n]} into zeros {@code [rows, d]}. */
    public Value scatterAdd(Value ids, long rows) {
        return graph.one(new Op.ScatterAdd(rows), this, ids);
    }

    /** RMS normalisation of each row, times weight {@code [d]}. */
    public Value rmsNorm(Value weight, double epsilon) {
        return graph.one(new Op.RmsNorm(epsilon), this, weight);
    }

    /** Rotary embedding with cos and sin {@code [t, head / 2]}. */
    public Value rotary(Value cos, Value sin) {
        return graph.one(new Op.Rotary(false), this, cos, sin);
    }

    /** Causal attention with this as the queries, scores not capped; see {@link Op.Attention}. */
    public Value attention(Value keys, Value values, Value segments, int heads, int kvHeads, double scale) {
        return attention(keys, values, segments, heads, kvHeads, scale, 0);
    }

    /** Causal attention with this as the queries; see {@link Op.Attention}. */
    public Value attention(Value keys, Value values, Value segments, int heads, int kvHeads, double scale, double softcap) {
        return graph.run(new Op.Attention(heads, kvHeads, scale, softcap), List.of(this, keys, values, segments)).getFirst();
    }

    /** Log-probabilities of each row of logits. */
    public Value logSoftmax() {
        return graph.one(new Op.LogSoftmax(), this);
    }

    /** {@link #linearCrossEntropy(Value, Value, double)} of logits that are not capped. */
    public Value linearCrossEntropy(Value head, Value targets) {
        return linearCrossEntropy(head, targets, 0);
    }

    /** {@link Op.LinearCrossEntropy} of this {@code [n, d]} under the head {@code [v, d]}; the pull is computed where a gradient can be asked for. */
    public Value linearCrossEntropy(Value head, Value targets, double softcap) {
        return graph.run(new Op.LinearCrossEntropy(differentiable && graph.recording(), softcap), List.of(this, head, targets)).getFirst();
    }

    /** Negative log-likelihood {@code [n]} of I32 targets {@code [n]} under these logits {@code [n, c]}. */
    public Value crossEntropy(Value targets, int ignoreIndex) {
        return graph.one(new Op.CrossEntropy(ignoreIndex), this, targets);
    }

    /** Sums over the segments between consecutive I32 starts. */
    public Value segmentSum(Value starts) {
        return graph.one(new Op.SegmentSum(), this, starts);
    }
}
