package io.safeprobe.engine.bench;

import io.safeprobe.engine.tensor.Tensor;

/** How far computed values are from expected ones. */
final class Difference {
    /** What float32 kernels may differ by in sums of some thousand terms. */
    static final double TOLERANCE = 1e-4;

    private Difference() {}

    /**
     * The largest difference, relative to the root mean square of what is expected: an element that is small by cancellation has no
     * relative accuracy of its own.
     *
     * @throws WrongResultException when it is above {@link #TOLERANCE} or not a number
     */
    static void check(String what, double[] actual, double[] expected) {
        if (actual.length != expected.length) {
            throw new WrongResultException(what + " has " + actual.length + " elements instead of " + expected.length);
        }
        double squares = 0;
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            squares += expected[i] * expected[i];
            largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
        }
        double relative = largest / Math.sqrt(squares / expected.length);
        if (!(relative <= TOLERANCE)) {
            throw new WrongResultException(what + " is wrong by " + relative + " of the root mean square, more than " + TOLERANCE);
        }
    }

    /** As above, for two tensors. */
    static void check(String what, Tensor actual, Tensor expected) {
        check(what, actual.toDoubles(), expected.toDoubles());
    }
}
