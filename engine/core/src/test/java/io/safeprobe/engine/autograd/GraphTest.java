package io.safeprobe.engine.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.ShapeException;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The tape: what is recorded, what a backward pass computes and where it ends. */
class GraphTest {
    private final Memory memory = Memory.ofLimit(1 << 22);
    private final Scope scope = memory.scope();
    private final RecordingKernels kernels = new RecordingKernels();
    private final Graph graph = new Graph(kernels, scope);
    private final SplittableRandom random = new SplittableRandom(7);

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    private Tensor random(long... extents) {
        Shape shape = Shape.of(extents);
        return Tensor.of(scope, shape, random.doubles(shape.elements(), -1, 1).toArray());
    }

    private Value vector(double... values) {
        return graph.variable(Tensor.of(scope, Shape.of(values.length), values));
    }

    @Test
    void frozenWeightsGetNoGradient() {
        Value x = graph.variable(random(3, 4));
        Value frozen = graph.constant(random(5, 4));
        Value loss = x.linear(frozen).sum();
        kernels.forget();
        graph.gradient(loss, List.of(x));
        assertThat(kernels.count(Op.MatMul.class)).as("the gradient to x alone").isEqualTo(1);
    }

    @Test
    void onlyTheGradientsAskedForAreComputed() {
        Value x = graph.variable(random(3, 4));
        Value weight = graph.variable(random(5, 4));
        Value loss = x.linear(weight).sum();
        kernels.forget();
        graph.gradient(loss, List.of(weight));
        assertThat(kernels.count(Op.MatMul.class)).isEqualTo(1);
        kernels.forget();
        graph.gradient(loss, List.of(weight, x));
        assertThat(kernels.count(Op.MatMul.class)).isEqualTo(2);
    }

    @Test
    void aLoraLayerOverFrozenInputTrainsWithThreeProducts() {
        Value x = graph.constant(random(3, 4));
        Value a = graph.variable(random(2, 4));
        Value b = graph.variable(random(5, 2));
        Value loss = x.loraLinear(graph.constant(random(5, 4)), x, a, b, 0.5).sum();
        kernels.forget();
        graph.gradient(loss, List.of(a, b));
        assertThat(kernels.count(Op.MatMul.class)).as("g B, (g B)^T z and g^T h").isEqualTo(3);
        assertThat(kernels.count(Op.LoraLinear.class)).as("nothing is computed again").isZero();
    }

    @Test
    void theGradientToTheInputOfALoraLayerIsOneOperation() {
        Value x = graph.variable(random(3, 4));
        Tensor weight = random(5, 4);
        Value a = graph.variable(random(2, 4));
        Value b = graph.variable(random(5, 2));
        Value seed = graph.constant(random(3, 5));
        List<Value> variables = List.of(x, a, b);
        kernels.forget();
        List<Tensor> fused = graph.gradient(x.loraLinear(graph.constant(weight), x, a, b, 0.5).mul(seed).sum(), variables);
        assertThat(kernels.count(Op.LoraLinear.class)).as("forward and back").isEqualTo(2);
        assertThat(kernels.count(Op.MatMul.class)).as("to A and B").isEqualTo(2);
        assertThat(kernels.count(Op.AddScaled.class)).as("nothing is left to add up").isZero();
        List<Tensor> composed = graph.gradient(x.linear(graph.constant(weight)).add(x.linear(a).linear(b), 0.5).mul(seed).sum(), variables);
        for (int i = 0; i < variables.size(); i++) {
            assertThat(fused.get(i).toDoubles()).containsExactly(composed.get(i).toDoubles(), within(1e-12));
        }
    }

    @Test
    void whatIsBelowTheLowestVariableIsNotEvenRecorded() {
        Value ids = graph.constant(Tensor.of(scope, Shape.of(3), 0, 2, 1));
        Value hidden = graph.constant(random(4, 6)).gather(ids);
        for (int layer = 0; layer < 4; layer++) {
            hidden = layer(hidden);
        }
        assertThat(hidden.source()).isNull();
        assertThat(hidden.differentiable()).isFalse();
        Value probe = graph.variable(random(6));
        hidden = hidden.addRow(probe);
        assertThat(hidden.source()).isNotNull();
        for (int layer = 0; layer < 2; layer++) {
            hidden = layer(hidden);
        }
        Value loss = hidden.sum();
        kernels.forget();
        graph.gradient(loss, List.of(probe));
        assertThat(kernels.count(Op.MatMul.class)).as("one for each of the two layers above the probe").isEqualTo(2);
        assertThat(kernels.count(Op.ScatterAdd.class)).as("none for the embedding").isZero();
    }

    @Test
    void backwardEndsAtTheLowestVariableThatIsWanted() {
        Value bottom = graph.variable(random(3, 6));
        Value lower = layer(layer(layer(bottom)));
        Value probe = graph.variable(random(6));
        Value loss = layer(lower.addRow(probe)).sum();
        kernels.forget();
        graph.gradient(loss, List.of(probe));
        assertThat(kernels.count(Op.MatMul.class)).isEqualTo(1);
        kernels.forget();
        graph.gradient(loss, List.of(bottom));
        assertThat(kernels.count(Op.MatMul.class)).isEqualTo(4);
        assertThat(kernels.count(Op.SumRows.class)).as("the probe is not wanted").isZero();
    }

    private Value layer(Value hidden) {
        return hidden.linear(graph.constant(random(6, 6))).apply(Curve.SILU);
    }

    @Test
    void aBranchThatEndsNowhereCostsNothing() {
        Value x = graph.variable(random(3, 6));
        Value unused = layer(x);
        Value loss = x.mul(x).sum();
        kernels.forget();
        graph.gradient(loss, List.of(x));
        assertThat(unused.source()).isNotNull();
        assertThat(kernels.count(Op.MatMul.class)).isZero();
    }

    @Test
    void aValueUsedTwiceGathersBothGradients() {
        Value x = vector(3, -2);
        Value y = x.mul(x).add(x).sum();
        assertThat(graph.gradient(y, List.of(x)).getFirst().toDoubles()).as("2 x + 1").containsExactly(7, -3);
    }

    @Test
    void aValueUsedByManyGathersAll() {
        Value x = vector(2);
        Value sum = x.scale(1);
        for (int i = 2; i <= 10; i++) {
            sum = sum.add(x, i);
        }
        assertThat(graph.gradient(sum, List.of(x)).getFirst().item()).isEqualTo(55);
    }

    @Test
    void anIntermediateValueHasAGradientToo() {
        Value x = vector(3);
        Value h = x.scale(2);
        Value y = h.mul(h);
        List<Tensor> gradients = graph.gradient(y, List.of(h, x, y));
        assertThat(gradients.get(0).item()).as("2 h").isEqualTo(12);
        assertThat(gradients.get(1).item()).as("4 h").isEqualTo(24);
        assertThat(gradients.get(2).item()).as("itself").isEqualTo(1);
    }

    @Test
    void whereNothingFlowsTheGradientIsZeroOrNull() {
        Value x = vector(3);
        Value other = vector(1, 2);
        Value y = x.mul(x);
        assertThat(graph.gradient(y, List.of(other)).getFirst().toDoubles()).containsExactly(0, 0);
        List<@Nullable Value> gradients = graph.gradient(List.of(y), List.of(vector(1)), List.of(other, x), false);
        assertThat(gradients.get(0)).isNull();
        assertThat(gradients.get(1)).isNotNull();
    }

    @Test
    void severalOutputsAreSeededAtOnce() {
        Value x = vector(1, 2);
        Value double3 = x.scale(3);
        Value square = x.mul(x);
        List<@Nullable Value> gradients =
                graph.gradient(List.of(double3, square, double3), List.of(vector(1, 10), vector(100, 1000), vector(1, 1)),
                        List.of(x), false);
        Value gradient = gradients.getFirst();
        assertThat(gradient).isNotNull();
        assertThat(gradient.tensor().toDoubles()).as("3 (s + s') + 2 x t").containsExactly(3 * 2 + 200, 3 * 11 + 4000);
    }

    @Test
    void gradientsMayBeChangedInPlaceOneByOne() {
        Value a = vector(1, 2);
        Value sum = a.add(vector(3, 4));
        Value flat = sum.reshape(Shape.of(1, 2));
        List<Tensor> gradients = graph.gradient(flat.sum(), List.of(a, sum, flat, a));
        for (Tensor gradient : gradients) {
            kernels.apply(new Update.Accumulate(1), gradient, gradient);
        }
        assertThat(gradients).allSatisfy(gradient -> assertThat(gradient.toDoubles()).containsExactly(2, 2));
    }

    @Test
    void aGradientIsNotRecordedUnlessItIsToBeDifferentiated() {
        Value x = vector(2);
        Value y = x.mul(x).mul(x);
        List<@Nullable Value> plain = graph.gradient(List.of(y), List.of(vector(1)), List.of(x), false);
        Value gradient = plain.getFirst();
        assertThat(gradient).isNotNull();
        assertThat(gradient.source()).isNull();
    }

    @Test
    void aCubeCanBeDifferentiatedThreeTimes() {
        Value x = vector(2);
        Value derivative = x.mul(x).mul(x);
        double[] expected = {12, 12, 6};
        for (double value : expected) {
            derivative = derivativeOf(derivative, x);
            assertThat(derivative.tensor().item()).isEqualTo(value);
        }
    }

    private Value derivativeOf(Value y, Value x) {
        Value one = graph.filled(DType.F64, y.shape(), 1);
        Value derivative = graph.gradient(List.of(y), List.of(one), List.of(x), true).getFirst();
        assertThat(derivative).isNotNull();
        return derivative;
    }

    @Test
    void aConstantIsNoVariable() {
        Value x = graph.constant(random(3));
        assertThat(graph.gradient(x.mul(x).sum(), List.of(x)).getFirst().toDoubles())
                .as("it was not recorded, so it counts as independent")
                .containsExactly(0, 0, 0);
    }

    @Test
    void weightsOfHalfPrecisionPassTheGradientThrough() {
        Tensor stored = Tensor.zeros(scope, DType.BF16, Shape.of(2, 3));
        kernels.apply(new Update.Copy(), stored, Tensor.of(scope, Shape.of(2, 3), 1.0, -2, 0.5, 4, 8, -0.25));
        Value x = graph.variable(Tensor.of(scope, Shape.of(1, 3), 1f, 1f, 1f));
        Value loss = x.linear(graph.constant(stored)).sum();
        assertThat(graph.gradient(loss, List.of(x)).getFirst().toDoubles()).as("column sums").containsExactly(5, 6, 0.25);
    }

    @Test
    void theSameTensorMayPlayEveryPartOfAFusedOperation() {
        Tensor tensor = random(3, 4);
        Value segments = graph.constant(Tensor.of(scope, Shape.of(1, 4), 0, 3, 0, 3));
        Value x = graph.variable(tensor);
        Value y = x.attention(x, x, segments, 2, 2, 0.7);
        Value seed = graph.constant(random(3, 4));
        Value direction = graph.constant(random(3, 4));
        Value first = graph.gradient(List.of(y), List.of(seed), List.of(x), true).getFirst();
        assertThat(first).isNotNull();
        Value second = graph.gradient(List.of(first), List.of(direction), List.of(x), false).getFirst();
        assertThat(second).isNotNull();
        for (int i = 0; i < 12; i++) {
            double at = tensor.get(i);
            tensor.set(i, at + 1e-5);
            double above = slope(tensor, segments, seed, direction);
            tensor.set(i, at - 1e-5);
            double below = slope(tensor, segments, seed, direction);
            tensor.set(i, at);
            assertThat(second.tensor().get(i)).isCloseTo((above - below) / 2e-5, within(1e-7));
        }
    }

    private double slope(Tensor tensor, Value segments, Value seed, Value direction) {
        Value x = graph.variable(tensor);
        Value y = x.attention(x, x, segments, 2, 2, 0.7);
        Value first = graph.gradient(List.of(y), List.of(seed), List.of(x), false).getFirst();
        assertThat(first).isNotNull();
        return first.mul(direction).sum().tensor().item();
    }

    @Test
    void onlyAScalarHasAGradientWithoutSeeds() {
        Value x = vector(1, 2);
        Value y = x.mul(x);
        assertThatThrownBy(() -> graph.gradient(y, List.of(x)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("gradient of a scalar")
                .hasMessageContaining("[2]");
    }

    @Test
    void seedsMustFitTheirOutputs() {
        Value x = vector(1, 2);
        Value y = x.mul(x);
        assertThatThrownBy(() -> graph.gradient(List.of(y), List.of(vector(1, 2, 3)), List.of(x), false))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("[3]")
                .hasMessageContaining("[2]");
        assertThatThrownBy(() -> graph.gradient(List.of(y), List.of(), List.of(x), false))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("1 outputs need as many seeds, not 0");
    }

    @Test
    void theLogSumExpOfAttentionHasNoDerivative() {
        Value q = graph.variable(random(2, 2));
        Value segments = graph.constant(Tensor.of(scope, Shape.of(1, 4), 0, 2, 0, 2));
        Value logSumExp = graph.run(new Op.Attention(1, 1, 1, 0), List.of(q, q, q, segments)).get(1);
        assertThatThrownBy(() -> graph.gradient(logSumExp.sum(), List.of(q)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the second output of Attention[heads=1, kvHeads=1, scale=1.0, softcap=0.0] has no derivative");
    }

    @Test
    void aDerivativeBeyondTheTableIsRefusedWithTheNameOfTheFunction() {
        Value x = vector(0.5);
        Value third = derivativeOf(derivativeOf(x.apply(Curve.GELU), x), x);
        assertThatThrownBy(() -> derivativeOf(third, x))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("Gate[curve=GELU, order=3]")
                .hasMessageContaining("derivatives go up to order 2");
    }

    @Test
    void afterAFailureTheGraphRecordsAsBefore() {
        Value x = vector(0.5);
        Value third = derivativeOf(derivativeOf(x.apply(Curve.GELU), x), x);
        Value one = graph.filled(DType.F64, third.shape(), 1);
        assertThatThrownBy(() -> graph.gradient(List.of(third), List.of(one), List.of(x), false)).isInstanceOf(ShapeException.class);
        assertThat(graph.recording()).isTrue();
        Value y = x.mul(x);
        assertThat(graph.gradient(y, List.of(x)).getFirst().item()).isEqualTo(1);
    }

    @Test
    void valuesOfTwoGraphsDoNotMix() {
        Value here = vector(1);
        Value there = new Graph(kernels, scope).variable(Tensor.of(scope, Shape.of(1), 2.0));
        assertThatThrownBy(() -> here.mul(there))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Mul[]")
                .hasMessageContaining("another graph");
    }

    @Test
    void aMalformedOperationLeavesNothingOnTheTape() {
        Value x = vector(1, 2);
        kernels.forget();
        assertThatThrownBy(() -> x.mul(vector(1, 2, 3))).isInstanceOf(ShapeException.class);
        assertThat(kernels.runs()).isEmpty();
    }

    @Test
    void aReshapeSharesMemory() {
        Value x = vector(1, 2, 3, 4);
        kernels.forget();
        Value y = x.reshape(Shape.of(2, 2));
        x.tensor().set(3, 9);
        assertThat(y.tensor().get(3)).isEqualTo(9);
        assertThat(kernels.runs()).isEmpty();
    }
}
