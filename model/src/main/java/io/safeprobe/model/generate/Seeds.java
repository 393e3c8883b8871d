package io.safeprobe.model.generate;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * The random numbers of each prompt: they depend on the seed and the prompt's number alone, so that prompts may be generated in batches of any size.
 *
 * @param first number of the first prompt of a batch among all prompts
 */
public record Seeds(long seed, long first) {
    /** For prompts that are generated at once. */
    public static Seeds of(long seed) {
        return new Seeds(seed, 0);
    }

    RandomGenerator random(int sequence) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 0x9E3779B97F4A7C15L + first + sequence);
    }
}
