package io.safeprobe.engine.bench;

import ai.djl.ndarray.NDArray;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The matrix product of a {@code [m, k]} and b {@code [k, n]}, either stored transposed. With b in BF16 the comparison is with our own
 * product of the same numbers in F32.
 */
record MatmulCase(Op.MatMul op, int m, int k, int n, DType weights) implements Case {
    private static final int[][] SIZES = {
        {1280, 288, 288}, {1280, 288, 768}, {1280, 768, 288}, {512, 288, 32_000}, {1280, 2048, 2048}, {1280, 2048, 5632},
    };

    /** Where {@link Report} finds the products among all cases. */
    static final String PREFIX = "matmul ";

    /** All sizes in the layouts of a forward pass and of the two gradients, then with the weights of a forward pass in BF16. */
    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (Op.MatMul op : List.of(new Op.MatMul(false, false), new Op.MatMul(false, true), new Op.MatMul(true, false))) {
            for (int[] size : SIZES) {
                cases.add(new MatmulCase(op, size[0], size[1], size[2], DType.F32));
            }
        }
        for (int[] size : SIZES) {
            cases.add(new MatmulCase(new Op.MatMul(false, true), size[0], size[1], size[2], DType.BF16));
        }
        return cases;
    }

    @Override
    public String name() {
        String layout = (op.transposeA() ? "T" : "N") + (op.transposeB() ? "T" : "N");
        return PREFIX + layout + " " + m + "x" + k + "x" + n + (weights == DType.F32 ? "" : " bf16 weights");
    }

    @Override
    public Pair open(Lab lab) {
        Tensor a = op.transposeA() ? lab.random(k, m) : lab.random(m, k);
        Tensor drawn = op.transposeB() ? lab.random(n, k) : lab.random(k, n);
        Tensor b = lab.copy(drawn, weights);
        Call product = lab.call(op, a, b);
        lab.checkProduct(product);
        double work = 2.0 * m * k * n;
        if (weights != DType.F32) {
            Call same = lab.call(op, a, lab.copy(b, DType.F32));
            lab.checkProduct(same);
            return new Pair(lab.ours(List.of(product)), lab.ours(List.of(same)), "ours in f32", work, Pair.FLOPS);
        }
        Peer peer = lab.peer();
        if (peer == null) {
            return new Pair(lab.ours(List.of(product)), null, Pair.NOTHING, work, Pair.FLOPS);
        }
        NDArray right = op.transposeB() ? peer.array(b).transpose() : peer.array(b);
        NDArray left = op.transposeA() ? peer.array(a).transpose() : peer.array(a);
        PeerSide theirs = peer.forward(List.of(left), in -> in.getFirst().matMul(right));
        theirs.check(product.result());
        return new Pair(lab.ours(List.of(product)), theirs, Peer.NAME, work, Pair.FLOPS);
    }
}
