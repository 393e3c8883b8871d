package io.safeprobe.engine.optim;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** The L2 norm over several tensors taken as one vector, and clipping by it. */
public final class GradientNorm {
    private GradientNorm() {}

    /** {@code sqrt(sum of squares of all elements of all tensors)}, summed in float64 in the order given. */
    public static double of(Kernels kernels, Scope scope, List<Tensor> tensors) {
        Tensor cell = Tensor.allocate(scope, DType.F64, Shape.of(1));
        double squares = 0;
        for (Tensor tensor : tensors) {
            kernels.apply(new Update.SumSquares(), cell, tensor);
            squares += cell.item();
        }
        return Math.sqrt(squares);
    }

    /** Scales all gradients so that their norm is at most {@code largest}, as PyTorch's {@code clip_grad_norm_}; returns the norm before. */
    public static double clip(Kernels kernels, Scope scope, List<Tensor> gradients, double largest) {
        double norm = of(kernels, scope, gradients);
        double factor = largest / (norm + 1e-6);
        if (factor < 1) {
            gradients.forEach(gradient -> kernels.apply(new Update.Accumulate(factor - 1), gradient, gradient));
        }
        return norm;
    }
}
