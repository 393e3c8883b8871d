package io.safeprobe.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.RopeScaling;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraConfig;
import io.safeprobe.model.lora.LoraModule;
import io.safeprobe.model.lora.PeftFolder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Logits, loss and every gradient against PyTorch in float64. */
class GoldenDecoderTest {
    private static Kernels kernels(String name) {
        return name.equals("scalar") ? new ReferenceKernels() : new VectorKernels(2);
    }

    private static List<Arguments> foldersAndKernels() {
        return Golden.FOLDERS.stream().flatMap(folder -> Stream.of(Arguments.of(folder, "scalar"), Arguments.of(folder, "vector"))).toList();
    }

    private static List<Arguments> adaptersAndKernels() {
        return Golden.ADAPTERS.stream().flatMap(folder -> Stream.of(Arguments.of(folder, "scalar"), Arguments.of(folder, "vector"))).toList();
    }

    private static List<String> folders() {
        return Golden.FOLDERS;
    }

    private static List<int[]> rows(JsonNode json) {
        List<int[]> rows = new ArrayList<>();
        json.forEach(row -> rows.add(Golden.ints(row)));
        return rows;
    }

    @ParameterizedTest
    @MethodSource("foldersAndKernels")
    void logitsOfAPackedBatch(String folder, String backend) {
        try (Golden golden = Golden.open(folder, kernels(backend)); Scope scope = golden.memory.scope()) {
            assertLogits(golden, new Forward(new Graph(golden.kernels, scope), golden.model.config(), golden.model.weights()), "logits.");
        }
    }

    @ParameterizedTest
    @CsvSource({"scalar", "vector"})
    void logitsWithAnAdapterThatPeftWrote(String backend) {
        try (Golden golden = Golden.adapter("tiny-llama-peft", kernels(backend)); Scope scope = golden.memory.scope();
                LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, Golden.path("tiny-llama-peft"))) {
            Graph graph = new Graph(golden.kernels, scope);
            assertLogits(golden, new Forward(graph, golden.model.config(), golden.model.weights()).with(adapter, graph::constant), "logits.");
        }
    }

    private static void assertLogits(Golden golden, Forward forward, String prefix) {
        PackedTokens tokens = PackedTokens.of(rows(golden.json.path("ids")));
        Tensor logits = forward.logits(forward.hidden(tokens)).tensor();
        for (int i = 0; i < tokens.sequences(); i++) {
            assertClose(logits.rows(tokens.start(i), tokens.length(i)), golden.tensor(prefix + i), 1e-4, "row " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("foldersAndKernels")
    void lossAndEveryGradient(String folder, String backend) {
        try (Golden golden = Golden.open(folder, kernels(backend)); Scope scope = golden.memory.scope()) {
            Graph graph = new Graph(golden.kernels, scope);
            Map<String, Value> variables = new LinkedHashMap<>();
            Forward forward = new Forward(graph, golden.model.config(), golden.model.weights());
            golden.model.weights().all().forEach((name, weight) -> {
                Tensor wide = Tensor.allocate(scope, DType.F32, weight.shape());
                golden.kernels.apply(new Update.Copy(), wide, weight);
                variables.put(name, graph.variable(wide));
                forward.with(name, variables.get(name));
            });
            Value loss = loss(golden, graph, forward);
            assertThat(loss.tensor().item()).isCloseTo(golden.json.path("loss").asDouble(), within(1e-5));
            List<Tensor> gradients = graph.gradient(loss, new ArrayList<>(variables.values()));
            int i = 0;
            for (String name : variables.keySet()) {
                assertClose(gradients.get(i++), golden.tensor("grad." + name), 1e-4, name);
            }
        }
    }

    /** With B = 0 the gradient to B is {@code scale (dL/dW) A^T}, and that to A is zero. */
    @ParameterizedTest
    @MethodSource("folders")
    void gradientsOfAFreshAdapterOnEveryLinearLayer(String folder) {
        try (Golden golden = Golden.open(folder, new VectorKernels(2)); Scope scope = golden.memory.scope();
                LoraAdapter adapter = LoraAdapter.fresh(golden.memory, golden.model.config(), golden.model.weights()::get,
                        new LoraConfig(3, 6, 0, golden.model.config().names().linear(), false, ""), new Random(5))) {
            Graph graph = new Graph(golden.kernels, scope);
            List<Value> variables = new ArrayList<>();
            Forward forward = new Forward(graph, golden.model.config(), golden.model.weights()).recomputing(true).with(adapter, tensor -> {
                variables.add(graph.variable(tensor));
                return variables.getLast();
            });
            // A and B of each module follow one another.
            List<Tensor> gradients = graph.gradient(loss(golden, graph, forward), variables);
            for (int i = 0; i < adapter.modules().size(); i++) {
                LoraModule module = adapter.modules().get(i);
                Tensor full = matrix(golden, scope, "grad." + WeightNames.weight(module.module()));
                Tensor a = variables.get(2 * i).tensor();
                Tensor expected = Tensor.zeros(scope, DType.F64, Shape.of(full.shape().dim(0), module.rank()));
                for (long at = 0; at < expected.elements(); at++) {
                    double sum = 0;
                    for (long j = 0; j < full.shape().dim(1); j++) {
                        sum += full.get(at / module.rank() * full.shape().dim(1) + j) * a.get(at % module.rank() * full.shape().dim(1) + j);
                    }
                    expected.set(at, module.scale() * sum);
                }
                assertClose(gradients.get(2 * i + 1), expected, 1e-4, module.bName());
                assertThat(gradients.get(2 * i).toDoubles()).as(module.aName()).containsOnly(0);
            }
        }
    }

    /** The golden gradient of a matrix as {@code [out, in]}. */
    private static Tensor matrix(Golden golden, Scope scope, String name) {
        Tensor stored = golden.tensor(name);
        if (!golden.model.config().variant().projection().transposed()) {
            return stored;
        }
        long in = stored.shape().dim(0);
        long out = stored.shape().dim(1);
        Tensor turned = Tensor.zeros(scope, stored.dtype(), Shape.of(out, in));
        for (long i = 0; i < turned.elements(); i++) {
            turned.set(i, stored.get(i % in * out + i / in));
        }
        return turned;
    }

    /** Pairs that share a beginning, which is computed once, against each sequence by itself. */
    @ParameterizedTest
    @MethodSource("folders")
    void aSharedBeginningChangesNothing(String folder) {
        try (Golden golden = Golden.open(folder, new VectorKernels(2)); Scope scope = golden.memory.scope()) {
            int[] first = {1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45};
            int[] second = {1, 5, 9, 13, 17, 21, 25, 29, 34, 38};
            Forward forward = new Forward(new Graph(golden.kernels, scope), golden.model.config(), golden.model.weights());
            double[] together = forward.hidden(PackedTokens.forked(List.of(first), List.of(second), golden.model.config().ropeScaling())).tensor().toDoubles();
            double[] apart = forward.hidden(PackedTokens.of(List.of(first, second))).tensor().toDoubles();
            int width = golden.model.config().hidden();
            for (int row = 0; row < first.length + 2; row++) {
                int same = row < first.length ? row : row + 8;
                for (int j = 0; j < width; j++) {
                    assertThat(together[row * width + j]).isCloseTo(apart[same * width + j], within(1e-5));
                }
            }
        }
    }

    @Test
    void sequencesOfOtherFrequenciesShareNothing() {
        try (Golden golden = Golden.open("rope-longrope")) {
            List<int[]> shorter = List.of(IntStream.range(3, 15).toArray());
            List<int[]> longer = List.of(IntStream.range(3, 30).toArray());
            assertThat(PackedTokens.forked(shorter, longer, golden.model.config().ropeScaling()).tokens()).isEqualTo(12 + 27);
            assertThat(PackedTokens.forked(shorter, longer, new RopeScaling.None()).tokens()).isEqualTo(1 + 27);
        }
    }

    @Test
    void cachedKeysOfOtherFrequenciesAreRefused() {
        try (Golden golden = Golden.open("rope-longrope"); Scope scope = golden.memory.scope()) {
            KvCache cache = new KvCache(scope, golden.model.config(), new int[] {40});
            Forward forward = new Forward(new Graph(golden.kernels, scope), golden.model.config(), golden.model.weights());
            List<int[]> twelve = List.of(IntStream.range(3, 15).toArray());
            forward.hidden(PackedTokens.continuing(twelve, new int[] {0}), new int[] {11}, cache, new int[] {0});
            assertThatThrownBy(() -> forward.hidden(PackedTokens.continuing(twelve, new int[] {12}), new int[] {11}, cache, new int[] {0}))
                    .isInstanceOf(ModelException.class).hasMessageContaining("those for 24 tokens are not those for 12");
        }
    }

    @Test
    void positionsThatWereNotLearnedAreRefused() {
        try (Golden golden = Golden.open("tiny-gpt2"); Scope scope = golden.memory.scope()) {
            Forward forward = new Forward(new Graph(golden.kernels, scope), golden.model.config(), golden.model.weights());
            assertThat(forward.hidden(PackedTokens.of(List.of(new int[64]))).shape()).isEqualTo(Shape.of(64, 32));
            assertThatThrownBy(() -> forward.hidden(PackedTokens.of(List.of(new int[] {1}, new int[65]))))
                    .isInstanceOf(ModelException.class).hasMessageContaining("a sequence has 65 tokens, but this model has learned 64 positions");
        }
    }

    @Test
    void gradientsOfAnAdapter() {
        try (Golden golden = Golden.adapter("tiny-llama-peft", new VectorKernels(2)); Scope scope = golden.memory.scope();
                LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, Golden.path("tiny-llama-peft"))) {
            Graph graph = new Graph(golden.kernels, scope);
            List<Value> variables = new ArrayList<>();
            Forward forward = new Forward(graph, golden.model.config(), golden.model.weights()).with(adapter, tensor -> {
                variables.add(graph.variable(tensor));
                return variables.getLast();
            });
            List<Tensor> gradients = graph.gradient(loss(golden, graph, forward), variables);
            int i = 0;
            for (String name : adapter.tensors().keySet()) {
                assertClose(gradients.get(i++), golden.tensor("grad." + name), 1e-4, name);
            }
        }
    }

    /** Adapters of PEFT on every linear layer of architectures with other names and joined projections. */
    @ParameterizedTest
    @MethodSource("adaptersAndKernels")
    void anAdapterOnEveryLinearLayer(String name, String backend) {
        try (Golden golden = Golden.adapter(name, kernels(backend)); Scope scope = golden.memory.scope();
                LoraAdapter adapter = PeftFolder.read(golden.memory, golden.model.config(), golden.model.weights()::get, Golden.path(name))) {
            Graph graph = new Graph(golden.kernels, scope);
            List<Value> variables = new ArrayList<>();
            Forward forward = new Forward(graph, golden.model.config(), golden.model.weights()).with(adapter, tensor -> {
                variables.add(graph.variable(tensor));
                return variables.getLast();
            });
            int[] ids = Golden.ints(golden.json.path("ids").get(0));
            Tensor logits = forward.logits(forward.hidden(PackedTokens.of(List.of(ids)))).tensor();
            assertClose(logits, golden.tensor("logits.0"), 1e-4, "logits");
            Value loss = loss(golden, graph, forward);
            assertThat(loss.tensor().item()).isCloseTo(golden.json.path("loss").asDouble(), within(1e-5));
            List<Tensor> gradients = graph.gradient(loss, variables);
            int i = 0;
            for (String tensor : adapter.tensors().keySet()) {
                assertClose(gradients.get(i++), golden.tensor("grad." + tensor), 1e-4, tensor);
            }
            assertThat(adapter.modules()).hasSize(golden.model.config().layers() * golden.model.config().names().linears(0).size());
        }
    }

    private static Value loss(Golden golden, Graph graph, Forward forward) {
        List<int[]> ids = rows(golden.json.path("ids"));
        List<int[]> labels = rows(golden.json.path("labels"));
        PackedTokens tokens = PackedTokens.of(ids);
        List<Integer> rows = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        for (int s = 0; s < labels.size(); s++) {
            for (int t = 1; t < labels.get(s).length; t++) {
                if (labels.get(s)[t] != -100) {
                    rows.add(tokens.start(s) + t - 1);
                    targets.add(labels.get(s)[t]);
                }
            }
        }
        Value logits = forward.logits(forward.hidden(tokens, rows.stream().mapToInt(Integer::intValue).toArray()));
        Tensor wanted = Tensor.of(graph.scope(), Shape.of(targets.size()), targets.stream().mapToInt(Integer::intValue).toArray());
        return logits.crossEntropy(graph.constant(wanted), -100).mean();
    }

    @ParameterizedTest
    @CsvSource({"scalar", "vector"})
    void storiesModelLossAndGradientNorms(String backend) {
        try (Golden golden = Golden.stories(kernels(backend)); Scope scope = golden.memory.scope()) {
            int[] ids = golden.ids("ids");
            assertThat(golden.model.tokenizer().encode(golden.json.path("text").asText(), true)).isEqualTo(ids);
            Graph graph = new Graph(golden.kernels, scope);
            Map<String, Value> variables = new LinkedHashMap<>();
            Forward forward = new Forward(graph, golden.model.config(), golden.model.weights());
            golden.model.weights().all().forEach((name, weight) -> {
                variables.put(name, graph.variable(weight));
                forward.with(name, variables.get(name));
            });
            int[] rows = IntStream.range(0, ids.length).toArray();
            Value logits = forward.logits(forward.hidden(PackedTokens.of(List.of(ids)), rows));
            String stored = golden.tensors.tensors().keySet().iterator().next();
            assertClose(logits.tensor(), golden.tensor(stored), 1e-4, stored);
            int[] targets = IntStream.range(0, ids.length).map(i -> i + 1 < ids.length ? ids[i + 1] : -100).toArray();
            Value losses = logits.crossEntropy(graph.constant(Tensor.of(scope, Shape.of(ids.length), targets)), -100);
            Value loss = losses.sum().scale(1.0 / (ids.length - 1));
            assertThat(loss.tensor().item()).isCloseTo(golden.json.path("loss_f64").asDouble(), within(1e-5));
            List<Tensor> gradients = graph.gradient(loss, new ArrayList<>(variables.values()));
            int i = 0;
            for (String name : variables.keySet()) {
                double expected = golden.json.path("grad_l2_f64").path(name).asDouble();
                assertThat(norm(gradients.get(i++))).as(name).isCloseTo(expected, within(1e-4 * expected));
            }
        }
    }

    private static double norm(Tensor tensor) {
        double squares = 0;
        for (double value : tensor.toDoubles()) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }

    /** The largest difference, relative to the largest number of the golden tensor. */
    private static void assertClose(Tensor actual, Tensor golden, double tolerance, String what) {
        double[] a = actual.toDoubles();
        double[] g = golden.toDoubles();
        assertThat(a.length).as(what).isEqualTo(g.length);
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < g.length; i++) {
            scale = Math.max(scale, Math.abs(g[i]));
            worst = Math.max(worst, Double.isNaN(a[i]) ? Double.POSITIVE_INFINITY : Math.abs(a[i] - g[i]));
        }
        assertThat(worst).as("%s: largest error, of numbers up to %s", what, scale).isLessThanOrEqualTo(tolerance * scale);
    }
}
