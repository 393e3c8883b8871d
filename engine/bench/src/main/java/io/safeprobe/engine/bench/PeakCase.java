package io.safeprobe.engine.bench;

import java.util.Arrays;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Multiply-adds between registers in every thread: the rate that no product exceeds, ours or another library's, and so how much faster than another one a product can be at all on
 * this processor. Sums are enough to hide the latency of any processor of today: 12, where two units of a latency of four steps need 8.
 */
record PeakCase() implements Case {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int SUMS = 12;
    /** Some 100 ms, since threads that have just been started may share a core for some milliseconds. */
    private static final int STEPS = 30_000_000;
    private static final float HALF = 0.5f;

    @Override
    public String name() {
        return "peak multiply-adds in registers";
    }

    @Override
    public Pair open(Lab lab) {
        float[] results = new float[lab.threads()];
        Side ours = () -> IntStream.range(0, results.length)
                .mapToObj(thread -> Thread.ofPlatform().start(() -> results[thread] = multiplyAdd()))
                .toList()
                .forEach(PeakCase::join);
        ours.run();
        double[] expected = new double[results.length];
        Arrays.fill(expected, SUMS * S.length());
        Difference.check("the sums of " + name(), IntStream.range(0, results.length).mapToDouble(thread -> results[thread]).toArray(), expected);
        return new Pair(ours, null, Pair.NOTHING, 2.0 * SUMS * S.length() * STEPS * results.length, Pair.FLOPS);
    }

    /** The sum of all elements of all sums, each of which goes half of the way to 1 in a step. */
    private static float multiplyAdd() {
        FloatVector half = FloatVector.broadcast(S, HALF);
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        FloatVector s8 = s0;
        FloatVector s9 = s0;
        FloatVector s10 = s0;
        FloatVector s11 = s0;
        for (int step = 0; step < STEPS; step++) {
            s0 = s0.fma(half, half);
            s1 = s1.fma(half, half);
            s2 = s2.fma(half, half);
            s3 = s3.fma(half, half);
            s4 = s4.fma(half, half);
            s5 = s5.fma(half, half);
            s6 = s6.fma(half, half);
            s7 = s7.fma(half, half);
            s8 = s8.fma(half, half);
            s9 = s9.fma(half, half);
            s10 = s10.fma(half, half);
            s11 = s11.fma(half, half);
        }
        FloatVector sum = s0.add(s1).add(s2).add(s3).add(s4).add(s5).add(s6).add(s7).add(s8).add(s9).add(s10).add(s11);
        float[] elements = new float[S.length()];
        sum.intoArray(elements, 0);
        float total = 0;
        for (float element : elements) {
            total += element;
        }
        return total;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
