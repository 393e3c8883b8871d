package io.safeprobe.engine.bench;

import ai.djl.ndarray.NDArray;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/**
 * A step of AdamW over one vector of parameters: four arrays are read and three written. DJL reaches neither PyTorch's fused step nor
 * its multiply-and-add, so the peer goes over the arrays many times and the ratio says little about PyTorch's own optimizer.
 */
record AdamWCase(int parameters) implements Case {
    private static final Update.AdamW STEP = new Update.AdamW(1e-4, 0.9, 0.999, 1e-8, 0.01, 10);
    /** Each element goes its own way, so a few of them show what all do. */
    private static final int CHECKED = 100_000;

    @Override
    public String name() {
        return "adamw " + parameters;
    }

    @Override
    public Pair open(Lab lab) {
        Tensor p = lab.random(parameters);
        Tensor g = lab.random(parameters);
        Tensor m = lab.random(parameters);
        Tensor v = lab.filled(0.5, parameters);
        List<Tensor> ours = List.of(p, g, m, v);
        List<Tensor> expected = ours.stream().map(tensor -> lab.copy(tensor.rows(0, CHECKED), DType.F32)).toList();
        Peer peer = lab.peer();
        List<NDArray> arrays = peer == null ? List.of() : ours.stream().map(peer::array).toList();
        lab.kernels().update(STEP, ours);
        new ReferenceKernels().update(STEP, expected);
        for (int i = 0; i < ours.size(); i++) {
            Difference.check("tensor " + i + " of AdamW", ours.get(i).rows(0, CHECKED), expected.get(i));
        }
        Side step = () -> lab.kernels().update(STEP, ours);
        double work = 7.0 * Float.BYTES * parameters;
        if (peer == null) {
            return new Pair(step, null, Pair.NOTHING, work, Pair.BYTES);
        }
        PeerSide theirs = peer.forward(arrays, AdamWCase::step);
        theirs.check(p);
        return new Pair(step, theirs, Peer.COMPOSED, work, Pair.BYTES);
    }

    /** In place, in the order of PyTorch's own implementation of one tensor at a time. */
    private static NDArray step(List<NDArray> arrays) {
        NDArray p = arrays.get(0);
        NDArray g = arrays.get(1);
        NDArray m = arrays.get(2);
        NDArray v = arrays.get(3);
        double firstBias = 1 - Math.pow(STEP.beta1(), (double) STEP.step());
        double secondBias = 1 - Math.pow(STEP.beta2(), (double) STEP.step());
        p.muli(1 - STEP.lr() * STEP.weightDecay());
        m.muli(STEP.beta1()).addi(g.mul(1 - STEP.beta1()));
        v.muli(STEP.beta2()).addi(g.square().muli(1 - STEP.beta2()));
        NDArray denominator = v.sqrt().divi(Math.sqrt(secondBias)).addi(STEP.epsilon());
        return p.subi(m.div(denominator).muli(STEP.lr() / firstBias));
    }
}
