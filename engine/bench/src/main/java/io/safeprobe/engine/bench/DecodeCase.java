package io.safeprobe.engine.bench;

import ai.djl.ndarray.NDArray;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * One token through as many layers as no cache holds: x {@code [1, size]} times the transposes of W {@code [size, size]}. Memory is
 * the limit, so the rate is in bytes of weights. The peer has F32 weights in both cases.
 */
record DecodeCase(int matrices, int size, DType weights) implements Case {
    @Override
    public String name() {
        return "decode " + matrices + " x " + size + "x" + size + (weights == DType.F32 ? "" : " bf16 weights");
    }

    @Override
    public Pair open(Lab lab) {
        Op product = new Op.MatMul(false, true);
        Tensor x = lab.random(1, size);
        // Numbers that BF16 holds exactly, so that the peer computes the same with F32.
        Tensor rounded = lab.copy(lab.random(size, size), DType.BF16);
        Tensor exact = lab.copy(rounded, DType.F32);
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < matrices; i++) {
            calls.add(lab.call(product, x, lab.copy(rounded, weights)));
        }
        calls.forEach(lab::checkProduct);
        double work = (double) matrices * size * size * weights.bytes();
        Peer peer = lab.peer();
        if (peer == null) {
            return new Pair(lab.ours(calls), null, Pair.NOTHING, work, Pair.BYTES);
        }
        List<NDArray> theirWeights = new ArrayList<>();
        for (int i = 0; i < matrices; i++) {
            theirWeights.add(peer.array(exact).transpose());
        }
        PeerSide theirs = peer.forward(List.of(peer.array(x)), in -> {
            NDArray last = in.getFirst();
            for (NDArray matrix : theirWeights) {
                last = in.getFirst().matMul(matrix);
            }
            return last;
        });
        theirs.check(calls.getLast().result());
        return new Pair(lab.ours(calls), theirs, weights == DType.F32 ? Peer.NAME : "PyTorch in f32", work, Pair.BYTES);
    }
}
