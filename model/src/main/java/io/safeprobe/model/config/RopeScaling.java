package io.safeprobe.model.config;

import java.util.List;

/**
 * How the rotary frequencies {@code theta^(-2j/width)} are stretched for contexts longer than those a model was first trained on. The types
 * of {@code rope_type} in config.json, computed as transformers' {@code modeling_rope_utils} does for one forward pass over a sequence.
 */
public sealed interface RopeScaling {
    /**
     * Radians for each step of position, {@code [width / 2]}.
     *
     * @param width rotated part of a head, even
     * @param length tokens of the whole sequence; only {@link Dynamic} and {@link LongRope} look at it
     */
    double[] frequencies(double theta, int width, int length);

    /** Multiplies cosines and sines. */
    default double attentionFactor() {
        return 1;
    }

    /** Sequences of the same span have the same frequencies, whatever their lengths. */
    default int span(int length) {
        return 0;
    }

    /** {@code theta^(-2j/width)} (arXiv 2104.09864). */
    record None() implements RopeScaling {
        @Override
        public double[] frequencies(double theta, int width, int length) {
            double[] frequencies = new double[width / 2];
            for (int j = 0; j < frequencies.length; j++) {
                frequencies[j] = Math.pow(theta, -2.0 * j / width);
            }
            return frequencies;
        }
    }

    /** All frequencies divided by {@code factor} (arXiv 2306.15595). */
    record Linear(double factor) implements RopeScaling {
        @Override
        public double[] frequencies(double theta, int width, int length) {
            double[] frequencies = new None().frequencies(theta, width, length);
            for (int j = 0; j < frequencies.length; j++) {
                frequencies[j] /= factor;
            }
            return frequencies;
        }
    }

    /**
     * "NTK-aware" scaling: beyond {@code positions} tokens the base grows with the length of the sequence.
     *
     * @param positions max_position_embeddings
     */
    record Dynamic(double factor, int positions) implements RopeScaling {
        @Override
        public double[] frequencies(double theta, int width, int length) {
            double stretch = factor * span(length) / positions - (factor - 1);
            return new None().frequencies(theta * Math.pow(stretch, width / (width - 2.0)), width, length);
        }

        @Override
        public int span(int length) {
            return Math.max(length, positions);
        }
    }

    /**
     * YaRN (arXiv 2309.00071): slow frequencies are divided by {@code factor}, fast ones are kept, with a ramp between.
     *
     * @param original tokens of the context the model was first trained on
     * @param betaFast turns over that context from which a frequency is kept
     * @param betaSlow turns over that context up to which it is divided
     * @param truncate whether the ends of the ramp are whole numbers
     */
    record Yarn(double factor, double attentionFactor, int original, double betaFast, double betaSlow, boolean truncate) implements RopeScaling {
        /** {@code 0.1 scale ln(factor) + 1}, the paper's temperature for {@code scale} 1. */
        static double temperature(double factor, double scale) {
            return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
        }

        @Override
        public double[] frequencies(double theta, int width, int length) {
            double first = dimension(betaFast, theta, width);
            double last = dimension(betaSlow, theta, width);
            double low = Math.max(truncate ? Math.floor(first) : first, 0);
            double high = Math.min(truncate ? Math.ceil(last) : last, width - 1);
            // A ramp of no length would divide by zero.
            double run = low == high ? 0.001 : high - low;
            double[] frequencies = new None().frequencies(theta, width, length);
            for (int j = 0; j < frequencies.length; j++) {
                double divided = Math.clamp((j - low) / run, 0.0, 1.0);
                frequencies[j] = frequencies[j] / factor * divided + frequencies[j] * (1 - divided);
            }
            return frequencies;
        }

        /** The index at which a frequency makes that many turns over the original context. */
        private double dimension(double turns, double theta, int width) {
            return width * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }
    }

    /**
     * Llama 3.1: wavelengths longer than {@code original / lowFrequencyFactor} are stretched by {@code factor}, those shorter than
     * {@code original / highFrequencyFactor} are kept, with a ramp between.
     */
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int original) implements RopeScaling {
        @Override
        public double[] frequencies(double theta, int width, int length) {
            double[] frequencies = new None().frequencies(theta, width, length);
            for (int j = 0; j < frequencies.length; j++) {
                double wavelength = 2 * Math.PI / frequencies[j];
                if (wavelength > original / lowFrequencyFactor) {
                    frequencies[j] /= factor;
                } else if (wavelength >= original / highFrequencyFactor) {
                    double kept = (original / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
                    frequencies[j] = (1 - kept) * frequencies[j] / factor + kept * frequencies[j];
                }
            }
            return frequencies;
        }
    }

    /**
     * LongRoPE (arXiv 2402.13753): a divisor for each frequency, of one list up to {@code original} tokens and of another beyond.
     */
    record LongRope(List<Double> shortFactors, List<Double> longFactors, double attentionFactor, int original) implements RopeScaling {
        /** Copies the lists. */
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
        }

        @Override
        public double[] frequencies(double theta, int width, int length) {
            List<Double> factors = span(length) == 0 ? shortFactors : longFactors;
            double[] frequencies = new None().frequencies(theta, width, length);
            for (int j = 0; j < frequencies.length; j++) {
                frequencies[j] /= factors.get(j);
            }
            return frequencies;
        }

        @Override
        public int span(int length) {
            return length > original ? 1 : 0;
        }
    }
}
