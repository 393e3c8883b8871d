package io.safeprobe.engine.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A whole small decoder layer with every fused operation in it: two packed sequences, low-rank adapters, a probe, grouped-query
 * attention, a gated feed-forward layer and cross-entropy at the labelled positions.
 */
class NetworkGradientTest {
    private static final int HIDDEN = 8;
    private static final int TOKENS = 5;
    private static final int VOCABULARY = 6;
    private static final double STEP = 1e-5;

    private final Kernels kernels = new ReferenceKernels();
    private final Memory memory = Memory.ofLimit(1 << 24);
    private final Scope scope = memory.scope();
    private final SplittableRandom random = new SplittableRandom(11);
    private final Frozen frozen = new Frozen(
            random(VOCABULARY, HIDDEN), random(HIDDEN, HIDDEN), random(4, HIDDEN), random(4, HIDDEN), random(12, HIDDEN),
                    random(12, HIDDEN),
            random(HIDDEN, 12), random(TOKENS, 2), random(TOKENS, 2));
    /** A and B of the adapter, the probe and the weight of the last norm. */
    private final List<Tensor> trained = List.of(random(2, HIDDEN), random(HIDDEN, 2), random(HIDDEN), random(HIDDEN));

    private record Frozen(Tensor embedding, Tensor query, Tensor key, Tensor value, Tensor gate, Tensor up, Tensor down,
            Tensor cos, Tensor sin) {}

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    private Tensor random(long... extents) {
        Shape shape = Shape.of(extents);
        return Tensor.of(scope, shape, random.doubles(shape.elements(), -1, 1).toArray());
    }

    private Tensor as(Scope target, DType dtype, Tensor tensor) {
        Tensor copy = Tensor.allocate(target, dtype, tensor.shape());
        for (long i = 0; i < tensor.elements(); i++) {
            copy.set(i, tensor.get(i));
        }
        return copy;
    }

    /** The mean loss of the labelled positions as a function of the trained tensors. */
    private Value loss(Graph graph, DType dtype, List<Value> parameters) {
        Scope inner = graph.scope();
        Value embedding = graph.constant(as(inner, dtype, frozen.embedding));
        Value ids = graph.constant(Tensor.of(inner, Shape.of(TOKENS), 1, 4, 2, 0, 3));
        Value segments = graph.constant(Tensor.of(inner, Shape.of(2, 4), 0, 3, 0, 3, 3, 2, 3, 2));
        Value cos = graph.constant(as(inner, dtype, frozen.cos));
        Value sin = graph.constant(as(inner, dtype, frozen.sin));
        Value x = embedding.gather(ids);
        Value ones = graph.filled(dtype, Shape.of(HIDDEN), 1);
        Value normed = x.rmsNorm(ones, 1e-5);
        Value q = normed.loraLinear(graph.constant(as(inner, dtype, frozen.query)), normed, parameters.get(0), parameters.get(1), 2)
                .rotary(cos, sin);
        Value k = normed.linear(graph.constant(as(inner, dtype, frozen.key))).rotary(cos, sin);
        Value v = normed.linear(graph.constant(as(inner, dtype, frozen.value)));
        x = x.add(q.attention(k, v, segments, 2, 1, 0.5)).addRow(parameters.get(2));
        Value wide = x.rmsNorm(parameters.get(3), 1e-5);
        Value gated = wide.linear(graph.constant(as(inner, dtype, frozen.gate)))
                .gate(Curve.SILU, wide.linear(graph.constant(as(inner, dtype, frozen.up))));
        x = x.add(gated.linear(graph.constant(as(inner, dtype, frozen.down))));
        Value labelled = x.gather(graph.constant(Tensor.of(inner, Shape.of(3), 1, 2, 4)));
        Value losses = labelled.linear(embedding).crossEntropy(graph.constant(Tensor.of(inner, Shape.of(3), 2, -100, 5)), -100);
        return losses.segmentSum(graph.constant(Tensor.of(inner, Shape.of(3), 0, 2, 3))).mean();
    }

    private double loss() {
        try (Scope inner = memory.scope()) {
            Graph graph = new Graph(kernels, inner);
            return loss(graph, DType.F64, trained.stream().map(graph::constant).toList()).tensor().item();
        }
    }

    private List<double[]> gradient(DType dtype) {
        try (Scope inner = memory.scope()) {
            Graph graph = new Graph(kernels, inner);
            List<Value> parameters = trained.stream().map(tensor -> graph.variable(as(inner, dtype, tensor))).toList();
            return graph.gradient(loss(graph, dtype, parameters), parameters).stream().map(Tensor::toDoubles).toList();
        }
    }

    /** The squared norm of the gradient. */
    private double squaredNorm() {
        double sum = 0;
        for (double[] part : gradient(DType.F64)) {
            for (double value : part) {
                sum += value * value;
            }
        }
        return sum;
    }

    /** The gradient of half the squared norm of the gradient: the Hessian times the gradient. */
    private List<double[]> gradientOfHalfSquaredNorm() {
        try (Scope inner = memory.scope()) {
            Graph graph = new Graph(kernels, inner);
            List<Value> parameters = trained.stream().map(graph::variable).toList();
            Value loss = loss(graph, DType.F64, parameters);
            Value one = graph.filled(DType.F64, loss.shape(), 1);
            List<@Nullable Value> gradients = graph.gradient(List.of(loss), List.of(one), parameters, true);
            Value total = graph.filled(DType.F64, Shape.of(1), 0);
            for (Value gradient : gradients) {
                assertThat(gradient).isNotNull();
                total = total.add(gradient.mul(gradient).sum(), 0.5);
            }
            return graph.gradient(total, parameters).stream().map(Tensor::toDoubles).toList();
        }
    }

    private static double slope(Tensor tensor, int element, DoubleSupplier function) {
        double at = tensor.get(element);
        tensor.set(element, at + STEP);
        double above = function.getAsDouble();
        tensor.set(element, at - STEP);
        double below = function.getAsDouble();
        tensor.set(element, at);
        return (above - below) / (2 * STEP);
    }

    @Test
    void theGradientOfEveryTrainedTensorAgreesWithCentralDifferences() {
        List<double[]> gradients = gradient(DType.F64);
        for (int i = 0; i < trained.size(); i++) {
            for (int element = 0; element < gradients.get(i).length; element++) {
                assertThat(gradients.get(i)[element])
                        .as("tensor %d, element %d", i, element)
                        .isCloseTo(slope(trained.get(i), element, this::loss), within(1e-8));
            }
        }
        assertThat(squaredNorm()).as("not vacuous").isGreaterThan(1e-3);
    }

    @Test
    void theHessianTimesTheGradientAgreesWithCentralDifferences() {
        List<double[]> products = gradientOfHalfSquaredNorm();
        for (int i = 0; i < trained.size(); i++) {
            for (int element = 0; element < products.get(i).length; element++) {
                assertThat(products.get(i)[element])
                        .as("tensor %d, element %d", i, element)
                        .isCloseTo(slope(trained.get(i), element, this::squaredNorm) / 2, within(1e-7));
            }
        }
    }

    @Test
    void aStepAgainstTheGradientLowersTheLoss() {
        double before = loss();
        List<double[]> gradients = gradient(DType.F64);
        for (int i = 0; i < trained.size(); i++) {
            for (int element = 0; element < gradients.get(i).length; element++) {
                Tensor tensor = trained.get(i);
                tensor.set(element, tensor.get(element) - 0.01 * gradients.get(i)[element]);
            }
        }
        assertThat(loss()).isLessThan(before);
    }

    @Test
    void float32GivesTheGradientOfFloat64UpToRounding() {
        List<double[]> exact = gradient(DType.F64);
        List<double[]> rounded = gradient(DType.F32);
        for (int i = 0; i < exact.size(); i++) {
            assertThat(rounded.get(i)).containsExactly(exact.get(i), within(2e-5));
        }
    }
}
