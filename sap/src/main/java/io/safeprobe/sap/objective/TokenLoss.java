package io.safeprobe.sap.objective;

/**
 * A loss over tokens.
 *
 * @param sum summed negative log-likelihood in nats
 * @param labels tokens it was summed over
 */
public record TokenLoss(double sum, long labels) {
    /** Nothing yet. */
    public static final TokenLoss NONE = new TokenLoss(0, 0);

    /** Both together. */
    public TokenLoss plus(TokenLoss other) {
        return new TokenLoss(sum + other.sum, labels + other.labels);
    }

    /** Mean negative log-likelihood of a token. */
    public double mean() {
        return sum / labels;
    }

    /** {@code exp(mean)}. */
    public double perplexity() {
        return Math.exp(mean());
    }
}
