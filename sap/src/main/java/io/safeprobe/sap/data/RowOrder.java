package io.safeprobe.sap.data;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * The order of rows in each pass over them: that of the file, or shuffled by (seed, stream, pass) and nothing else, so that a run that
 * goes on after a stop needs no generator state.
 *
 * @param stream keeps the orders of different data sets under one seed apart
 */
record RowOrder(int rows, long seed, long stream, boolean shuffle) {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    /** The rows of pass {@code pass}, each once. */
    int[] pass(long pass) {
        int[] order = new int[rows];
        for (int i = 0; i < rows; i++) {
            order[i] = i;
        }
        if (!shuffle) {
            return order;
        }
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(mix(mix(mix(seed) + stream * GOLDEN) + pass * GOLDEN));
        for (int i = rows - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int moved = order[i];
            order[i] = order[j];
            order[j] = moved;
        }
        return order;
    }

    /** Spreads neighbouring numbers over all 64 bits (the finalizer of SplitMix64, Steele et al. 2014). */
    private static long mix(long z) {
        long once = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        long twice = (once ^ (once >>> 27)) * 0x94d049bb133111ebL;
        return twice ^ (twice >>> 31);
    }
}
