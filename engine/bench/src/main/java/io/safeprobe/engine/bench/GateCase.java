package io.safeprobe.engine.bench;

import ai.djl.nn.Activation;
import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** The gate {@code silu(x) y} of a feed-forward layer, x and y {@code [rows, width]}, and the gradients of both. */
record GateCase(int rows, int width) implements Case {
    @Override
    public String name() {
        return "silu-gate forward+backward " + rows + "x" + width;
    }

    @Override
    public Pair open(Lab lab) {
        Tensor x = lab.random(rows, width);
        Tensor y = lab.random(rows, width);
        Tensor g = lab.random(rows, width);
        Call forward = lab.call(new Op.Gate(Curve.SILU, 0), x, y);
        Call backward = lab.call(new Op.GateGrad(Curve.SILU, 0), x, y, g);
        List<Call> calls = List.of(forward, backward);
        lab.check(calls);
        Peer peer = lab.peer();
        if (peer == null) {
            return new Pair(lab.ours(calls), null, Pair.NOTHING, 0, Pair.NO_RATE);
        }
        PeerSide theirs = peer.gradient(
                List.of(peer.array(x), peer.array(y)),
                peer.array(g),
                in -> in.get(0).mul(Activation.sigmoid(in.get(0))).mul(in.get(1)));
        theirs.check(forward.result(), backward.out().get(0), backward.out().get(1));
        return new Pair(lab.ours(calls), theirs, Peer.COMPOSED, 0, Pair.NO_RATE);
    }
}
