package io.safeprobe.engine.bench;

import ai.djl.ndarray.NDArray;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The matrix product of a {@code [m, k]} and b {@code [k, n]}, either stored transposed, beside another library's or, with b in BF16, beside our own of the same
 * numbers in F32.
 */
record MatmulCase(Op.MatMul op, int m, int k, int n, Other other) implements Case {
    private static final int[][] SIZES = {
        {1280, 288, 288}, {1280, 288, 768}, {1280, 768, 288}, {512, 288, 32_000}, {1280, 2048, 2048}, {1280, 2048, 5632},
    };

    /** Where {@link Report} finds the products among all cases. */
    static final String PREFIX = "matmul ";

    /** What ours is compared with. */
    enum Other {
        PYTORCH(""),
        OPENBLAS(", over OpenBLAS"),
        OURS_IN_F32(" bf16 weights");

        private final String suffix;

        Other(String suffix) {
            this.suffix = suffix;
        }
    }

    /** All sizes in the layouts of a forward pass and of the two gradients, then with the weights of a forward pass in BF16. */
    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (Other other : List.of(Other.PYTORCH, Other.OPENBLAS)) {
            for (Op.MatMul op : List.of(new Op.MatMul(false, false), new Op.MatMul(false, true), new Op.MatMul(true, false))) {
                for (int[] size : SIZES) {
                    cases.add(new MatmulCase(op, size[0], size[1], size[2], other));
                }
            }
        }
        for (int[] size : SIZES) {
            cases.add(new MatmulCase(new Op.MatMul(false, true), size[0], size[1], size[2], Other.OURS_IN_F32));
        }
        return cases;
    }

    @Override
    public String name() {
        String layout = (op.transposeA() ? "T" : "N") + (op.transposeB() ? "T" : "N");
        return PREFIX + layout + " " + m + "x" + k + "x" + n + other.suffix;
    }

    @Override
    public Pair open(Lab lab) {
        Tensor a = op.transposeA() ? lab.random(k, m) : lab.random(m, k);
        Tensor drawn = op.transposeB() ? lab.random(n, k) : lab.random(k, n);
        Tensor b = lab.copy(drawn, other == Other.OURS_IN_F32 ? DType.BF16 : DType.F32);
        Call product = lab.call(op, a, b);
        lab.checkProduct(product);
        Side ours = lab.ours(List.of(product));
        double work = 2.0 * m * k * n;
        if (other == Other.OURS_IN_F32) {
            Call same = lab.call(op, a, lab.copy(b, DType.F32));
            lab.checkProduct(same);
            return new Pair(ours, lab.ours(List.of(same)), "ours in f32", work, Pair.FLOPS);
        }
        Peer peer = lab.peer();
        if (peer == null) {
            return new Pair(ours, null, Pair.NOTHING, work, Pair.FLOPS);
        }
        if (other == Other.OPENBLAS) {
            Tensor result = lab.empty(DType.F32, m, n);
            OpenBlas library = lab.openBlas();
            Side theirs = library.product(op, a, b, result);
            theirs.run();
            Difference.check("the product of OpenBLAS", product.result(), result);
            return new Pair(ours, theirs, library.name(), work, Pair.FLOPS);
        }
        NDArray right = op.transposeB() ? peer.array(b).transpose() : peer.array(b);
        NDArray left = op.transposeA() ? peer.array(a).transpose() : peer.array(a);
        PeerSide theirs = peer.forward(List.of(left), in -> in.getFirst().matMul(right));
        theirs.check(product.result());
        return new Pair(ours, theirs, Peer.NAME, work, Pair.FLOPS);
    }
}
