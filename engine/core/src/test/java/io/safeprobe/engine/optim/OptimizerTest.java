package io.safeprobe.engine.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.ShapeException;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerTest {
    private final Memory memory = Memory.ofLimit(1 << 20);
    private final Scope scope = memory.scope();
    private final ReferenceKernels kernels = new ReferenceKernels();

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    private Tensor vector(double... values) {
        return Tensor.of(scope, Shape.of(values.length), values);
    }

    @Test
    void adamWAsTorchDoesIt() {
        // torch.optim.AdamW([1., -2.], lr=0.1) with gradients [0.5, -1], then [-0.25, 2], in float64.
        Tensor p = vector(1, -2);
        Optimizer optimizer = new Optimizer(kernels, scope, Optimizer.Rule.AdamW.PYTORCH, Map.of("p", p));
        optimizer.step(List.of(vector(0.5, -1)), 0.1);
        assertThat(p.get(0)).isCloseTo(1 * (1 - 0.001) - 0.1 * 0.5 / (0.5 + 1e-8), within(1e-12));
        assertThat(p.get(1)).isCloseTo(-2 * (1 - 0.001) + 0.1 * 1 / (1 + 1e-8), within(1e-12));
        double before = p.get(0);
        optimizer.step(List.of(vector(-0.25, 2)), 0.1);
        double first = (0.9 * 0.05 + 0.1 * -0.25) / (1 - 0.81);
        double second = (0.999 * 0.001 * 0.25 + 0.001 * 0.0625) / (1 - 0.999 * 0.999);
        assertThat(p.get(0)).isCloseTo(before * (1 - 0.001) - 0.1 * first / (Math.sqrt(second) + 1e-8), within(1e-12));
    }

    @Test
    void momentumAsTorchDoesIt() {
        Tensor p = vector(1);
        Optimizer optimizer = new Optimizer(kernels, scope, new Optimizer.Rule.Sgd(0.9, 0), Map.of("p", p));
        optimizer.step(List.of(vector(2)), 0.1);
        optimizer.step(List.of(vector(1)), 0.1);
        assertThat(p.item()).isCloseTo(1 - 0.1 * 2 - 0.1 * (0.9 * 2 + 1), within(1e-12));
    }

    @Test
    void aRestoredOptimizerGoesOnWithTheSameBits() {
        Tensor p = vector(1, 2, 3);
        Tensor q = vector(1, 2, 3);
        Optimizer straight = new Optimizer(kernels, scope, Optimizer.Rule.AdamW.PYTORCH, Map.of("w", p));
        Optimizer first = new Optimizer(kernels, scope, Optimizer.Rule.AdamW.PYTORCH, Map.of("w", q));
        Tensor g = vector(0.1, -0.2, 0.3);
        for (int i = 0; i < 3; i++) {
            straight.step(List.of(g), 0.01);
            first.step(List.of(g), 0.01);
        }
        Optimizer second = new Optimizer(kernels, scope, Optimizer.Rule.AdamW.PYTORCH, Map.of("w", q));
        second.restore(first.state(), first.steps());
        straight.step(List.of(g), 0.01);
        second.step(List.of(g), 0.01);
        assertThat(q.toDoubles()).isEqualTo(p.toDoubles());
    }

    @Test
    void aForeignCheckpointIsRefused() {
        Optimizer optimizer = new Optimizer(kernels, scope, Optimizer.Rule.AdamW.PYTORCH, Map.of("w", vector(1)));
        assertThatThrownBy(() -> optimizer.restore(Map.of(), 3)).hasMessageContaining("lacks 'w.exp_avg'").hasMessageContaining("another model or method");
        assertThatThrownBy(() -> optimizer.step(List.of(), 0.1)).isInstanceOf(ShapeException.class).hasMessageContaining("0 gradients");
    }

    @Test
    void clippingScalesToTheGivenNormAndLeavesSmallGradientsAlone() {
        Tensor a = vector(3, 0);
        Tensor b = vector(0, 4);
        assertThat(GradientNorm.clip(kernels, scope, List.of(a, b), 1)).isEqualTo(5);
        assertThat(GradientNorm.of(kernels, scope, List.of(a, b))).isCloseTo(1, within(1e-6));
        double[] before = a.toDoubles();
        GradientNorm.clip(kernels, scope, List.of(a, b), 10);
        assertThat(a.toDoubles()).isEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({
        // transformers: get_constant_schedule_with_warmup, get_linear_schedule_with_warmup, get_cosine_schedule_with_warmup; 4 of 20 steps
        "CONSTANT, 0, 0", "CONSTANT, 2, 0.5", "CONSTANT, 4, 1", "CONSTANT, 19, 1",
        "LINEAR, 1, 0.25", "LINEAR, 4, 1", "LINEAR, 12, 0.5", "LINEAR, 20, 0", "LINEAR, 30, 0",
        "COSINE, 3, 0.75", "COSINE, 4, 1", "COSINE, 12, 0.5", "COSINE, 16, 0.1464466094067262", "COSINE, 20, 0",
    })
    void schedules(Schedule.Kind kind, long step, double factor) {
        assertThat(new Schedule(kind, 2e-4, 4, 20).at(step)).isCloseTo(2e-4 * factor, within(1e-15));
    }

    @Test
    void anUnknownScheduleIsRefused() {
        assertThatThrownBy(() -> Schedule.Kind.parse("cosinus")).hasMessageContaining("choose constant, linear or cosine");
        assertThat(Schedule.Kind.parse("Cosine")).isEqualTo(Schedule.Kind.COSINE);
        assertThatThrownBy(() -> new Schedule(Schedule.Kind.LINEAR, Double.NaN, 0, 1)).hasMessageContaining("lr >= 0");
    }
}
