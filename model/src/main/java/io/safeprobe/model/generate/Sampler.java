package io.safeprobe.model.generate;

import java.util.random.RandomGenerator;

/** Chooses a token from a row of logits. */
final class Sampler {
    private final Sampling sampling;
    private final RandomGenerator random;

    Sampler(Sampling sampling, RandomGenerator random) {
        this.sampling = sampling;
        this.random = random;
    }

    /** One of the ids; logits of those that are forbidden are negative infinity, but not all of them. */
    int choose(float[] logits) {
        return sampling.greedy() ? likeliest(logits) : Candidates.of(logits, sampling).pick(random);
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }
}
