package io.safeprobe.engine.kernel.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/** Widening of stored weights over every bit pattern, and reductions across lanes. */
final class LanesTest {
    private static final int PATTERNS = 1 << 16;

    private static float[] widened(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(2L * PATTERNS);
            for (int bits = 0; bits < PATTERNS; bits++) {
                data.set(Lanes.I16, 2L * bits, (short) bits);
            }
            float[] all = new float[PATTERNS];
            Lanes.widen(type, data, 0, PATTERNS, all, 0);
            return all;
        }
    }

    /** The same number, sign of zero included; any NaN is the same NaN. */
    private static void expectSame(int bits, float actual, float expected) {
        if (Float.floatToIntBits(actual) != Float.floatToIntBits(expected)) {
            fail("bits %x widen to %s, not %s", bits, actual, expected);
        }
    }

    @Test
    void widensEveryBf16() {
        float[] all = widened(DType.BF16);
        for (int bits = 0; bits < PATTERNS; bits++) {
            expectSame(bits, all[bits], DType.fromBf16((short) bits));
        }
    }

    @Test
    void widensEveryF16() {
        float[] all = widened(DType.F16);
        for (int bits = 0; bits < PATTERNS; bits++) {
            expectSame(bits, all[bits], Float.float16ToFloat((short) bits));
        }
    }

    @Test
    void sumsAndComparesAllLanes() {
        for (int largest = 0; largest < Lanes.COUNT; largest++) {
            float[] values = new float[Lanes.COUNT];
            float sum = 0;
            for (int i = 0; i < values.length; i++) {
                values[i] = i == largest ? 100 : -i;
                sum += values[i];
            }
            FloatVector vector = FloatVector.fromArray(Lanes.S, values, 0);
            assertThat(Lanes.sum(vector)).isEqualTo(sum);
            assertThat(Lanes.max(vector)).isEqualTo(100f);
        }
    }
}
