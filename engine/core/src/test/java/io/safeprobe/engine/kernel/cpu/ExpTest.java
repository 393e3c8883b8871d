package io.safeprobe.engine.kernel.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/** The vectorised exponential against {@link Math#exp} over its whole range. */
final class ExpTest {
    private static float exp(float x) {
        return Exp.of(FloatVector.broadcast(Lanes.S, x)).lane(0);
    }

    @Test
    void isAccurateToFourInTenMillion() {
        for (int i = 0; i < 200_000; i++) {
            float x = -87.3f + 176f * i / 200_000;
            double exact = Math.exp(x);
            assertThat(Math.abs(exp(x) - exact) / exact).as("exp(%s)", x).isLessThan(4e-7);
        }
    }

    @Test
    void hasTheRightLimits() {
        assertThat(exp(0f)).isEqualTo(1f);
        assertThat(exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(exp(-200f)).isZero();
        assertThat(exp(-1e30f)).isZero();
        assertThat(exp(89f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(exp(1e30f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(exp(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(exp(Float.NaN)).isNaN();
    }
}
