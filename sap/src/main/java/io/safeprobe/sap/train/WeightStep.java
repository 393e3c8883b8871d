package io.safeprobe.sap.train;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.optim.GradientNorm;
import io.safeprobe.engine.optim.Optimizer;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** The last part of every method's step: check the figures, clip if asked, let the optimizer move W. */
final class WeightStep {
    private final Kernels kernels;
    private final Optimizer optimizer;
    private final double clip;

    /** @param clip the largest gradient norm; 0 for no clipping */
    WeightStep(Kernels kernels, Optimizer optimizer, double clip) {
        this.kernels = kernels;
        this.optimizer = optimizer;
        this.clip = clip;
    }

    double norm(Scope scope, List<Tensor> gradient) {
        return GradientNorm.of(kernels, scope, gradient);
    }

    /** @throws DivergedException when a figure is not finite, before W has changed */
    void apply(Scope scope, StepBatch batch, StepFigures figures, List<Tensor> gradient, double lr) {
        if (!figures.finite()) {
            throw new DivergedException(batch.step(), figures);
        }
        if (clip > 0) {
            GradientNorm.clip(kernels, scope, gradient, clip);
        }
        optimizer.step(gradient, lr);
    }
}
