package io.safeprobe.sap.train;

import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.sap.objective.Objective;
import io.safeprobe.sap.objective.Objective.Gradient;
import io.safeprobe.sap.objective.Objective.Wanted;
import io.safeprobe.sap.probe.Perturbation;
import io.safeprobe.sap.probe.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * What SAP measures of the useful loss: how it, and its gradient to the probe, change when the weights go the harmful way.
 *
 * @param loss {@code L_useful(W, V)}
 * @param lossHarmfulPoint {@code L_useful(W + dW, V)}, or that to first order in dW
 * @param firstOrder whether it is to first order
 * @param weights {@code grad_W L_useful(W, V)} where it was asked for
 * @param towards with {@code away} taken from it, the gradient of {@code L_su} to the probe: {@code grad_V L_useful(W + dW, V)}, or the derivative along dW
 * @param away {@code grad_V L_useful(W, V)}, or zeros
 */
record HarmfulPull(double loss, double lossHarmfulPoint, boolean firstOrder, List<Tensor> weights, List<Tensor> towards, List<Tensor> away) {
    /**
     * Measures it.
     *
     * @param scope where the gradients live
     * @param safety {@code grad_W L_safety}, of which the direction counts
     * @param norm of {@code safety}
     * @param wanted PROBE, or BOTH where the gradient to W is needed too
     */
    static HarmfulPull of(Scope scope, Objective objective, SapSettings settings, StepBatch batch, Probe probe, List<Tensor> safety, double norm, Wanted wanted) {
        return of(scope, objective, settings, batch, probe, safety, norm, wanted, () -> objective.useful(scope, batch.parts(), probe, wanted, batch.step()));
    }

    /**
     * The same for a step that has its own way to differentiate {@code L_useful(W, V)}.
     *
     * @param plain that way; asked last, when W has not moved or is back, and only for the difference
     */
    static HarmfulPull of(Scope scope, Objective objective, SapSettings settings, StepBatch batch, Probe probe, List<Tensor> safety, double norm, Wanted wanted,
            Supplier<Gradient> plain) {
        List<Tensor> weights = new ArrayList<>(objective.trainable().tensors().values());
        return switch (settings.probeGradient()) {
            case DIFFERENCE -> {
                Gradient harmful;
                try (Perturbation _ = Perturbation.apply(objective.kernels(), scope, weights, safety, norm, settings.epsilon())) {
                    harmful = objective.useful(scope, batch.parts(), probe, Wanted.PROBE, batch.step());
                }
                Gradient here = plain.get();
                yield new HarmfulPull(here.loss(), harmful.loss(), false, here.weights(), harmful.probe(), here.probe());
            }
            case EXACT -> {
                double factor = Perturbation.factor(objective.kernels(), scope, weights, norm, settings.epsilon());
                Objective.Slope slope = objective.usefulAlong(scope, batch.parts(), probe, safety, factor, wanted, batch.step());
                List<Tensor> zeros = slope.probe().stream().map(tensor -> Tensor.zeros(scope, tensor.dtype(), tensor.shape())).toList();
                yield new HarmfulPull(slope.loss(), slope.loss() + slope.slope(), true, slope.weights(), slope.probe(), zeros);
            }
        };
    }
}
