package io.safeprobe.sap.objective;

import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.Curve;
import java.util.Locale;

/** The form of the safety loss over pairs of one prompt with a safe and a harmful response. */
public enum SafetyForm {
    /** {@code mean(-log sigmoid((log p(safe) - log p(harmful)) / tau))} (arXiv 2505.16737, Definition 3.1). */
    CONTRASTIVE {
        @Override
        Value loss(Value margins, double temperature) {
            return margins.scale(1 / temperature).apply(Curve.LOG_SIGMOID).mean().scale(-1);
        }
    },
    /** {@code mean(log p(harmful) - log p(safe)) / tau}: the difference of the two cross-entropies, summed over tokens. */
    DIFFERENCE {
        @Override
        Value loss(Value margins, double temperature) {
            return margins.mean().scale(-1 / temperature);
        }
    };

    /** @param margins {@code log p(safe) - log p(harmful)} of each pair, summed over response tokens, {@code [pairs]} */
    abstract Value loss(Value margins, double temperature);

    /** Reads a name in any case. */
    public static SafetyForm parse(String text) {
        for (SafetyForm form : values()) {
            if (form.name().equalsIgnoreCase(text)) {
                return form;
            }
        }
        throw new IllegalArgumentException("unknown safety loss '" + text + "'; choose contrastive or difference");
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
