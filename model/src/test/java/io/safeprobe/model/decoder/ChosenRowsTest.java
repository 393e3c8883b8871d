package io.safeprobe.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The last layer computed only where somebody asks: the same numbers and gradients as the rows of all of it, in float64. */
class ChosenRowsTest {
    private static final double ROUNDING = 1e-12;

    /** One of each form of layer. */
    private static final List<String> FOLDERS = List.of("tiny-llama", "tiny-llama-bias", "tiny-mistral-window", "tiny-qwen3", "tiny-olmo2", "tiny-phi3",
            "tiny-neox", "tiny-neox-serial", "tiny-gpt2", "tiny-gemma2", "tiny-gemma3");

    private static List<Arguments> cases() {
        return FOLDERS.stream().flatMap(folder -> Stream.of(false, true)
                .flatMap(recompute -> Stream.of(1, 2).map(rank -> Arguments.of(folder, recompute, rank)))).toList();
    }

    /** A model in float64 with a branch on every linear layer and a probe on the two last layers. */
    private static final class Run {
        private final Random random = new Random(3);
        private final Graph graph;
        private final Forward forward;
        private final List<Value> variables = new ArrayList<>();

        Run(Golden golden, Scope scope, LoraAdapter adapter, int tokens, boolean recompute, int probeRank) {
            graph = new Graph(golden.kernels, scope);
            Map<String, Tensor> wide = new LinkedHashMap<>();
            golden.model.weights().all().forEach((name, weight) -> wide.put(name, Tensor.of(scope, weight.shape(), weight.toDoubles())));
            forward = new Forward(graph, golden.model.config(), new Weights(scope, wide)).recomputing(recompute)
                    .with(adapter, tensor -> variable(scope, tensor.shape()));
            int width = golden.model.config().hidden();
            for (int layer = golden.model.config().layers() - 2; layer < golden.model.config().layers(); layer++) {
                forward.withProbe(layer, variable(scope, probeRank == 1 ? Shape.of(width) : Shape.of(tokens, width)));
            }
        }

        private Value variable(Scope scope, Shape shape) {
            variables.add(graph.variable(Tensor.of(scope, DType.F64, shape, i -> 0.3 * random.nextGaussian())));
            return variables.getLast();
        }

        /** To a sum of the hidden states with random weights. */
        List<double[]> gradients(Value hidden) {
            Random weights = new Random(9);
            Value factors = graph.constant(Tensor.of(graph.scope(), DType.F64, hidden.shape(), i -> weights.nextGaussian()));
            return graph.gradient(hidden.mul(factors).sum(), variables).stream().map(Tensor::toDoubles).toList();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void hiddenStatesAndEveryGradientAreThoseOfTheRowsOfAllTokens(String folder, boolean recompute, int probeRank) {
        try (Golden golden = Golden.open(folder); Scope scope = golden.memory.scope();
                LoraAdapter adapter = LoraAdapter.fresh(golden.memory, golden.model.config(), golden.model.weights()::get,
                        new LoraConfig(2, 4, 0, golden.model.config().names().linear(), false, ""), new Random(5))) {
            // Two sequences with a beginning in common, of which a row may be asked for twice, and a third beside.
            PackedTokens tokens = PackedTokens.forked(List.of(new int[] {1, 5, 9, 13, 17}, new int[] {4, 3}), List.of(new int[] {1, 5, 9, 14}, new int[] {6}),
                    golden.model.config().ropeScaling());
            int[] rows = {1, 0, 4, 1, tokens.tokens() - 1};
            Run all = new Run(golden, scope, adapter, tokens.tokens(), recompute, probeRank);
            Run chosen = new Run(golden, scope, adapter, tokens.tokens(), recompute, probeRank);
            Value expected = all.forward.hidden(tokens).gather(all.graph.constant(Tensor.of(scope, Shape.of(rows.length), rows)));
            Value actual = chosen.forward.hidden(tokens, rows);
            assertThat(actual.shape()).isEqualTo(Shape.of(rows.length, golden.model.config().hidden()));
            assertClose(actual.tensor().toDoubles(), expected.tensor().toDoubles(), "hidden states");
            List<double[]> ofAll = all.gradients(expected);
            List<double[]> ofChosen = chosen.gradients(actual);
            assertThat(ofChosen).hasSize(adapter.tensors().size() + 2);
            for (int i = 0; i < ofAll.size(); i++) {
                assertClose(ofChosen.get(i), ofAll.get(i), "gradient " + i);
            }
        }
    }

    private static void assertClose(double[] actual, double[] expected, String what) {
        double scale = 0;
        for (double value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(scale).as(what).isPositive();
        assertThat(actual).as(what).containsExactly(expected, within(ROUNDING * scale));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "tiny-neox", "tiny-gpt2", "tiny-gemma3"})
    void theLastRowsOfPromptsThatGoIntoACache(String folder) {
        try (Golden golden = Golden.open(folder); Scope scope = golden.memory.scope()) {
            List<int[]> prompts = List.of(new int[] {1, 5, 9, 13}, new int[] {4, 3, 7});
            List<int[]> next = List.of(new int[] {8}, new int[] {2});
            PackedTokens tokens = PackedTokens.of(prompts);
            PackedTokens going = PackedTokens.continuing(next, new int[] {4, 3});
            List<double[]> hidden = new ArrayList<>();
            for (int[] rows : List.of(new int[] {0, 1, 2, 3, 4, 5, 6}, tokens.lastRows())) {
                KvCache cache = new KvCache(scope, golden.model.config(), new int[] {6, 6});
                Forward forward = new Forward(new Graph(golden.kernels, scope), golden.model.config(), golden.model.weights());
                Tensor states = forward.hidden(tokens, rows, cache, new int[] {0, 1}).tensor();
                hidden.add(states.rows(rows.length == 2 ? 0 : 3, 1).toDoubles());
                hidden.add(states.rows(rows.length - 1, 1).toDoubles());
                hidden.add(forward.hidden(going, going.lastRows(), cache, new int[] {0, 1}).tensor().toDoubles());
            }
            for (int i = 0; i < 3; i++) {
                assertThat(hidden.get(3 + i)).containsExactly(hidden.get(i), within(1e-6));
            }
        }
    }

    /** Passes everything on, and writes down each operation with the rows that it was given. */
    private record Watched(ReferenceKernels kernels, List<Op> ops, List<List<Long>> rows) implements Kernels {
        @Override
        public Device device() {
            return kernels.device();
        }

        @Override
        public void run(Op op, List<Tensor> inputs, List<Tensor> outputs) {
            ops.add(op);
            rows.add(inputs.stream().map(input -> input.shape().dim(0)).toList());
            kernels.run(op, inputs, outputs);
        }

        @Override
        public void update(Update update, List<Tensor> tensors) {
            kernels.update(update, tensors);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "tiny-neox", "tiny-neox-serial", "tiny-gpt2", "tiny-gemma2", "tiny-olmo2"})
    void nothingButKeysAndValuesIsComputedElsewhere(String folder) {
        Watched watched = new Watched(new ReferenceKernels(), new ArrayList<>(), new ArrayList<>());
        try (Golden golden = Golden.open(folder, watched); Scope scope = golden.memory.scope()) {
            Forward forward = new Forward(new Graph(watched, scope), golden.model.config(), golden.model.weights());
            PackedTokens tokens = PackedTokens.of(List.of(new int[] {1, 5, 9, 13, 17, 21}));
            forward.logits(forward.hidden(tokens, new int[] {2, 4}));
            int attention = watched.ops.size() - 1;
            while (!(watched.ops.get(attention) instanceof Op.Attention)) {
                attention--;
            }
            long gathers = 0;
            for (int i = attention + 1; i < watched.ops.size(); i++) {
                boolean gather = watched.ops.get(i) instanceof Op.Gather;
                gathers += gather ? 1 : 0;
                // No weight of these models has 6 rows.
                assertThat(watched.rows.get(i).contains(6L)).as("%s of %s rows", watched.ops.get(i), watched.rows.get(i)).isEqualTo(gather);
            }
            assertThat(gathers).as("what attention gives out, and what came in").isEqualTo(2);
            watched.ops.clear();
            forward.hidden(tokens, new int[] {0, 1, 2, 3, 4, 5});
            assertThat(watched.ops.subList(watched.ops.size() - 5, watched.ops.size())).as("all are there already").noneMatch(Op.Gather.class::isInstance);
        }
    }

    @Test
    void aRowThatIsNotThereIsAnError() {
        try (Golden golden = Golden.open("tiny-llama"); Scope scope = golden.memory.scope()) {
            Forward forward = new Forward(new Graph(golden.kernels, scope), golden.model.config(), golden.model.weights());
            PackedTokens tokens = PackedTokens.of(List.of(new int[] {1, 5}));
            assertThatThrownBy(() -> forward.hidden(tokens, new int[] {2})).hasMessageContaining("2");
        }
    }
}
