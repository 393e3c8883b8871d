package io.safeprobe.engine.bench;

import org.jspecify.annotations.Nullable;

/**
 * A case ready to run: our side, and the side it is compared with.
 *
 * @param ours our kernels
 * @param other does the same work; null where nothing does
 * @param against what {@code other} is, in a word or two
 * @param work operations or bytes of one run, the rate per nanosecond being in {@code unit}; 0 where neither means anything
 * @param unit GFLOP/s, GB/s or empty
 */
record Pair(Side ours, @Nullable Side other, String against, double work, String unit) {
    static final String FLOPS = "GFLOP/s";
    static final String BYTES = "GB/s";
    static final String NO_RATE = "";
    static final String NOTHING = "-";
}
