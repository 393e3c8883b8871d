package io.safeprobe.model.generate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;

/** Chooses a token from a row of logits. */
final class Sampler {
    private final Sampling sampling;
    private final RandomGenerator random;

    Sampler(Sampling sampling, RandomGenerator random) {
        this.sampling = sampling;
        this.random = random;
    }

    int choose(float[] logits) {
        if (sampling.temperature() == 0) {
            return likeliest(logits);
        }
        Integer[] order = new Integer[logits.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble(id -> -logits[id]));
        int kept = sampling.topK() == 0 ? order.length : Math.min(sampling.topK(), order.length);
        double[] weights = new double[kept];
        double total = 0;
        for (int i = 0; i < kept; i++) {
            weights[i] = Math.exp((logits[order[i]] - logits[order[0]]) / sampling.temperature());
            total += weights[i];
        }
        kept = nucleus(weights, total);
        double mass = Arrays.stream(weights, 0, kept).sum();
        double point = random.nextDouble() * mass;
        for (int i = 0; i < kept; i++) {
            point -= weights[i];
            if (point < 0) {
                return order[i];
            }
        }
        return order[kept - 1];
    }

    /** The fewest candidates whose mass reaches top-p (arXiv 1904.09751). */
    private int nucleus(double[] weights, double total) {
        double mass = 0;
        for (int i = 0; i < weights.length; i++) {
            mass += weights[i];
            if (mass >= sampling.topP() * total) {
                return i + 1;
            }
        }
        return weights.length;
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }
}
