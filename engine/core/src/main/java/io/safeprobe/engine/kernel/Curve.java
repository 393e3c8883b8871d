package io.safeprobe.engine.kernel;

/** Functions of one variable with their derivatives up to the second in float64: the reference of the vectorised ones. */
public enum Curve {
    /** {@code x sigmoid(x)}, also called swish (arXiv 1702.03118). */
    SILU,
    /** {@code x Phi(x)} with the exact normal distribution (arXiv 1606.08415). */
    GELU,
    /** The tanh form of GELU, {@code gelu_pytorch_tanh} in Hugging Face configurations. */
    GELU_TANH,
    /** {@code log(1 / (1 + exp(-x)))}. */
    LOG_SIGMOID,
    /** {@code tanh(x)}: caps attention scores and logits softly (arXiv 2408.00118). */
    TANH,
    /** {@code exp(x)}. */
    EXP,
    /** {@code 1 / sqrt(x)}. */
    RSQRT;

    /** The highest derivative that kernels give: enough for the gradient of a gradient. */
    public static final int MAX_ORDER = 2;

    private static final double TANH_SCALE = Math.sqrt(2 / Math.PI);
    private static final double TANH_CUBIC = 0.044715;

    /** The derivative of the given order at {@code x}; order 0 is the function itself. */
    public double at(int order, double x) {
        if (order < 0 || order > MAX_ORDER) {
            throw new IllegalArgumentException("derivative " + order + " of " + this + " is not available; the highest is " + MAX_ORDER);
        }
        return switch (this) {
            case SILU -> silu(order, x);
            case GELU -> gelu(order, x);
            case GELU_TANH -> geluTanh(order, x);
            case LOG_SIGMOID -> logSigmoid(order, x);
            case TANH -> tanh(order, x);
            case EXP -> Math.exp(x);
            case RSQRT -> rsqrt(order, x);
        };
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double silu(int order, double x) {
        double s = sigmoid(x);
        return switch (order) {
            case 0 -> x * s;
            case 1 -> s * (1 + x * (1 - s));
            default -> s * (1 - s) * (2 + x * (1 - 2 * s));
        };
    }

    private static double gelu(int order, double x) {
        double cumulative = 0.5 * (1 + erf(x / Math.sqrt(2)));
        double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        return switch (order) {
            case 0 -> x * cumulative;
            case 1 -> cumulative + x * density;
            default -> density * (2 - x * x);
        };
    }

    private static double geluTanh(int order, double x) {
        double t = Math.tanh(TANH_SCALE * (x + TANH_CUBIC * x * x * x));
        double slope = TANH_SCALE * (1 + 3 * TANH_CUBIC * x * x);
        double bend = TANH_SCALE * 6 * TANH_CUBIC * x;
        double dt = (1 - t * t) * slope;
        return switch (order) {
            case 0 -> 0.5 * x * (1 + t);
            case 1 -> 0.5 * (1 + t) + 0.5 * x * dt;
            default -> dt + 0.5 * x * ((1 - t * t) * bend - 2 * t * dt * slope);
        };
    }

    private static double logSigmoid(int order, double x) {
        return switch (order) {
            case 0 -> Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
            case 1 -> sigmoid(-x);
            default -> -sigmoid(x) * sigmoid(-x);
        };
    }

    private static double tanh(int order, double x) {
        double t = Math.tanh(x);
        double slope = (1 - t) * (1 + t);
        return switch (order) {
            case 0 -> t;
            case 1 -> slope;
            default -> -2 * t * slope;
        };
    }

    private static double rsqrt(int order, double x) {
        double r = 1 / Math.sqrt(x);
        return switch (order) {
            case 0 -> r;
            case 1 -> -0.5 * r / x;
            default -> 0.75 * r / (x * x);
        };
    }

    /** Error function by the series of positive terms (Abramowitz and Stegun 7.1.6), which loses nothing to cancellation. */
    private static double erf(double x) {
        if (Math.abs(x) > 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }
}
