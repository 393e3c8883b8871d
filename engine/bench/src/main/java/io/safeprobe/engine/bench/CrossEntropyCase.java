package io.safeprobe.engine.bench;

import ai.djl.ndarray.NDArray;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** Negative log-likelihood of logits {@code [rows, entries]} and its gradient. */
record CrossEntropyCase(int rows, int entries) implements Case {
    private static final int IGNORED = -100;

    @Override
    public String name() {
        return "cross-entropy forward+backward " + rows + "x" + entries;
    }

    @Override
    public Pair open(Lab lab) {
        Tensor logits = lab.random(rows, entries);
        Tensor targets = lab.indices(rows, entries);
        Tensor g = lab.random(rows);
        Call forward = lab.call(new Op.CrossEntropy(IGNORED), logits, targets);
        Call backward = lab.call(new Op.CrossEntropyGrad(IGNORED), logits, targets, g);
        List<Call> calls = List.of(forward, backward);
        lab.check(calls);
        Peer peer = lab.peer();
        if (peer == null) {
            return new Pair(lab.ours(calls), null, Pair.NOTHING, 0, Pair.NO_RATE);
        }
        NDArray ids = peer.column(targets);
        PeerSide theirs = peer.gradient(
                List.of(peer.array(logits)), peer.array(g).reshape(rows, 1), in -> in.getFirst().logSoftmax(-1).gather(ids, 1).neg());
        theirs.check(forward.result(), backward.result());
        return new Pair(lab.ours(calls), theirs, Peer.COMPOSED, 0, Pair.NO_RATE);
    }
}
