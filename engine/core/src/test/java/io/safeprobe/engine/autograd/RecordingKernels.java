package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The reference kernels with a list of what was run, to count what a backward pass really computes. */
final class RecordingKernels implements Kernels {
    private final Kernels reference = new ReferenceKernels();
    private final List<Op> runs = new ArrayList<>();

    @Override
    public Device device() {
        return reference.device();
    }

    @Override
    public void run(Op op, List<Tensor> inputs, List<Tensor> outputs) {
        runs.add(op);
        reference.run(op, inputs, outputs);
    }

    @Override
    public void update(Update update, List<Tensor> tensors) {
        reference.update(update, tensors);
    }

    void forget() {
        runs.clear();
    }

    List<Op> runs() {
        return List.copyOf(runs);
    }

    /** How many kernels of a kind ran since the last {@link #forget()}. */
    long count(Class<? extends Op> type) {
        return runs.stream().filter(type::isInstance).count();
    }
}
