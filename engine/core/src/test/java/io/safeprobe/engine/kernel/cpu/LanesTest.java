package io.safeprobe.engine.kernel.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.junit.jupiter.api.Test;

/** Widening of stored weights over every bit pattern, bounds of memory, and reductions across lanes. */
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

    /** What every kernel relies on instead of the checks of the library: the first and the last place are reached, the ones beside them are an exception. */
    @Test
    void whatIsOutsideIsNotTouched() {
        int count = 3 * Lanes.COUNT;
        FloatVector ones = FloatVector.broadcast(Lanes.S, 1f);
        VectorMask<Float> two = Lanes.tail(0, 2);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocate(4L * (count + 2 * Lanes.COUNT), 64).fill((byte) 0);
            MemorySegment data = all.asSlice(4L * Lanes.COUNT, 4L * count);
            requireBounds(count - Lanes.COUNT, i -> Lanes.load(data, i));
            requireBounds(count - 2, i -> Lanes.load(data, i, two));
            requireBounds(count - 1, i -> Lanes.get(data, i));
            requireBounds(count - 1, i -> Lanes.getInt(data, i));
            requireBounds(2 * count - Lanes.COUNT, i -> Lanes.loadBf16(data, i));
            requireBounds(2 * count - Lanes.COUNT, i -> Lanes.loadF16(data, i));
            requireBounds(2 * count - 1, i -> Lanes.widen(DType.BF16, data, i));
            requireBounds(count - Lanes.COUNT, i -> Lanes.store(ones, data, i));
            requireBounds(count - 2, i -> Lanes.store(ones, data, i, two));
            requireBounds(count - 1, i -> Lanes.set(data, i, 1));
            requireBounds(2 * count - 1, i -> Lanes.setShort(data, i, (short) 1));
            for (int i = 0; i < Lanes.COUNT; i++) {
                assertThat(Lanes.get(all, i)).isZero();
                assertThat(Lanes.get(all, Lanes.COUNT + (long) count + i)).isZero();
            }
            MemorySegment mapped = data.asReadOnly();
            assertThat(Lanes.get(mapped, 0)).isEqualTo(Lanes.get(data, 0));
            assertThatThrownBy(() -> Lanes.set(mapped, 0, 2)).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> Lanes.store(ones, mapped, 0)).isInstanceOf(UnsupportedOperationException.class);
        }
    }

    private static void requireBounds(long last, LongConsumer access) {
        access.accept(0);
        access.accept(last);
        for (long outside : new long[] {-1, last + 1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 61}) {
            assertThatThrownBy(() -> access.accept(outside)).as("at %s", outside).isInstanceOf(IndexOutOfBoundsException.class);
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
