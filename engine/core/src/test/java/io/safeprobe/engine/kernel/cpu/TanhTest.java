package io.safeprobe.engine.kernel.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/** The vectorised hyperbolic tangent against {@link Math#tanh}. */
final class TanhTest {
    private static float tanh(float x) {
        return Tanh.of(FloatVector.broadcast(Lanes.S, x)).lane(0);
    }

    private static float slope(float x) {
        return Tanh.slope(Tanh.of(FloatVector.broadcast(Lanes.S, x))).lane(0);
    }

    /** A cap of 50 over scores of 1 means arguments of 0.02: there the relative error counts. */
    @Test
    void isAccurateToFiveInTenMillionOfItsValue() {
        double worst = 0;
        double worstSlope = 0;
        for (int i = 0; i < 200_000; i++) {
            float x = (float) Math.exp(-20 + 23.0 * i / 200_000) * (i % 2 == 0 ? 1 : -1);
            double exact = Math.tanh(x);
            worst = Math.max(worst, Math.abs(tanh(x) - exact) / Math.abs(exact));
            worstSlope = Math.max(worstSlope, Math.abs(slope(x) - (1 - exact) * (1 + exact)));
        }
        assertThat(worst).isLessThan(5e-7);
        assertThat(worstSlope).isLessThan(1e-6);
    }

    @Test
    void hasTheRightLimits() {
        for (float far : new float[] {9.1f, 1e3f, 1e30f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
            assertThat(tanh(far)).isEqualTo(1f);
            assertThat(tanh(-far)).isEqualTo(-1f);
            assertThat(slope(far)).isZero();
        }
        assertThat(tanh(0f)).isZero();
        assertThat(slope(0f)).isEqualTo(1f);
        assertThat(tanh(Float.NaN)).isNaN();
        assertThat(slope(Float.NaN)).isNaN();
        assertThat(Tanh.slope(FloatVector.broadcast(Lanes.S, Float.NEGATIVE_INFINITY)).lane(0)).isZero();
    }

    /** What comes out above 1 by rounding must not turn the sign of a gradient. */
    @Test
    void theSlopeIsNeverNegative() {
        for (int i = 0; i < 100_000; i++) {
            assertThat(slope(5 + i * 5e-5f) >= 0).isTrue();
        }
    }
}
