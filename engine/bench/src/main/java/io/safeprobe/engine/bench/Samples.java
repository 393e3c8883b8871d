package io.safeprobe.engine.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The times of one case, in nanoseconds: those of equal index were measured one right after the other.
 *
 * @param name of the case
 * @param against what the other side is
 * @param work of one run, see {@link Pair}
 * @param unit of the rate, see {@link Pair}
 * @param ours our times
 * @param other times of the other side; empty where there is none
 */
record Samples(String name, String against, double work, String unit, List<Long> ours, List<Long> other) {
    boolean isCompared() {
        return !other.isEmpty();
    }

    double oursMedian() {
        return quantile(ours.stream().mapToDouble(Long::doubleValue).toArray(), 0.5);
    }

    double otherMedian() {
        return quantile(other.stream().mapToDouble(Long::doubleValue).toArray(), 0.5);
    }

    /** The quantile of the ratios of single pairs, other over ours: above 1 where ours is faster. */
    double ratio(double quantile) {
        return quantile(IntStream.range(0, ours.size()).mapToDouble(i -> (double) other.get(i) / ours.get(i)).toArray(), quantile);
    }

    /** Linear between the two nearest values. */
    private static double quantile(double[] values, double quantile) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double at = quantile * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
