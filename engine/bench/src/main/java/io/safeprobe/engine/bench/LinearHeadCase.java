package io.safeprobe.engine.bench;

import ai.djl.ndarray.NDArray;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** Negative log-likelihood under a linear head {@code [entries, width]} of rows {@code [rows, width]}, and its gradient to the rows; ours never stores the logits. */
record LinearHeadCase(int rows, int width, int entries) implements Case {
    private static final int NONE_IGNORED = -1;

    @Override
    public String name() {
        return "linear head and cross-entropy forward+backward " + rows + "x" + width + "x" + entries;
    }

    @Override
    public Pair open(Lab lab) {
        Tensor x = lab.random(rows, width);
        Tensor head = lab.random(entries, width);
        Tensor targets = lab.indices(rows, entries);
        Tensor g = lab.random(rows);
        Call fused = lab.call(new Op.LinearCrossEntropy(true, 0), x, head, targets);
        Call backward = lab.call(new Op.MulColumn(), fused.out().get(1), g);
        List<Call> calls = List.of(fused, backward);
        checkAgainstLogits(lab, calls, x, head, targets, g);
        double work = 4.0 * rows * width * entries;
        Peer peer = lab.peer();
        if (peer == null) {
            return new Pair(lab.ours(calls), null, Pair.NOTHING, work, Pair.FLOPS);
        }
        NDArray ids = peer.column(targets);
        NDArray transposed = peer.array(head).transpose();
        PeerSide theirs = peer.gradient(
                List.of(peer.array(x)), peer.array(g).reshape(rows, 1), in -> in.getFirst().matMul(transposed).logSoftmax(-1).gather(ids, 1).neg());
        theirs.check(fused.result(), backward.result());
        return new Pair(lab.ours(calls), theirs, Peer.COMPOSED, work, Pair.FLOPS);
    }

    /** By the same steps as the peer, on our kernels. */
    private static void checkAgainstLogits(Lab lab, List<Call> calls, Tensor x, Tensor head, Tensor targets, Tensor g) {
        Call logits = lab.call(new Op.MatMul(false, true), x, head);
        Call loss = lab.call(new Op.CrossEntropy(NONE_IGNORED), logits.result(), targets);
        Call slope = lab.call(new Op.CrossEntropyGrad(NONE_IGNORED), logits.result(), targets, g);
        Call gradient = lab.call(new Op.MatMul(false, false), slope.result(), head);
        List.of(logits, loss, slope, gradient).forEach(call -> call.run(lab.kernels()));
        calls.forEach(call -> call.run(lab.kernels()));
        Difference.check("the fused loss", calls.getFirst().result(), loss.result());
        Difference.check("the fused gradient", calls.getLast().result(), gradient.result());
    }
}
