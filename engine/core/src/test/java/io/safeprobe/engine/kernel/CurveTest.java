package io.safeprobe.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Curves against values of the literature and their derivatives against central differences. */
class CurveTest {
    @ParameterizedTest
    @CsvSource({
        "SILU, 0, -3, -0.14227761953270035",
        "SILU, 0, 0, 0.0",
        "SILU, 0, 0.5, 0.3112296656009273",
        "SILU, 0, 1, 0.7310585786300049",
        "SILU, 1, -3, -0.08810410601516962",
        "SILU, 1, 0, 0.5",
        "SILU, 1, 0.5, 0.7399611873026518",
        "SILU, 1, 1, 0.9276705118714867",
        "SILU, 2, -3, -0.032321404521006174",
        "SILU, 2, 0, 0.5",
        "SILU, 2, 0.5, 0.4412290269770286",
        "SILU, 2, 1, 0.3023661188100153",
        "GELU, 0, -3, -0.0040496940948902835",
        "GELU, 0, 0, 0.0",
        "GELU, 0, 0.5, 0.34573123063700656",
        "GELU, 0, 1, 0.8413447460685429",
        "GELU, 1, -3, -0.011945647204183927",
        "GELU, 1, 0, 0.5",
        "GELU, 1, 0.5, 0.8674951246561629",
        "GELU, 1, 1, 1.0833154705876864",
        "GELU, 2, -3, -0.03102293888356605",
        "GELU, 2, 0, 0.7978845608028654",
        "GELU, 2, 0.5, 0.6161143218375241",
        "GELU, 2, 1, 0.24197072451914334",
        "GELU_TANH, 0, -3, -0.003637392081773019",
        "GELU_TANH, 0, 0, 0.0",
        "GELU_TANH, 0, 0.5, 0.34571400982514394",
        "GELU_TANH, 0, 1, 0.8411919906082767",
        "GELU_TANH, 1, -3, -0.011584166630969726",
        "GELU_TANH, 1, 0, 0.5",
        "GELU_TANH, 1, 0.5, 0.8673699035346423",
        "GELU_TANH, 1, 1, 1.0829640838457826",
        "GELU_TANH, 2, -3, -0.031767658886074704",
        "GELU_TANH, 2, 0, 0.7978845608028654",
        "GELU_TANH, 2, 0.5, 0.6155068951159849",
        "GELU_TANH, 2, 1, 0.24214819798377296",
        "LOG_SIGMOID, 0, -3, -3.048587351573742",
        "LOG_SIGMOID, 0, 0, -0.6931471805599453",
        "LOG_SIGMOID, 0, 0.5, -0.4740769841801067",
        "LOG_SIGMOID, 0, 1, -0.3132616875182228",
        "LOG_SIGMOID, 1, -3, 0.9525741268224333",
        "LOG_SIGMOID, 1, 0, 0.5",
        "LOG_SIGMOID, 1, 0.5, 0.37754066879814546",
        "LOG_SIGMOID, 1, 1, 0.2689414213699951",
        "LOG_SIGMOID, 2, -3, -0.04517665973091213",
        "LOG_SIGMOID, 2, 0, -0.25",
        "LOG_SIGMOID, 2, 0.5, -0.2350037122015945",
        "LOG_SIGMOID, 2, 1, -0.19661193324148185",
        "TANH, 0, -3, -0.9950547536867305",
        "TANH, 0, 0, 0.0",
        "TANH, 0, 0.5, 0.46211715726000974",
        "TANH, 0, 1, 0.7615941559557649",
        "TANH, 1, -3, 0.00986603716544019",
        "TANH, 1, 0, 1.0",
        "TANH, 1, 0.5, 0.7864477329659274",
        "TANH, 1, 1, 0.4199743416140261",
        "TANH, 2, -3, 0.019634494363042435",
        "TANH, 2, 0, 0.0",
        "TANH, 2, 0.5, -0.7268619813835873",
        "TANH, 2, 1, -0.6397000084492245",
        "EXP, 0, -3, 0.049787068367863944",
        "EXP, 0, 0, 1.0",
        "EXP, 0, 0.5, 1.6487212707001282",
        "EXP, 0, 1, 2.718281828459045",
        "EXP, 1, -3, 0.049787068367863944",
        "EXP, 1, 0, 1.0",
        "EXP, 1, 0.5, 1.6487212707001282",
        "EXP, 1, 1, 2.718281828459045",
        "EXP, 2, -3, 0.049787068367863944",
        "EXP, 2, 0, 1.0",
        "EXP, 2, 0.5, 1.6487212707001282",
        "EXP, 2, 1, 2.718281828459045",
        "RSQRT, 0, 0.25, 2.0",
        "RSQRT, 0, 1, 1.0",
        "RSQRT, 0, 9, 0.3333333333333333",
        "RSQRT, 1, 0.25, -4.0",
        "RSQRT, 1, 1, -0.5",
        "RSQRT, 1, 9, -0.018518518518518517",
        "RSQRT, 2, 0.25, 24.0",
        "RSQRT, 2, 1, 0.75",
        "RSQRT, 2, 9, 0.0030864197530864196"
    })
    void knownValues(Curve curve, int order, double x, double expected) {
        assertThat(curve.at(order, x)).isCloseTo(expected, within(1e-15 + 4e-15 * Math.abs(expected)));
    }

    @Property(tries = 200, seed = "1")
    void eachDerivativeIsTheSlopeOfTheOneBefore(
            @ForAll Curve curve, @ForAll @IntRange(min = 1, max = Curve.MAX_ORDER) int order, @ForAll @DoubleRange(min = -6,
                    max = 6) double at) {
        double x = curve == Curve.RSQRT ? Math.abs(at) + 0.3 : at;
        double h = 1e-5;
        double slope = (curve.at(order - 1, x + h) - curve.at(order - 1, x - h)) / (2 * h);
        assertThat(curve.at(order, x)).isCloseTo(slope, within(1e-7 * (1 + Math.abs(slope))));
    }

    @Property(tries = 100, seed = "2")
    void farFromZeroTheGatesAreTheIdentityOrNothing(@ForAll @DoubleRange(min = 50, max = 1e6) double x) {
        for (Curve curve : new Curve[] {Curve.SILU, Curve.GELU, Curve.GELU_TANH}) {
            assertThat(curve.at(0, x)).isCloseTo(x, within(1e-9));
            assertThat(curve.at(1, x)).isCloseTo(1, within(1e-9));
            assertThat(curve.at(0, -x)).isCloseTo(0, within(1e-9));
            assertThat(curve.at(1, -x)).isCloseTo(0, within(1e-9));
            assertThat(curve.at(2, x)).isCloseTo(0, within(1e-9));
            assertThat(curve.at(2, -x)).isCloseTo(0, within(1e-9));
        }
        assertThat(Curve.LOG_SIGMOID.at(0, -x)).isCloseTo(-x, within(1e-9));
        assertThat(Curve.LOG_SIGMOID.at(0, x)).isCloseTo(0, within(1e-9));
    }

    @ParameterizedTest
    @EnumSource
    void aHigherDerivativeIsRefused(Curve curve) {
        assertThatThrownBy(() -> curve.at(3, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("derivative 3 of " + curve + " is not available; the highest is 2");
        assertThatThrownBy(() -> curve.at(-1, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @EnumSource
    void notANumberStaysNotANumber(Curve curve) {
        for (int order = 0; order <= Curve.MAX_ORDER; order++) {
            assertThat(curve.at(order, Double.NaN)).isNaN();
        }
    }

    @Test
    void farFromZeroTanhIsOneAndFlat() {
        assertThat(Curve.TANH.at(0, 1e6)).isEqualTo(1);
        assertThat(Curve.TANH.at(0, -1e6)).isEqualTo(-1);
        assertThat(Curve.TANH.at(1, 1e6)).isZero();
        assertThat(Curve.TANH.at(2, -1e6)).isZero();
    }

    @Test
    void theSigmoidGatesDoNotOverflow() {
        assertThat(Curve.SILU.at(0, -1e4)).isZero();
        assertThat(Curve.SILU.at(2, -1e4)).isZero();
        assertThat(Curve.LOG_SIGMOID.at(1, -1e4)).isEqualTo(1);
        assertThat(Curve.LOG_SIGMOID.at(2, 1e4)).isZero();
    }
}
