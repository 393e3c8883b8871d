package io.safeprobe.sap.train;

import org.jspecify.annotations.Nullable;

/**
 * What a step measured.
 *
 * @param usefulLoss {@code L_useful(W, V)} before the step, at V = 0 in the paper variant
 * @param sap figures of SAP; null for plain fine-tuning
 * @param gradientNorm L2 norm of the gradient the optimizer got, before clipping
 */
public record StepFigures(double usefulLoss, @Nullable Sap sap, double gradientNorm) {
    /**
     * Figures of SAP.
     *
     * @param usefulLossHarmfulPoint {@code L_useful(W + dW, V)}
     * @param safetyLoss {@code L_safety(W)}
     * @param safetyGradientNorm {@code |grad_W L_safety|}
     * @param probeNorm {@code |V|}: of V_safe in the paper variant, of V after its step in the code variant
     */
    public record Sap(double usefulLossHarmfulPoint, double safetyLoss, double safetyGradientNorm, double probeNorm) {}

    /** {@code L_su}: the loss at the harmful point minus the loss. */
    public double lSu() {
        return sap == null ? 0 : sap.usefulLossHarmfulPoint() - usefulLoss;
    }

    boolean finite() {
        boolean plain = Double.isFinite(usefulLoss) && Double.isFinite(gradientNorm);
        return plain && (sap == null || (Double.isFinite(sap.usefulLossHarmfulPoint()) && Double.isFinite(sap.safetyLoss())
                && Double.isFinite(sap.safetyGradientNorm()) && Double.isFinite(sap.probeNorm())));
    }
}
