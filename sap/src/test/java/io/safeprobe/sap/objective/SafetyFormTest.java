package io.safeprobe.sap.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SafetyFormTest {
    @Property(tries = 200)
    void theSlopeIsTheDerivativeOfTheLoss(@ForAll @Size(5) List<@DoubleRange(min = -30, max = 30) Double> drawn, @ForAll @DoubleRange(min = 0.5, max = 20) double temperature) {
        double[] margins = drawn.stream().mapToDouble(Double::doubleValue).toArray();
        for (SafetyForm form : SafetyForm.values()) {
            SafetyForm.Slope slope = form.slope(margins, temperature);
            for (int i = 0; i < margins.length; i++) {
                double[] above = margins.clone();
                double[] below = margins.clone();
                above[i] += 1e-4;
                below[i] -= 1e-4;
                double expected = (form.loss(above, temperature) - form.loss(below, temperature)) / 2e-4;
                assertThat(slope.scale() * slope.direction().get(i)).isCloseTo(expected, within(1e-7));
            }
        }
    }

    @Test
    void aModelThatIsVerySureStillHasADirection() {
        SafetyForm.Slope slope = SafetyForm.CONTRASTIVE.slope(new double[] {2000, 2001, 4000}, 1);
        assertThat(slope.scale()).isZero();
        assertThat(slope.direction().get(0)).isEqualTo(-1);
        assertThat(slope.direction().get(1)).isCloseTo(-Math.exp(-1), within(1e-12));
        assertThat(slope.direction().get(2)).as("below what float32 can show").isZero();
        assertThat(SafetyForm.CONTRASTIVE.loss(new double[] {-2000}, 1)).isEqualTo(2000);
        assertThat(SafetyForm.CONTRASTIVE.loss(new double[] {0}, 1)).isCloseTo(Math.log(2), within(1e-15));
        assertThat(SafetyForm.DIFFERENCE.slope(new double[] {5, 7}, 2)).satisfies(flat -> {
            assertThat(flat.scale()).isEqualTo(0.25);
            assertThat(flat.direction()).containsExactly(-1.0, -1.0);
        });
    }
}
