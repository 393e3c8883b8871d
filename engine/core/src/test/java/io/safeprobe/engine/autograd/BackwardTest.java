package io.safeprobe.engine.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.MemoryException;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The backward pass that gives memory back, and parts that are computed again: the same gradients in less memory. */
class BackwardTest {
    private static final int LAYERS = 6;
    private static final int ROWS = 40;
    private static final int WIDTH = 24;

    private final Memory memory = Memory.ofLimit(1 << 24);

    /** Tensors of one network, its gradients, and how much memory they took at most. */
    private record Outcome(List<double[]> gradients, long peak) {}

    @AfterEach
    void close() {
        memory.close();
    }

    /** Residual layers with a reshape in each, so that one memory has two values. */
    private static Value layer(Value x, Value weight) {
        Value h = x.rmsNorm(x.graph().filled(x.tensor().dtype(), Shape.of(WIDTH), 1), 1e-6).linear(weight).apply(Curve.SILU);
        return x.add(h.reshape(Shape.of(ROWS / 2, 2 * WIDTH)).reshape(Shape.of(ROWS, WIDTH)));
    }

    private Outcome run(boolean recompute, boolean giveBack) {
        SplittableRandom random = new SplittableRandom(3);
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value x = graph.variable(Tensor.of(scope, Shape.of(ROWS, WIDTH), random.doubles((long) ROWS * WIDTH, -1, 1).toArray()));
            List<Value> variables = new ArrayList<>(List.of(x));
            Value y = x;
            memory.resetPeak();
            for (int i = 0; i < LAYERS; i++) {
                Value weight = graph.variable(Tensor.of(scope, Shape.of(WIDTH, WIDTH), random.doubles((long) WIDTH * WIDTH, -0.3, 0.3).toArray()));
                variables.add(weight);
                y = recompute ? graph.recomputed(y, in -> layer(in, weight)) : layer(y, weight);
            }
            Value loss = y.mul(y).sum();
            List<Tensor> gradients = giveBack ? graph.backward(loss, variables) : graph.gradient(loss, variables);
            assertThat(loss.tensor().item()).as("the result stays readable").isPositive();
            return new Outcome(gradients.stream().map(Tensor::toDoubles).toList(), memory.peak());
        }
    }

    @Test
    void itGivesTheGradientsOfTheGraphThatKeepsAll() {
        Outcome kept = run(false, false);
        assertThat(run(false, true).gradients()).usingRecursiveComparison().isEqualTo(kept.gradients());
        assertThat(run(true, false).gradients()).usingRecursiveComparison().isEqualTo(kept.gradients());
        assertThat(run(true, true).gradients()).usingRecursiveComparison().isEqualTo(kept.gradients());
    }

    @Test
    void itTakesLessMemoryAndRecomputingLessStill() {
        long kept = run(false, false).peak();
        long givenBack = run(false, true).peak();
        assertThat(givenBack).isLessThan(kept * 2 / 3);
        assertThat(run(true, true).peak()).isLessThan(givenBack * 2 / 3);
    }

    @Test
    void whatLayInBetweenIsDeadAfterwards() {
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value x = graph.variable(Tensor.of(scope, Shape.of(2), 1.0, 2.0));
            Value square = x.mul(x);
            assertThat(graph.backward(square.sum(), List.of(x)).getFirst().toDoubles()).containsExactly(2, 4);
            assertThat(x.tensor().toDoubles()).as("leaves stay").containsExactly(1, 2);
            assertThatThrownBy(() -> square.tensor().toDoubles()).isInstanceOf(MemoryException.class).hasMessageContaining("given back");
        }
    }

    /** The gradient of the slope of the loss along a direction of the weights, and how much memory it took at most. */
    private Outcome twice(boolean recompute, boolean giveBack) {
        SplittableRandom random = new SplittableRandom(3);
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value x = graph.variable(Tensor.of(scope, Shape.of(ROWS, WIDTH), random.doubles((long) ROWS * WIDTH, -1, 1).toArray()));
            List<Value> weights = new ArrayList<>();
            List<Value> direction = new ArrayList<>();
            Value y = x;
            memory.resetPeak();
            for (int i = 0; i < LAYERS; i++) {
                Value weight = graph.variable(Tensor.of(scope, Shape.of(WIDTH, WIDTH), random.doubles((long) WIDTH * WIDTH, -0.3, 0.3).toArray()));
                weights.add(weight);
                direction.add(graph.constant(Tensor.of(scope, Shape.of(WIDTH, WIDTH), random.doubles((long) WIDTH * WIDTH, -1, 1).toArray())));
                y = recompute ? graph.recomputed(y, in -> layer(in, weight)) : layer(y, weight);
            }
            Value loss = y.mul(y).mul(y).sum();
            Value one = graph.filled(loss.tensor().dtype(), loss.shape(), 1);
            List<Value> slopes = new ArrayList<>();
            graph.gradient(List.of(loss), List.of(one), weights, true).forEach(slope -> slopes.add(java.util.Objects.requireNonNull(slope)));
            List<Value> variables = new ArrayList<>(weights);
            variables.add(x);
            List<Tensor> gradients = new ArrayList<>();
            if (giveBack) {
                gradients.addAll(graph.backward(slopes, direction, variables));
            } else {
                graph.gradient(slopes, direction, variables, false).forEach(gradient -> gradients.add(java.util.Objects.requireNonNull(gradient).tensor()));
            }
            assertThat(slopes.getFirst().tensor().toDoubles()).as("gradients that were differentiated stay readable").hasSize(WIDTH * WIDTH);
            return new Outcome(gradients.stream().map(Tensor::toDoubles).toList(), memory.peak());
        }
    }

    @Test
    void theGradientOfAGradientIsTheSameWhereMemoryIsGivenBack() {
        assertThat(twice(false, true).gradients()).usingRecursiveComparison().isEqualTo(twice(false, false).gradients());
        assertThat(twice(true, true).gradients()).usingRecursiveComparison().isEqualTo(twice(true, false).gradients());
    }

    @Test
    void recomputedPartsHaveAGradientOfTheirGradientInLessMemory() {
        Outcome kept = twice(false, true);
        Outcome again = twice(true, true);
        for (int i = 0; i < kept.gradients().size(); i++) {
            double[] wanted = kept.gradients().get(i);
            double size = java.util.Arrays.stream(wanted).map(Math::abs).max().orElseThrow();
            // The same sums in another order.
            assertThat(again.gradients().get(i)).containsExactly(wanted, org.assertj.core.api.Assertions.within(1e-13 * size));
            assertThat(size).as("not vacuous").isGreaterThan(1e-3);
        }
        assertThat(again.peak()).isLessThan(kept.peak() * 4 / 5);
    }

    @Test
    void aRecomputedPartIsDifferentiatedTwiceButNotThreeTimes() {
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value x = graph.variable(Tensor.of(scope, Shape.of(1), 3.0));
            Value cube = graph.recomputed(x, in -> in.mul(in).mul(in));
            Value one = graph.filled(x.tensor().dtype(), Shape.of(1), 1);
            Value slope = java.util.Objects.requireNonNull(graph.gradient(List.of(cube), List.of(one), List.of(x), true).getFirst());
            assertThat(slope.tensor().item()).isEqualTo(27);
            assertThatThrownBy(() -> graph.gradient(List.of(slope), List.of(one), List.of(x), true))
                    .isInstanceOf(IllegalStateException.class).hasMessageContaining("without recomputing");
            assertThat(graph.gradient(slope, List.of(x)).getFirst().item()).isEqualTo(18);
            assertThat(graph.gradient(cube, List.of(x)).getFirst().item()).as("the graph is as it was").isEqualTo(27);
        }
    }

    @Test
    void aRecomputedPartTakesComputedValuesOnlyAsItsInput() {
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value x = graph.variable(Tensor.of(scope, Shape.of(1), 3.0));
            Value twice = x.scale(2);
            assertThatThrownBy(() -> graph.recomputed(x, in -> in.mul(twice)))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("pass that in as the input");
        }
    }

    /** Layers as above, each a section or not. */
    private Outcome sections(boolean sections, boolean recompute) {
        SplittableRandom random = new SplittableRandom(3);
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value x = graph.variable(Tensor.of(scope, Shape.of(ROWS, WIDTH), random.doubles((long) ROWS * WIDTH, -1, 1).toArray()));
            List<Value> variables = new ArrayList<>(List.of(x));
            Value y = x;
            memory.resetPeak();
            for (int i = 0; i < LAYERS; i++) {
                Value weight = graph.constant(Tensor.of(scope, Shape.of(WIDTH, WIDTH), random.doubles((long) WIDTH * WIDTH, -0.3, 0.3).toArray()));
                UnaryOperator<Value> layer = in -> sections ? graph.section(() -> layer(in, weight)) : layer(in, weight);
                y = recompute ? graph.recomputed(y, layer) : layer.apply(y);
            }
            Value loss = y.mul(y).sum();
            return new Outcome(graph.backward(loss, variables).stream().map(Tensor::toDoubles).toList(), memory.peak());
        }
    }

    @Test
    void sectionsGiveTheSameGradientsInLessMemory() {
        Outcome whole = sections(false, false);
        Outcome sections = sections(true, false);
        assertThat(sections.gradients()).usingRecursiveComparison().isEqualTo(whole.gradients());
        // Of a layer what it gives out stays, and the argument of the curve; neither the norm's result nor the curve's.
        assertThat(sections.peak()).isLessThan(whole.peak() * 3 / 4);
        assertThat(sections(true, true).gradients()).usingRecursiveComparison().isEqualTo(whole.gradients());
    }

    @Test
    void ofASectionWithoutGradientsOnlyTheResultIsLeft() {
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value x = graph.constant(Tensor.of(scope, Shape.of(2), 1.0, 2.0));
            List<Value> between = new ArrayList<>();
            Value y = graph.section(() -> {
                between.add(x.mul(x));
                return between.getFirst().scale(3);
            });
            assertThat(y.tensor().toDoubles()).containsExactly(3, 12);
            assertThat(x.tensor().toDoubles()).as("what was there before stays").containsExactly(1, 2);
            assertThatThrownBy(() -> between.getFirst().tensor().toDoubles()).isInstanceOf(MemoryException.class).hasMessageContaining("given back");
        }
    }

    @Test
    void sectionsDoNotNestAndAFailureEndsOne() {
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value x = graph.constant(Tensor.of(scope, Shape.of(1), 3.0));
            assertThatThrownBy(() -> graph.section(() -> graph.section(() -> x.scale(2)))).isInstanceOf(IllegalStateException.class).hasMessageContaining("within another");
            assertThat(graph.section(() -> x.scale(2)).tensor().item()).isEqualTo(6);
        }
    }
}
