package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/**
 * The arithmetic of one device: the whole interface a backend has to fill. Shapes, types and devices have been checked by
 * {@link Inference} before a call, and outputs are allocated with undefined content. A kernel that a backend lacks is a
 * {@link MissingKernelException}, never a detour over another device.
 *
 * <p>Results are the same bits on every run and for every number of threads.
 */
public interface Kernels {
    /** The device whose tensors these kernels take. */
    Device device();

    /** Computes {@code outputs} from {@code inputs}. {@link Op.Reshape} never arrives here. */
    void run(Op op, List<Tensor> inputs, List<Tensor> outputs);

    /** Changes {@code tensors.getFirst()} (for optimizers also their state) in place. */
    void update(Update update, List<Tensor> tensors);

    /** {@link #update(Update, List)} after its shapes were checked. */
    default void apply(Update update, Tensor... tensors) {
        List<Tensor> list = List.of(tensors);
        Inference.check(update, list, device());
        update(update, list);
    }
}
