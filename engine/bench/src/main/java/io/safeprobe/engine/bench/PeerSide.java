package io.safeprobe.engine.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Work of PyTorch, in PyTorch's favour where there is a choice: results are freed and gradients begun outside the timed part.
 *
 * <p>Differentiation calls what DJL's gradient collector calls, and not the collector: that one can only start from ones, and has
 * PyTorch add to gradients of the run before, which costs a pass over each of them.
 */
final class PeerSide implements Side {
    private final NDManager manager;
    private final List<NDArray> inputs;
    private final Function<List<NDArray>, NDArray> forward;
    private final @Nullable NDArray seed;
    private @Nullable NDManager step;
    private List<NDArray> leaves = List.of();
    private @Nullable NDArray result;

    PeerSide(NDManager manager, List<NDArray> inputs, Function<List<NDArray>, NDArray> forward, @Nullable NDArray seed) {
        this.manager = manager;
        this.inputs = inputs;
        this.forward = forward;
        this.seed = seed;
    }

    @Override
    public void prepare() {
        // What is computed from an array belongs to its manager, and goes with it.
        step = manager.newSubManager();
        step.tempAttachAll(inputs.toArray(new NDArray[0]));
        JniUtils.setGradMode(seed != null);
        leaves = seed == null ? inputs : inputs.stream().map(PeerSide::leaf).toList();
    }

    private static NDArray leaf(NDArray input) {
        NDArray leaf = input.stopGradient();
        leaf.setRequiresGradient(true);
        return leaf;
    }

    @Override
    public void run() {
        NDArray computed = forward.apply(leaves);
        if (seed != null) {
            JniUtils.backward((PtNDArray) computed, (PtNDArray) seed, false, false);
        }
        result = computed;
    }

    @Override
    public void release() {
        if (step != null) {
            step.close();
        }
        step = null;
    }

    /** Runs once and compares the result, and the gradients of the inputs if they are computed, with tensors of ours. */
    void check(Tensor... ours) {
        check(UnaryOperator.identity(), ours);
    }

    /** As above, with {@code layout} bringing each array to the order of elements of our tensor. */
    void check(UnaryOperator<NDArray> layout, Tensor... ours) {
        prepare();
        run();
        List<NDArray> arrays = new ArrayList<>();
        if (result != null) {
            arrays.add(result);
        }
        if (seed != null) {
            leaves.forEach(leaf -> arrays.add(leaf.getGradient()));
        }
        JniUtils.setGradMode(false);
        if (arrays.size() != ours.length) {
            throw new IllegalArgumentException(ours.length + " tensors for " + arrays.size() + " results");
        }
        for (int i = 0; i < ours.length; i++) {
            float[] theirs = layout.apply(arrays.get(i).stopGradient()).flatten().toFloatArray();
            double[] widened = new double[theirs.length];
            Arrays.setAll(widened, at -> theirs[at]);
            Difference.check("output " + i + " beside PyTorch", ours[i].toDoubles(), widened);
        }
        release();
    }
}
