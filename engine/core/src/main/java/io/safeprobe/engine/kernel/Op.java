package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Shape;

/**
 * Every differentiable operation of the engine. The set is closed: {@link Inference} gives the shapes, the derivative table of the
 * autograd package the derivatives, and each {@link Kernels} implementation the arithmetic; the compiler finds what one of them
 * lacks. {@code [n, d]} stands for a tensor whose last dimension is d and whose other dimensions multiply to n.
 *
 * <p>Index inputs (ids, targets, segments, starts) are I32 and have no derivative. Weights, that is the second operand of a matrix
 * product and the table of {@link Gather}, may be stored as BF16 or F16 and are widened inside the kernel; sums are kept in at
 * least float32.
 */
public sealed interface Op {
    /** {@code op(a) op(b)}: a {@code [m, k]} (stored {@code [k, m]} if transposed), b {@code [k, n]} (stored {@code [n, k]}) to {@code [m, n]}. */
    record MatMul(boolean transposeA, boolean transposeB) implements Op {}

    /**
     * {@code y = x W^T + scale (z A^T) B^T}, LoRA (arXiv 2106.09685, eq. 3). Inputs x {@code [t, in]}, W {@code [out, in]}, z {@code [t, in]}
     * (x after dropout), A {@code [r, in]}, B {@code [out, r]}; outputs y {@code [t, out]} and {@code h = z A^T} {@code [t, r]}. Without
     * {@code transpose} none of the three is transposed, {@code y = x W + scale (z A) B} with W {@code [in, out]}, A {@code [in, r]} and B {@code [r, out]}:
     * the gradient to x is of this form.
     */
    record LoraLinear(double scale, boolean transpose) implements Op {}

    /** {@code a + factor b}, same shape. */
    record AddScaled(double factor) implements Op {}

    /** {@code a b} element by element, same shape. */
    record Mul() implements Op {}

    /** {@code factor a}. */
    record Scale(double factor) implements Op {}

    /** The derivative of the given order of a function of one variable, element by element: {@code f(x)}, {@code f'(x)}, {@code f''(x)}. */
    record Apply(Curve curve, int order) implements Op {}

    /** {@code f(x) y} element by element, f as in {@link Apply}: the gate of a gated feed-forward layer. */
    record Gate(Curve curve, int order) implements Op {}

    /** Gradient of {@link Gate} to both: inputs x, y, g; outputs {@code f'(x) y g} and {@code f(x) g}. */
    record GateGrad(Curve curve, int order) implements Op {}

    /** x {@code [n, d]} plus v {@code [d]} on every row: a bias, or a probe. */
    record AddRow() implements Op {}

    /** x {@code [n, d]} times v {@code [d]} on every row. */
    record MulRow() implements Op {}

    /** x {@code [n, d]} times c {@code [n]} on every column. */
    record MulColumn() implements Op {}

    /** Sum over the rows: {@code [n, d]} to {@code [d]}. */
    record SumRows() implements Op {}

    /** Sum within each row: {@code [n, d]} to {@code [n]}. */
    record SumColumns() implements Op {}

    /** {@code [d]} to {@code [rows, d]}. */
    record RepeatRows(long rows) implements Op {}

    /** {@code [n]} to {@code [n, columns]}. */
    record RepeatColumns(long columns) implements Op {}

    /** The same elements under another shape; no arithmetic, shares memory. */
    record Reshape(Shape shape) implements Op {}

    /** Rows {@code [row, row + rows)} and columns {@code [column, column + columns)} of {@code [n, d]}. */
    record Slice(long row, long rows, long column, long columns) implements Op {}

    /** {@code [n, d]} placed at (row, column) of zeros {@code [rows, columns]}: the transpose of {@link Slice}. */
    record Pad(long row, long rows, long column, long columns) implements Op {}

    /** Rows of table {@code [v, d]} chosen by ids {@code [n]}: {@code [n, d]}. An embedding. */
    record Gather() implements Op {}

    /** Rows {@code [n, d]} added at ids {@code [n]} into zeros {@code [rows, d]}, in order of n: the transpose of {@link Gather}. */
    record ScatterAdd(long rows) implements Op {}

    /** {@code x / sqrt(mean(x^2) + epsilon) * w} in each row (arXiv 1910.07467): x {@code [n, d]}, w {@code [d]}. */
    record RmsNorm(double epsilon) implements Op {}

    /** Gradient of {@link RmsNorm} to x: inputs x, w, g {@code [n, d]}; output {@code [n, d]}. */
    record RmsNormGrad(double epsilon) implements Op {}

    /**
     * Rotary position embedding (arXiv 2104.09864) in the half-split form of Hugging Face: x {@code [t, heads * head]}, cos and sin
     * {@code [t, head / 2]}. {@code inverse} turns the other way, which is the transpose.
     */
    record Rotary(boolean inverse) implements Op {}

    /**
     * Causal grouped-query attention over packed sequences. Inputs q {@code [tq, heads * head]}, k and v {@code [tk, kvHeads * head]},
     * segments {@code [s, 4]} of (first query, queries, first key, keys): query i of a segment sees the first {@code keys - queries + i + 1}
     * of its keys, so a key/value cache longer than the queries needs no other form. A {@code softcap} other than 0 bends the scores before
     * mask and softmax to {@code softcap tanh(score / softcap)} (arXiv 2408.00118, section 2). Outputs {@code [tq, heads * head]} and the
     * log-sum-exp of the scores {@code [tq, heads]}, which has no derivative.
     */
    record Attention(int heads, int kvHeads, double scale, double softcap) implements Op {}

    /** Gradient of {@link Attention}: inputs q, k, v, segments, output, log-sum-exp, g; outputs gradients of q, k, v. */
    record AttentionGrad(int heads, int kvHeads, double scale, double softcap) implements Op {}

    /** {@code x - log(sum(exp(x)))} in each row. */
    record LogSoftmax() implements Op {}

    /** Negative log-likelihood of targets {@code [n]} under logits {@code [n, c]}: {@code [n]}, 0 where the target is {@code ignoreIndex}. */
    record CrossEntropy(int ignoreIndex) implements Op {}

    /** Gradient of {@link CrossEntropy} to the logits: inputs logits, targets, g {@code [n]}; output {@code [n, c]}. */
    record CrossEntropyGrad(int ignoreIndex) implements Op {}

    /**
     * {@link CrossEntropy} of the logits {@code l = x W^T} of a linear head, without the logits in memory: x {@code [n, d]}, W {@code [v, d]},
     * targets {@code [n]}, none of them ignored; output {@code [n]}. A {@code softcap} other than 0 bends the logits to
     * {@code softcap tanh(l / softcap)} (arXiv 2408.00118, section 2). With {@code pull} a second output {@code [n, d]}, the gradient of each loss to
     * its row of x, {@code (softmax(l) - onehot) W}, capped {@code ((softmax(c) - onehot) (1 - (c / softcap)^2)) W}, which costs one more product;
     * it has no derivative.
     */
    record LinearCrossEntropy(boolean pull, double softcap) implements Op {}

    /** Sums of x {@code [n]} over {@code [starts[i], starts[i + 1])}; starts {@code [s + 1]}; output {@code [s]}. */
    record SegmentSum() implements Op {}

    /** y {@code [s]} repeated over {@code [starts[i], starts[i + 1])}: {@code [n]}, the transpose of {@link SegmentSum}. */
    record SegmentExpand(long elements) implements Op {}
}
