package io.safeprobe.engine.bench;

import ai.djl.ndarray.NDArray;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Causal attention, {@code softmax(scale Q K^T + mask) V}, of sequences of equal length, {@code [sequences * tokens, heads * size]}.
 * Operations are counted for the half of the scores that the mask leaves.
 *
 * <p>The peer is PyTorch's fused kernel, or products and a softmax, which are faster where rows are short. It is given batches of matrices
 * {@code [sequences * heads, tokens, size]}, contiguous: the transposes that a model needs to get there are left out.
 */
record AttentionCase(int sequences, int tokens, int size, boolean gradient, boolean fused) implements Case {
    private static final int HEADS = 6;
    /** Made by {@code testdata/oracle/make_attention.py}, since DJL has no fused attention. */
    private static final String FUSED = "attention.pt";

    /** Ten sequences, or one where ten would take a second a run. */
    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (boolean gradient : new boolean[] {false, true}) {
            for (int size : new int[] {48, 64}) {
                for (boolean fused : new boolean[] {true, false}) {
                    cases.add(new AttentionCase(10, 128, size, gradient, fused));
                    cases.add(new AttentionCase(10, 256, size, gradient, fused));
                    cases.add(new AttentionCase(1, 1024, size, gradient, fused));
                }
            }
        }
        return cases;
    }

    @Override
    public String name() {
        return "attention" + (gradient ? " forward+backward " : " forward ") + sequences + "x" + HEADS + " heads of " + size + ", " + tokens
                + " tokens, over " + (fused ? "the fused kernel" : "products");
    }

    @Override
    public Pair open(Lab lab) {
        double scale = 1 / Math.sqrt(size);
        long rows = (long) sequences * tokens;
        long width = (long) HEADS * size;
        Tensor q = lab.random(rows, width);
        Tensor k = lab.random(rows, width);
        Tensor v = lab.random(rows, width);
        Tensor g = lab.random(rows, width);
        Tensor segments = segments(lab);
        Call forward = lab.call(new Op.Attention(HEADS, HEADS, scale, 0), q, k, v, segments);
        List<Call> calls = new ArrayList<>(List.of(forward));
        List<Tensor> results = new ArrayList<>(List.of(forward.result()));
        if (gradient) {
            Call backward = lab.call(new Op.AttentionGrad(HEADS, HEADS, scale, 0), q, k, v, segments, forward.result(), forward.out().get(1), g);
            calls.add(backward);
            results.addAll(backward.out());
        }
        // Two products forward; five backward, which computes the scores again.
        double work = (gradient ? 7 : 2) * 2.0 * sequences * HEADS * size * tokens * (tokens + 1) / 2;
        Peer peer = lab.peer();
        if (peer == null) {
            lab.check(calls);
            return new Pair(lab.ours(calls), null, Pair.NOTHING, work, Pair.FLOPS);
        }
        // PyTorch is as independent as the scalar kernels, which would take half a minute for 1024 tokens.
        Side ours = lab.ours(calls);
        ours.run();
        PeerSide theirs = theirs(lab, peer, List.of(q, k, v), g, scale);
        theirs.check(this::packed, results.toArray(new Tensor[0]));
        return new Pair(ours, theirs, fused ? Peer.NAME : Peer.COMPOSED, work, Pair.FLOPS);
    }

    private Tensor segments(Lab lab) {
        int[] values = new int[4 * sequences];
        Arrays.setAll(values, i -> i % 2 == 0 ? i / 4 * tokens : tokens);
        return lab.integers(values, sequences, 4);
    }

    private PeerSide theirs(Lab lab, Peer peer, List<Tensor> inputs, Tensor g, double scale) {
        List<NDArray> arrays = inputs.stream().map(tensor -> peer.heads(tensor, sequences, HEADS)).toList();
        Function<List<NDArray>, NDArray> attention = fused ? peer.module(FUSED, gradient) : products(lab, peer, scale);
        return gradient ? peer.gradient(arrays, peer.heads(g, sequences, HEADS), attention) : peer.forward(arrays, attention);
    }

    private Function<List<NDArray>, NDArray> products(Lab lab, Peer peer, double scale) {
        Tensor mask = lab.filled(0, tokens, tokens);
        for (long row = 0; row < tokens; row++) {
            for (long column = row + 1; column < tokens; column++) {
                mask.set(row * tokens + column, Double.NEGATIVE_INFINITY);
            }
        }
        NDArray hidden = peer.array(mask);
        return in -> in.get(0)
                .mul(scale)
                .matMul(in.get(1).swapAxes(1, 2))
                .addi(hidden)
                .softmax(-1)
                .matMul(in.get(2));
    }

    /** {@code [sequences * heads, tokens, size]} in the order of {@code [sequences * tokens, heads * size]}. */
    private NDArray packed(NDArray array) {
        return array.reshape(sequences, HEADS, tokens, size).transpose(0, 2, 1, 3);
    }
}
