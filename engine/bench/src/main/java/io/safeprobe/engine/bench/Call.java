package io.safeprobe.engine.bench;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** An operation with its tensors; outputs are allocated once, as a training step finds its memory again in the next step. */
record Call(Op op, List<Tensor> in, List<Tensor> out) {
    void run(Kernels kernels) {
        kernels.run(op, in, out);
    }

    /** The first output, which for most operations is the only one. */
    Tensor result() {
        return out.getFirst();
    }
}
