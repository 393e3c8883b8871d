package io.safeprobe.engine.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Outputs and input gradients that PyTorch gave in float64, see {@code testdata/golden/README.md}. */
class GoldenOpsTest {
    private static final double FLOAT32 = 1e-5;
    private static final double FLOAT64 = 1e-12;

    /** What an operation makes of its inputs, which come by name. */
    interface Model {
        Value of(Inputs inputs);
    }

    record Case(String name, List<String> differentiable, Model model) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** The inputs of one case as values of a graph. */
    record Inputs(Graph graph, DType dtype, String name, Map<String, Tensor> golden, Map<String, Value> variables) {
        Value get(String input) {
            Value variable = variables.get(input);
            return variable == null ? graph.constant(converted(graph.scope(), tensor(input), dtype)) : variable;
        }

        Tensor tensor(String input) {
            return named(golden, name + "." + input);
        }

        Value ids(String input) {
            return ids(Shape.of(tensor(input).elements()), Arrays.stream(tensor(input).toDoubles()).mapToInt(id -> (int) id).toArray());
        }

        Value ids(Shape shape, int... ids) {
            return graph.constant(Tensor.of(graph.scope(), shape, ids));
        }
    }

    static Stream<Case> cases() {
        return Stream.of(
                        Stream.of("theta10000", "theta500000").map(form -> new Case("rotary." + form, List.of("x"), GoldenOpsTest::rotary)),
                        // The file rounds epsilon to float32; the numbers were made with these.
                        Map.of("plain", 1e-5, "tiny", 1e-5, "huge", 1e-6, "zero_row", 1e-6).entrySet().stream().map(form -> new Case("rms_norm." + form.getKey(),
                                List.of("x", "weight"), inputs -> inputs.get("x").rmsNorm(inputs.get("weight"), form.getValue()))),
                        Stream.of("h4kv2", "h6kv1", "h3kv3").map(form -> new Case("attention." + form, List.of("q", "k", "v"), inputs -> attention(inputs, 0))),
                        Map.of("capped", 2.0, "capped_gemma", 50.0).entrySet().stream().map(form -> new Case("attention." + form.getKey(), List.of("q", "k", "v"),
                                inputs -> attention(inputs, form.getValue()))),
                        Map.of("plain", 0.0, "capped", 3.0, "capped_gemma", 30.0).entrySet().stream().map(form -> new Case("linear_head." + form.getKey(),
                                List.of("x", "weight"), inputs -> inputs.get("x").linearCrossEntropy(inputs.get("weight"), inputs.ids("labels"), form.getValue()))),
                        Stream.of("ignore", "one_label", "extreme").map(form -> new Case("cross_entropy." + form, List.of("logits"), GoldenOpsTest::crossEntropy)),
                        Map.of("logsigmoid", Curve.LOG_SIGMOID, "silu", Curve.SILU, "gelu_erf", Curve.GELU, "gelu_tanh", Curve.GELU_TANH, "tanh", Curve.TANH).entrySet().stream()
                                .map(curve -> new Case(curve.getKey(), List.of("x"), inputs -> inputs.get("x").apply(curve.getValue()))))
                .flatMap(all -> all);
    }

    private static Value rotary(Inputs inputs) {
        Value x = flat(inputs.get("x"));
        // The file has a column for each channel; the two halves are equal.
        long half = inputs.tensor("cos").shape().dim(-1) / 2;
        Value cos = inputs.get("cos");
        return x.rotary(cos.slice(0, cos.shape().rows(), 0, half), inputs.get("sin").slice(0, cos.shape().rows(), 0, half));
    }

    private static Value attention(Inputs inputs, double softcap) {
        Shape q = inputs.tensor("q").shape();
        int heads = (int) q.dim(1);
        int[] starts = Arrays.stream(inputs.tensor("starts").toDoubles()).mapToInt(start -> (int) start).toArray();
        int[] segments = new int[4 * (starts.length - 1)];
        for (int i = 0; i + 1 < starts.length; i++) {
            int length = starts[i + 1] - starts[i];
            System.arraycopy(new int[] {starts[i], length, starts[i], length}, 0, segments, 4 * i, 4);
        }
        return flat(inputs.get("q")).attention(flat(inputs.get("k")), flat(inputs.get("v")), inputs.ids(Shape.of(starts.length - 1, 4), segments),
                heads, (int) inputs.tensor("k").shape().dim(1), 1 / Math.sqrt((double) q.dim(2)), softcap);
    }

    private static Value crossEntropy(Inputs inputs) {
        long labelled = Arrays.stream(inputs.tensor("labels").toDoubles()).filter(label -> label >= 0).count();
        return inputs.get("logits").crossEntropy(inputs.ids("labels"), -100).sum().scale(1.0 / labelled);
    }

    /** {@code [tokens, heads, dim]} as {@code [tokens, heads * dim]}. */
    private static Value flat(Value value) {
        return value.reshape(Shape.of(value.shape().dim(0), value.shape().elements() / value.shape().dim(0)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theReferenceInFloat64(Case one) {
        check(one, new ReferenceKernels(), DType.F64, FLOAT64);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theVectorKernels(Case one) {
        try (VectorKernels kernels = new VectorKernels(2)) {
            check(one, kernels, DType.F32, FLOAT32);
        }
    }

    private static void check(Case one, Kernels kernels, DType dtype, double tolerance) {
        try (Memory memory = Memory.ofLimit(1L << 26);
                Scope scope = memory.scope();
                SafetensorsFile file = SafetensorsFile.open(memory, Path.of(System.getProperty("safeprobe.root"), "testdata/golden/ops.safetensors"))) {
            Graph graph = new Graph(kernels, scope);
            Map<String, Tensor> golden = file.tensors();
            Map<String, Value> variables = new LinkedHashMap<>();
            one.differentiable().forEach(input -> variables.put(input, graph.variable(converted(scope, named(golden, one.name() + "." + input), dtype))));
            Value y = one.model().of(new Inputs(graph, dtype, one.name(), golden, variables));
            alike(one.name() + ".y", golden, y.tensor(), tolerance);
            Value seed = graph.constant(converted(scope, named(golden, one.name() + ".dy"), dtype)).reshape(y.shape());
            List<Tensor> gradients = graph.gradient(y.mul(seed).sum(), List.copyOf(variables.values()));
            for (int i = 0; i < gradients.size(); i++) {
                alike(one.name() + ".d" + one.differentiable().get(i), golden, gradients.get(i), tolerance);
            }
        }
    }

    private static Tensor named(Map<String, Tensor> golden, String name) {
        return Objects.requireNonNull(golden.get(name), name);
    }

    private static Tensor converted(Scope scope, Tensor tensor, DType dtype) {
        return dtype == DType.F64 ? Tensor.of(scope, tensor.shape(), tensor.toDoubles()) : Tensor.of(scope, tensor.shape(), tensor.toFloats());
    }

    /** Differences in units of the largest value, since small elements are differences of large ones. */
    private static void alike(String name, Map<String, Tensor> golden, Tensor actual, double tolerance) {
        double[] expected = named(golden, name).toDoubles();
        double[] found = actual.toDoubles();
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        assertThat(found).as(name).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(Math.abs(found[i] - expected[i])).as("%s[%d]: %s, expected %s", name, i, found[i], expected[i]).isLessThanOrEqualTo(tolerance * largest);
        }
    }
}
