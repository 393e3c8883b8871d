package io.safeprobe.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Rounding to the 16-bit types: to nearest, ties to even, and what is no number stays none. */
class DTypeTest {
    @ParameterizedTest
    @CsvSource({
        "1.0, 0x3f80",
        "-2.0, 0xc000",
        // halfway between 0x3f80 and 0x3f81: the even one, downwards
        "1.00390625, 0x3f80",
        // halfway between 0x3f81 and 0x3f82: the even one, upwards
        "1.01171875, 0x3f82",
        // just above and just below a tie
        "1.0039064, 0x3f81",
        "1.0117186, 0x3f81",
        "-1.00390625, 0xbf80",
        "3.1415927, 0x4049",
        "0.0, 0x0000",
        "-0.0, 0x8000",
        "Infinity, 0x7f80",
        "-Infinity, 0xff80",
        // the largest float32 is nearer to 2^128, which is infinite
        "3.4028235E38, 0x7f80",
        // the smallest positive float32 rounds to zero, half of the smallest bfloat16 too, and a little more does not
        "1.4E-45, 0x0000",
        "4.591775E-41, 0x0000",
        "4.6E-41, 0x0001",
    })
    void bfloat16RoundsToNearestEven(float value, String bits) {
        assertThat(DType.toBf16(value) & 0xffff).isEqualTo(Integer.decode(bits));
    }

    @Test
    void everyBfloat16SurvivesTheRoundTrip() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = DType.fromBf16((short) bits);
            if (Float.isNaN(value)) {
                assertThat(DType.fromBf16(DType.toBf16(value))).isNaN();
            } else {
                assertThat(DType.toBf16(value) & 0xffff).isEqualTo(bits);
            }
        }
    }

    /** Adding the rounding bias to a NaN with a full significand would carry into the sign: it must not become a number. */
    @Test
    void noNaNBecomesANumber() {
        for (int bits : new int[] {0x7fffffff, 0xffffffff, 0x7f800001, 0xff800001, 0x7fc00000}) {
            assertThat(DType.fromBf16(DType.toBf16(Float.intBitsToFloat(bits)))).isNaN();
        }
    }

    @Property(tries = 500, seed = "1", shrinking = ShrinkingMode.OFF)
    void noOtherBfloat16IsNearer(@ForAll @FloatRange(min = -3.3e38f, max = 3.3e38f) float value) {
        short bits = DType.toBf16(value);
        double error = Math.abs((double) DType.fromBf16(bits) - value);
        double above = Math.abs((double) DType.fromBf16((short) (bits + 1)) - value);
        double below = Math.abs((double) DType.fromBf16((short) (bits - 1)) - value);
        boolean zero = (bits & 0x7fff) == 0;
        assertThat(error).isLessThanOrEqualTo(above);
        assertThat(zero || error <= below).as("%s against the bfloat16 below", value).isTrue();
    }

    @Test
    void everyFloat16SurvivesTheRoundTripThroughATensor() {
        try (Memory memory = Memory.ofLimit(1 << 20); Scope scope = memory.scope()) {
            Tensor tensor = Tensor.zeros(scope, DType.F16, Shape.of(1));
            for (int bits = 0; bits < 1 << 16; bits++) {
                float value = Float.float16ToFloat((short) bits);
                tensor.set(0, value);
                if (Float.isNaN(value)) {
                    assertThat(tensor.get(0)).isNaN();
                } else {
                    assertThat(tensor.get(0)).isEqualTo(value);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        // 11 bits of precision: 2049 lies between 2048 and 2050, 2051 between 2050 and 2052
        "2049, 2048",
        "2051, 2052",
        "65504, 65504",
        "65519, 65504",
        "65520, Infinity",
        "-70000, -Infinity",
        "5.9604645E-8, 5.9604645E-8",
        "2.9802322E-8, 0",
        "NaN, NaN",
    })
    void float16RoundsToNearestEven(double value, double stored) {
        try (Memory memory = Memory.ofLimit(1 << 20); Scope scope = memory.scope()) {
            Tensor tensor = Tensor.zeros(scope, DType.F16, Shape.of(1));
            tensor.set(0, value);
            assertThat(tensor.get(0)).isEqualTo(Double.valueOf((float) stored));
        }
    }

    @Test
    void float64KeepsAllItsBits() {
        try (Memory memory = Memory.ofLimit(1 << 20); Scope scope = memory.scope()) {
            Tensor tensor = Tensor.of(scope, Shape.of(3), 0.1, Double.MIN_VALUE, -Double.MAX_VALUE);
            assertThat(tensor.toDoubles()).containsExactly(0.1, Double.MIN_VALUE, -Double.MAX_VALUE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void namesMatchThoseOfTheFiles(DType dtype) {
        String expected = switch (dtype) {
            case F64 -> "f64 float64 8 true";
            case F32 -> "f32 float32 4 true";
            case F16 -> "f16 float16 2 true";
            case BF16 -> "bf16 bfloat16 2 true";
            case I64 -> "i64 int64 8 false";
            case I32 -> "i32 int32 4 false";
            case U8 -> "u8 uint8 1 false";
            case BOOL -> "bool bool 1 false";
        };
        assertThat(dtype.shortName() + " " + dtype.torchName() + " " + dtype.bytes() + " " + dtype.floating()).isEqualTo(expected);
    }
}
