package io.safeprobe.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.tokenizer.StreamDecoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class GeneratorTest {
    private static Generator generator(Golden golden) {
        return generator(golden, golden.kernels);
    }

    private static Generator generator(Golden golden, Kernels kernels) {
        return new Generator(golden.memory, kernels, golden.model.config(), graph -> new Forward(graph, golden.model.config(), golden.model.weights()));
    }

    private static GenerationConfig config(int maxNew, Sampling sampling) {
        return GenerationConfig.greedy(maxNew).with(sampling);
    }

    private static List<Generator.Response> run(Golden golden, List<int[]> prompts, int maxNew, Sampling sampling, long seed) {
        return generator(golden).generate(prompts, config(maxNew, sampling), Seeds.of(seed), Generator.Listener.NONE, () -> false);
    }

    @ParameterizedTest
    @FieldSource("io.safeprobe.model.Golden#FOLDERS")
    void greedyContinuationAsTransformersGivesIt(String folder) {
        try (Golden golden = Golden.open(folder, new VectorKernels(2))) {
            int[] expected = golden.ids("greedy");
            List<Generator.Response> responses = run(golden, List.of(golden.ids("greedy_prompt")), expected.length, Sampling.GREEDY, 0);
            assertThat(responses.getFirst().toArray()).isEqualTo(expected);
        }
    }

    /** Prompts of 1 to 40 tokens. */
    private static List<int[]> prompts(int count, int vocabulary) {
        SplittableRandom random = new SplittableRandom(7);
        return IntStream.range(0, count).mapToObj(i -> random.ints(1 + random.nextInt(40), 3, vocabulary).toArray()).toList();
    }

    private static Stream<Sampling> samplings() {
        return Stream.of(Sampling.GREEDY, new Sampling(1.2, 0, 1, 0), new Sampling(0.9, 20, 0.95, 0), new Sampling(1.5, 0, 0.8, 0.05));
    }

    @ParameterizedTest
    @MethodSource("samplings")
    void aBatchOfMixedLengthsEqualsOneByOne(Sampling sampling) {
        long ended = 0;
        for (String folder : List.of("tiny-llama", "tiny-mistral-window", "rope-longrope")) {
            try (Golden golden = Golden.open(folder, new VectorKernels(2))) {
                List<int[]> prompts = prompts(40, golden.model.config().vocabulary());
                GenerationConfig config = config(9, sampling).withEndIds(Set.of(5, 12, 33, 40, 60)).withLogProbs(true);
                List<Generator.Response> together = generator(golden).generate(prompts, config, Seeds.of(3), Generator.Listener.NONE, () -> false);
                ended += together.stream().filter(Generator.Response::finished).count();
                for (int i = 0; i < prompts.size(); i++) {
                    Generator.Response alone =
                            generator(golden).generate(List.of(prompts.get(i)), config, new Seeds(3, i), Generator.Listener.NONE, () -> false).getFirst();
                    assertThat(alone.ids()).as("%s, prompt %d", folder, i).isEqualTo(together.get(i).ids());
                    assertThat(alone.end()).isEqualTo(together.get(i).end());
                    for (int t = 0; t < alone.logProbs().size(); t++) {
                        assertThat(alone.logProbs().get(t)).isCloseTo(together.get(i).logProbs().get(t), within(2e-5));
                    }
                }
            }
        }
        assertThat(ended).as("rows that leave the batch early").isPositive();
    }

    @Test
    void onKernelsThatTakeRowsOneByOneTheLogitsOfABatchHaveTheSameBits() {
        try (Golden golden = Golden.open("tiny-qwen2-window")) {
            List<int[]> prompts = prompts(6, golden.model.config().vocabulary());
            GenerationConfig config = config(5, Sampling.GREEDY).withLogProbs(true);
            List<Generator.Response> together = generator(golden).generate(prompts, config, Seeds.of(0), Generator.Listener.NONE, () -> false);
            for (int i = 0; i < prompts.size(); i++) {
                assertThat(generator(golden).generate(List.of(prompts.get(i)), config, Seeds.of(0), Generator.Listener.NONE, () -> false).getFirst())
                        .isEqualTo(together.get(i));
            }
        }
    }

    @Test
    void onVectorKernelsTheBitsDoNotDependOnTheOtherRowsOfALargeBatch() {
        try (Golden golden = Golden.open("tiny-llama", new VectorKernels(2))) {
            List<int[]> prompts = prompts(30, golden.model.config().vocabulary());
            GenerationConfig config = config(6, Sampling.GREEDY).withLogProbs(true);
            List<Generator.Response> all = generator(golden).generate(prompts, config, Seeds.of(0), Generator.Listener.NONE, () -> false);
            List<Generator.Response> some = generator(golden).generate(prompts.subList(11, 18), config, Seeds.of(0), Generator.Listener.NONE, () -> false);
            assertThat(some).isEqualTo(all.subList(11, 18));
        }
    }

    @Test
    void promptsOfMoreTokensThanAreReadAtOnceAreReadInParts() {
        try (Golden golden = Golden.open("tiny-llama", new VectorKernels(2))) {
            SplittableRandom random = new SplittableRandom(5);
            List<int[]> prompts = IntStream.range(0, 24).mapToObj(i -> random.ints(100 + 5 * i, 3, 97).toArray()).toList();
            List<Generator.Response> together = run(golden, prompts, 3, Sampling.GREEDY, 0);
            for (int i = 0; i < prompts.size(); i += 7) {
                assertThat(run(golden, List.of(prompts.get(i)), 3, Sampling.GREEDY, 0).getFirst()).isEqualTo(together.get(i));
            }
        }
    }

    @Test
    void readingALongPromptGivesBackWhatALayerComputed() {
        try (Golden golden = Golden.open("tiny-llama", new VectorKernels(2))) {
            int[] prompt = new int[250];
            Arrays.fill(prompt, 9);
            AtomicLong computed = new AtomicLong();
            Kernels counting = new Kernels() {
                @Override
                public Device device() {
                    return golden.kernels.device();
                }

                @Override
                public void run(Op op, List<Tensor> inputs, List<Tensor> outputs) {
                    outputs.forEach(output -> computed.addAndGet(output.elements() * output.dtype().bytes()));
                    golden.kernels.run(op, inputs, outputs);
                }

                @Override
                public void update(Update update, List<Tensor> tensors) {
                    golden.kernels.update(update, tensors);
                }
            };
            long before = golden.memory.inUse();
            golden.memory.resetPeak();
            generator(golden, counting).generate(List.of(prompt), config(1, Sampling.GREEDY), Seeds.of(0), Generator.Listener.NONE, () -> false);
            assertThat(golden.memory.peak() - before).isLessThan(computed.get() / 2);
        }
    }

    @Test
    void aPromptWithoutTokensIsRefused() {
        try (Golden golden = Golden.open("tiny-llama")) {
            assertThatThrownBy(() -> run(golden, List.of(new int[] {1}, new int[0]), 1, Sampling.GREEDY, 0))
                    .isInstanceOf(ModelException.class).hasMessageContaining("prompt 2 has no tokens");
        }
    }

    @Test
    void theLengthOfPromptAndResponseTogetherMayBeLimited() {
        try (Golden golden = Golden.open("tiny-llama")) {
            GenerationConfig config = new GenerationConfig(Sampling.GREEDY, TokenRules.NONE, 0, 9, Set.of(), List.of(), false);
            List<Generator.Response> responses = generator(golden).generate(
                    List.of(new int[] {1, 5}, new int[] {1, 5, 6, 7, 8}), config, Seeds.of(0), Generator.Listener.NONE, () -> false);
            assertThat(responses).extracting(response -> response.ids().size()).containsExactly(7, 4);
            assertThatThrownBy(() -> generator(golden).generate(List.of(new int[9]), config, Seeds.of(0), Generator.Listener.NONE, () -> false))
                    .isInstanceOf(ModelException.class).hasMessageContaining("9 tokens, but max_length").hasMessageContaining("set max-new-tokens");
        }
    }

    @Test
    void aResponseEndsWhereTheContextIsFullAndAPromptBeyondItIsRefused() {
        try (Golden golden = Golden.open("tiny-llama", new VectorKernels(2))) {
            int context = golden.model.config().maxPositions();
            int[] prompt = new int[context - 2];
            Arrays.fill(prompt, 5);
            List<Generator.Response> responses = run(golden, List.of(prompt, new int[] {1, 5}), 6, Sampling.GREEDY, 0);
            // The token after the last position of the context still can be predicted, but not be read.
            assertThat(responses.get(0).ids()).hasSize(3);
            assertThat(responses.get(0).finished()).isFalse();
            assertThat(responses.get(1).ids()).hasSize(6);
            assertThatThrownBy(() -> run(golden, List.of(new int[context + 1]), 1, Sampling.GREEDY, 0)).isInstanceOf(ModelException.class).hasMessageContaining("context");
        }
    }

    @Test
    void logitsThatAreNotNumbersAreAnError() {
        try (Golden golden = Golden.open("tiny-llama"); Scope scope = golden.memory.scope()) {
            Tensor head = golden.model.weights().get("lm_head.weight");
            Tensor broken = Tensor.allocate(scope, head.dtype(), head.shape());
            golden.kernels.apply(new Update.Fill(Double.NaN), broken);
            Generator generator = new Generator(golden.memory, golden.kernels, golden.model.config(),
                    graph -> new Forward(graph, golden.model.config(), golden.model.weights()).with("lm_head.weight", graph.constant(broken)));
            assertThatThrownBy(() -> generator.generate(List.of(new int[] {1}), GenerationConfig.greedy(1), Seeds.of(0), Generator.Listener.NONE, () -> false))
                    .isInstanceOf(ModelException.class).hasMessageContaining("not finite");
        }
    }

    @Test
    void stopTokensEndAResponseAndAreNotPartOfIt() {
        try (Golden golden = Golden.open("tiny-llama")) {
            int[] greedy = golden.ids("greedy");
            GenerationConfig config = GenerationConfig.greedy(20).withEndIds(Set.of(greedy[4]));
            Generator.Response response =
                    generator(golden).generate(List.of(golden.ids("greedy_prompt")), config, Seeds.of(0), Generator.Listener.NONE, () -> false).getFirst();
            assertThat(response.finished()).isTrue();
            assertThat(response.end()).hasValue(greedy[4]);
            assertThat(response.toArray()).isEqualTo(Arrays.copyOf(greedy, 4));
        }
    }

    @Test
    void cancellingKeepsWhatThereIs() {
        try (Golden golden = Golden.open("tiny-llama")) {
            List<Integer> seen = new ArrayList<>();
            Generator.Listener listener = (sequence, id) -> !seen.add(id);
            Generator.Response response = generator(golden)
                    .generate(List.of(golden.ids("greedy_prompt")), GenerationConfig.greedy(20), Seeds.of(0), listener, () -> seen.size() == 3).getFirst();
            assertThat(response.ids()).isEqualTo(seen).hasSize(3);
            assertThat(response.finished()).isFalse();
        }
    }

    @Test
    void aListenerMayEndAResponseAndOnlyThat() {
        try (Golden golden = Golden.open("tiny-llama")) {
            int[] prompt = golden.ids("greedy_prompt");
            int[] greedy = golden.ids("greedy");
            List<Generator.Response> responses = generator(golden)
                    .generate(List.of(prompt, prompt), GenerationConfig.greedy(20), Seeds.of(0), (sequence, id) -> sequence == 0 && id == greedy[4], () -> false);
            assertThat(responses.get(0).toArray()).isEqualTo(Arrays.copyOf(greedy, 5));
            assertThat(responses.get(0).finished()).isTrue();
            assertThat(responses.get(0).end()).isEmpty();
            assertThat(responses.get(1).toArray()).isEqualTo(greedy);
            assertThat(responses.get(1).finished()).isFalse();
        }
    }

    @Test
    void theSeedDecidesWhatIsSampled() {
        try (Golden golden = Golden.open("tiny-llama")) {
            List<int[]> prompt = List.of(new int[] {1, 2, 3});
            Sampling hot = new Sampling(1.5, 0, 1, 0);
            assertThat(run(golden, prompt, 12, hot, 1)).isEqualTo(run(golden, prompt, 12, hot, 1)).isNotEqualTo(run(golden, prompt, 12, hot, 2));
        }
    }

    @Test
    void topKOfOneIsGreedyWhateverTheTemperature() {
        try (Golden golden = Golden.open("tiny-llama")) {
            List<int[]> prompt = List.of(golden.ids("greedy_prompt"));
            assertThat(run(golden, prompt, 20, new Sampling(2, 1, 1, 0), 5).getFirst().toArray()).isEqualTo(golden.ids("greedy"));
            assertThat(run(golden, prompt, 20, new Sampling(2, 0, 1, 1), 5).getFirst().toArray()).isEqualTo(golden.ids("greedy"));
            assertThat(run(golden, prompt, 20, new Sampling(2, 0, 1e-9, 0), 5).getFirst().toArray()).isEqualTo(golden.ids("greedy"));
        }
    }

    @Test
    void impossibleSettingsAreRefused() {
        assertThatThrownBy(() -> new Sampling(-1, 0, 1, 0)).hasMessageContaining("temperature >= 0");
        assertThatThrownBy(() -> new Sampling(1, 0, 1.1, 0)).hasMessageContaining("top-p");
        assertThatThrownBy(() -> new Sampling(1, 0, 1, -0.1)).hasMessageContaining("min-p");
        assertThatThrownBy(() -> TokenRules.NONE.withRepetitionPenalty(0)).hasMessageContaining("repetition penalty > 0");
    }

    @Test
    void storiesModelContinuesWordForWordAndStreamsTheSameText() {
        try (Golden golden = Golden.stories(new ReferenceKernels())) {
            int[] whole = golden.ids("greedy_from_first6");
            int[] prompt = Arrays.copyOf(whole, 6);
            int[] expected = Arrays.copyOfRange(whole, 6, whole.length);
            StreamDecoder stream = new StreamDecoder(golden.model.tokenizer());
            StringBuilder streamed = new StringBuilder();
            Generator.Listener listener = (sequence, id) -> {
                streamed.append(stream.next(id));
                return false;
            };
            List<Generator.Response> responses =
                    generator(golden).generate(List.of(prompt), GenerationConfig.greedy(expected.length), Seeds.of(0), listener, () -> false);
            assertThat(responses.getFirst().toArray()).isEqualTo(expected);
            streamed.append(stream.rest());
            assertThat(streamed.toString()).isEqualTo(golden.model.tokenizer().decode(expected, true));
        }
    }
}
