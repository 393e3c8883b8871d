package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.check.OpCase;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One case in float64 with random weights on its outputs, {@code L = sum of weight * output}: the loss, its gradient and the gradient
 * of {@code s = <gradient, direction>}. Every evaluation builds a graph of its own.
 */
final class Trial implements AutoCloseable {
    private static final double STEP = 1e-5;
    private static final int MOST_POINTS = 10;

    private final OpCase oneCase;
    private final boolean section;
    private final Memory memory = Memory.ofLimit(1L << 26);
    private final Scope scope = memory.scope();
    private final SplittableRandom random;
    private final List<Tensor> operands;
    private final List<Tensor> weights = new ArrayList<>();

    Trial(OpCase oneCase, long seed) {
        this(oneCase, seed, false);
    }

    /** The same numbers; the operation lies between copies of its operands and outputs in a section of the graph, which gives back what no derivative reads. */
    static Trial inSection(OpCase oneCase, long seed) {
        return new Trial(oneCase, seed, true);
    }

    private Trial(OpCase oneCase, long seed, boolean section) {
        this.oneCase = oneCase;
        this.section = section;
        this.random = new SplittableRandom(seed);
        this.operands = oneCase.tensors(scope, DType.F64, DType.F64);
        try (Scope inner = memory.scope()) {
            for (Value output : run(new Graph(new ReferenceKernels(), inner), Set.of()).outputs()) {
                weights.add(randomLike(output.tensor()));
            }
        }
    }

    /** The case on a graph. */
    private record Run(Graph graph, List<Value> operands, List<Value> outputs) {}

    private Run run(Graph graph, Set<Integer> variables) {
        List<Value> values = new ArrayList<>();
        for (int i = 0; i < operands.size(); i++) {
            Tensor tensor = operands.get(i);
            values.add(oneCase.operands().get(i) instanceof OpCase.Operand.Derived derived
                    ? graph.run(derived.producer(), derived.from().stream().map(values::get).toList()).get(derived.output())
                    : variables.contains(i) ? graph.variable(tensor) : graph.constant(tensor));
        }
        return new Run(graph, values, section ? graph.sections(() -> copies(outputs(graph, copies(values)))) : outputs(graph, values));
    }

    private List<Value> outputs(Graph graph, List<Value> operands) {
        return graph.run(oneCase.op(), operands).subList(0, oneCase.outputs());
    }

    private static List<Value> copies(List<Value> values) {
        return values.stream().map(value -> value.tensor().dtype().floating() ? value.scale(1) : value).toList();
    }

    /** Numbers of the operands that have a derivative. */
    Set<Integer> variables() {
        Set<Integer> variables = new TreeSet<>();
        for (int i = 0; i < operands.size(); i++) {
            if (oneCase.operands().get(i) instanceof OpCase.Operand.Real real && real.differentiable()) {
                variables.add(i);
            }
        }
        return variables;
    }

    Tensor operand(int index) {
        return operands.get(index);
    }

    List<Tensor> weights() {
        return weights;
    }

    /** Random directions of the shapes of some operands. */
    List<Tensor> directions(Set<Integer> variables) {
        return variables.stream().map(variable -> randomLike(operands.get(variable))).toList();
    }

    double loss() {
        try (Scope inner = memory.scope()) {
            List<Value> outputs = run(new Graph(new ReferenceKernels(), inner), Set.of()).outputs();
            double sum = 0;
            for (int i = 0; i < outputs.size(); i++) {
                sum += dot(outputs.get(i).tensor(), weights.get(i));
            }
            return sum;
        }
    }

    /** The gradient of the loss to the given operands, in their order. */
    List<double[]> gradient(Set<Integer> variables, boolean differentiable) {
        try (Scope inner = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), inner);
            Run run = run(graph, variables);
            List<Value> wanted = variables.stream().map(run.operands()::get).toList();
            List<@Nullable Value> gradients =
                    graph.gradient(run.outputs(), weights.stream().map(graph::constant).toList(), wanted, differentiable);
            return numbers(gradients, wanted);
        }
    }

    /** {@code s}, the inner product of the gradient to {@code variables} and {@code directions}. */
    double slope(Set<Integer> variables, List<Tensor> directions) {
        List<double[]> gradient = gradient(variables, false);
        double sum = 0;
        for (int i = 0; i < gradient.size(); i++) {
            for (int j = 0; j < gradient.get(i).length; j++) {
                sum += gradient.get(i)[j] * directions.get(i).get(j);
            }
        }
        return sum;
    }

    /** The gradient of {@code s} to {@code variables} and, after those, to the weights. */
    List<double[]> gradientOfSlope(Set<Integer> variables, List<Tensor> directions) {
        try (Scope inner = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), inner);
            Run run = run(graph, variables);
            List<Value> wanted = new ArrayList<>(variables.stream().map(run.operands()::get).toList());
            List<Value> seeds = weights.stream().map(graph::variable).toList();
            List<@Nullable Value> gradients = graph.gradient(run.outputs(), seeds, wanted, true);
            List<Value> reached = new ArrayList<>();
            List<Value> along = new ArrayList<>();
            for (int i = 0; i < gradients.size(); i++) {
                Value gradient = gradients.get(i);
                if (gradient != null) {
                    reached.add(gradient);
                    along.add(graph.constant(directions.get(i)));
                }
            }
            wanted.addAll(seeds);
            return numbers(graph.gradient(reached, along, wanted, false), wanted);
        }
    }

    /** Central difference of {@code function} in one element of a tensor of this trial. */
    double slope(Tensor tensor, int element, DoubleSupplier function) {
        double at = tensor.get(element);
        tensor.set(element, at + STEP);
        double above = function.getAsDouble();
        tensor.set(element, at - STEP);
        double below = function.getAsDouble();
        tensor.set(element, at);
        return (above - below) / (2 * STEP);
    }

    /** All elements of a small tensor, some of a larger one. */
    int[] points(Tensor tensor) {
        int elements = Math.toIntExact(tensor.elements());
        return elements <= MOST_POINTS
                ? IntStream.range(0, elements).toArray()
                : random.ints(MOST_POINTS, 0, elements).distinct().toArray();
    }

    private Tensor randomLike(Tensor tensor) {
        return Tensor.of(scope, tensor.shape(), random.doubles(tensor.elements(), -1, 1).toArray());
    }

    private static double dot(Tensor a, Tensor b) {
        double sum = 0;
        for (long i = 0; i < a.elements(); i++) {
            sum += a.get(i) * b.get(i);
        }
        return sum;
    }

    /** Zeros where no gradient came. */
    private static List<double[]> numbers(List<@Nullable Value> gradients, List<Value> like) {
        List<double[]> numbers = new ArrayList<>();
        for (int i = 0; i < gradients.size(); i++) {
            Value gradient = gradients.get(i);
            if (gradient == null) {
                numbers.add(new double[Math.toIntExact(like.get(i).tensor().elements())]);
            } else {
                if (!gradient.shape().equals(like.get(i).shape())) {
                    throw new AssertionError("a gradient of shape " + gradient.shape() + " for a variable of shape " + like.get(i).shape());
                }
                numbers.add(gradient.tensor().toDoubles());
            }
        }
        return numbers;
    }

    @Override
    public void close() {
        scope.close();
        memory.close();
    }
}
