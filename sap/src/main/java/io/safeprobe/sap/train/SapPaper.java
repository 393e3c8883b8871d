package io.safeprobe.sap.train;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.optim.GradientNorm;
import io.safeprobe.engine.optim.Optimizer;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.sap.objective.Objective;
import io.safeprobe.sap.objective.Objective.Gradient;
import io.safeprobe.sap.objective.Objective.Wanted;
import io.safeprobe.sap.objective.ProbeThenWeights;
import io.safeprobe.sap.probe.Probe;
import java.util.List;
import java.util.Map;

/**
 * Safety-Aware Probing as the paper states it (arXiv 2505.16737, Algorithm 1). One step:
 *
 * <ol>
 *   <li>{@code g = grad_W L_safety(W)}, {@code dW = epsilon |W| g / |g|}
 *   <li>{@code p = grad_V L_useful(W + dW, 0) - grad_V L_useful(W, 0)}, the gradient of {@code L_su} to the probe
 *       (with {@link ProbeGradient#EXACT} its limit for small dW)
 *   <li>{@code V = beta p}, or {@code beta p / |p|}
 *   <li>{@code W <- optimizer(W, grad_W L_useful(W, V))}, and V is dropped
 * </ol>
 *
 * <p>{@code L_useful(W, 0)} and {@code L_useful(W, V)} have the layers up to the lowest with a probe in common, see {@link ProbeThenWeights}.
 */
public final class SapPaper implements Method {
    private final Objective objective;
    private final SapSettings settings;
    private final WeightStep weightStep;

    SapPaper(Objective objective, WeightStep weightStep, SapSettings settings) {
        this.objective = objective;
        this.weightStep = weightStep;
        this.settings = settings;
    }

    @Override
    public StepFigures step(StepBatch batch, double lr) {
        Kernels kernels = objective.kernels();
        try (Scope scope = objective.memory().scope(); ProbeThenWeights useful = objective.probeThenWeights(batch.parts(), batch.step())) {
            Probe probe = Probe.zero(kernels, scope, objective.config(), settings.layers());
            Gradient safety = objective.safety(
                    scope, batch.pairs(), settings.form(), settings.temperature(), Probe.none(kernels), Wanted.WEIGHTS, batch.step());
            double direction = weightStep.norm(scope, safety.weights());
            double safetyNorm = direction * safety.scale();
            HarmfulPull pull = HarmfulPull.of(scope, objective, settings, batch, probe, safety.weights(), direction, Wanted.PROBE,
                    () -> useful.probe(scope, probe));
            aim(scope, probe, pull.towards(), pull.away());
            Gradient gradient = useful.weights(scope, probe);
            StepFigures.Sap sap = new StepFigures.Sap(
                    pull.lossHarmfulPoint(), pull.firstOrder(), safety.loss(), safetyNorm, GradientNorm.of(kernels, scope, probe.list()));
            Map<String, Double> added = weightStep.penalise(batch, gradient.weights());
            StepFigures figures = new StepFigures(pull.loss(), sap, weightStep.norm(scope, gradient.weights()), added);
            weightStep.apply(scope, batch, figures, gradient.weights(), lr);
            return figures;
        }
    }

    /** {@code V = beta (h - u)}; normalised, V has the norm beta, or stays 0 where h = u. */
    private void aim(Scope scope, Probe probe, List<Tensor> atHarmful, List<Tensor> atWeights) {
        double factor = settings.beta();
        if (settings.normalised()) {
            Probe difference = Probe.zero(objective.kernels(), scope, objective.config(), settings.layers());
            difference.add(1, atHarmful);
            difference.add(-1, atWeights);
            double norm = GradientNorm.of(objective.kernels(), scope, difference.list());
            factor = norm > 0 ? factor / norm : 0;
        }
        probe.add(factor, atHarmful);
        probe.add(-factor, atWeights);
    }

    @Override
    public Map<String, Tensor> state() {
        return Map.of();
    }

    @Override
    public void restore(Map<String, Tensor> saved, long taskSteps) {}

    @Override
    public Optimizer optimizer() {
        return weightStep.optimizer();
    }
}
