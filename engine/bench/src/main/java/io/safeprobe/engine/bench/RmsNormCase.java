package io.safeprobe.engine.bench;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** RMSNorm of x {@code [rows, width]} by w {@code [width]}, and the gradients of both as the derivative table composes them. */
record RmsNormCase(int rows, int width) implements Case {
    private static final double EPSILON = 1e-5;

    @Override
    public String name() {
        return "rms-norm forward+backward " + rows + "x" + width;
    }

    @Override
    public Pair open(Lab lab) {
        Tensor x = lab.random(rows, width);
        Tensor w = lab.random(width);
        Tensor g = lab.random(rows, width);
        Op norm = new Op.RmsNorm(EPSILON);
        Call forward = lab.call(norm, x, w);
        Call gradientOfX = lab.call(new Op.RmsNormGrad(EPSILON), x, w, g);
        Call normalised = lab.call(norm, x, lab.filled(1, width));
        Call products = lab.call(new Op.Mul(), g, normalised.result());
        Call gradientOfW = lab.call(new Op.SumRows(), products.result());
        List<Call> calls = List.of(forward, gradientOfX, normalised, products, gradientOfW);
        lab.check(calls);
        Peer peer = lab.peer();
        if (peer == null) {
            return new Pair(lab.ours(calls), null, Pair.NOTHING, 0, Pair.NO_RATE);
        }
        PeerSide theirs = peer.gradient(List.of(peer.array(x), peer.array(w)), peer.array(g), in -> in.get(0)
                .div(in.get(0).square().mean(new int[] {1}, true).add(EPSILON).sqrt())
                .mul(in.get(1)));
        theirs.check(forward.result(), gradientOfX.result(), gradientOfW.result());
        return new Pair(lab.ours(calls), theirs, Peer.COMPOSED, 0, Pair.NO_RATE);
    }
}
