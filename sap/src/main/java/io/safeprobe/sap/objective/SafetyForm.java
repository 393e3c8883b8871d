package io.safeprobe.sap.objective;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The form of the safety loss over pairs of one prompt with a safe and a harmful response, as a function of their margins m. */
public enum SafetyForm {
    /** {@code mean(-log sigmoid(m / tau))} (arXiv 2505.16737, Definition 3.1). */
    CONTRASTIVE {
        @Override
        double of(double margin) {
            return softplus(-margin);
        }

        @Override
        double logSlope(double margin) {
            return -softplus(margin);
        }
    },
    /** {@code mean(-m / tau)}: the difference of the two cross-entropies, summed over tokens. */
    DIFFERENCE {
        @Override
        double of(double margin) {
            return -margin;
        }

        @Override
        double logSlope(double margin) {
            return 0;
        }
    };

    /** Pairs whose share of the gradient is below this do not show in float32, and their numbers would be subnormal, which is slow. */
    private static final double NEGLIGIBLE = 1e-20;

    /** {@code log(1 + exp(x))} without overflow. */
    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    abstract double of(double margin);

    /** Logarithm of {@code -dL/dm} of one pair at tau = 1; finite where the slope itself is too small for any float. */
    abstract double logSlope(double margin);

    /**
     * The loss.
     *
     * @param margins {@code log p(safe) - log p(harmful)} of each pair, summed over response tokens
     */
    double loss(double[] margins, double temperature) {
        return Arrays.stream(margins).map(margin -> of(margin / temperature)).average().orElseThrow();
    }

    /**
     * The gradient to the margins as {@code scale * direction}, where the largest element of the direction is -1: the loss of a model that is sure of its refusals
     * is so flat that its gradient cannot be held in float32, but its direction can.
     */
    Slope slope(double[] margins, double temperature) {
        double[] logs = Arrays.stream(margins).map(margin -> logSlope(margin / temperature)).toArray();
        double largest = Arrays.stream(logs).max().orElseThrow();
        List<Double> direction = Arrays.stream(logs).map(log -> -Math.exp(log - largest)).map(share -> share > -NEGLIGIBLE ? 0 : share).boxed().toList();
        return new Slope(Math.exp(largest) / (margins.length * temperature), direction);
    }

    /** A gradient in two factors. */
    record Slope(double scale, List<Double> direction) {}

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
