package io.safeprobe.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.tokenizer.StreamDecoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class GeneratorTest {
    private static Generator generator(Golden golden, Set<Integer> stopIds) {
        return new Generator(golden.memory, golden.kernels, golden.model.config(),
                graph -> new Forward(graph, golden.model.config(), golden.model.weights()), stopIds);
    }

    private static List<Generator.Response> run(Golden golden, List<int[]> prompts, int maxNew, Sampling sampling, long seed) {
        return generator(golden, Set.of()).generate(prompts, maxNew, sampling, seed, (sequence, id) -> {}, () -> false);
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

    @Test
    void aBatchOfMixedLengthsEqualsOneByOne() {
        try (Golden golden = Golden.open("tiny-llama")) {
            List<int[]> prompts = List.of(new int[] {1}, new int[] {1, 5, 9, 33, 2, 7}, new int[] {1, 40, 41});
            Sampling sampling = new Sampling(0.9, 20, 0.95);
            List<Generator.Response> together = run(golden, prompts, 9, sampling, 3);
            // The random numbers of prompt i depend on the seed and on i, so the lone run takes the same place.
            for (int i = 0; i < prompts.size(); i++) {
                List<int[]> sameLonger = new ArrayList<>();
                for (int j = 0; j <= i; j++) {
                    sameLonger.add(prompts.get(i));
                }
                assertThat(run(golden, sameLonger, 9, sampling, 3).get(i)).isEqualTo(together.get(i));
            }
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
                    graph -> new Forward(graph, golden.model.config(), golden.model.weights()).with("lm_head.weight", graph.constant(broken)), Set.of());
            assertThatThrownBy(() -> generator.generate(List.of(new int[] {1}), 1, Sampling.GREEDY, 0, (sequence, id) -> {}, () -> false))
                    .isInstanceOf(ModelException.class).hasMessageContaining("not finite");
        }
    }

    @Test
    void stopTokensEndAResponseAndAreNotPartOfIt() {
        try (Golden golden = Golden.open("tiny-llama")) {
            int[] greedy = golden.ids("greedy");
            Generator.Response response = generator(golden, Set.of(greedy[4]))
                    .generate(List.of(golden.ids("greedy_prompt")), 20, Sampling.GREEDY, 0, (sequence, id) -> {}, () -> false).getFirst();
            assertThat(response.finished()).isTrue();
            assertThat(response.toArray()).isEqualTo(Arrays.copyOf(greedy, 4));
        }
    }

    @Test
    void cancellingKeepsWhatThereIs() {
        try (Golden golden = Golden.open("tiny-llama")) {
            List<Integer> seen = new ArrayList<>();
            Generator.Response response = generator(golden, Set.of())
                    .generate(List.of(golden.ids("greedy_prompt")), 20, Sampling.GREEDY, 0, (sequence, id) -> seen.add(id), () -> seen.size() == 3).getFirst();
            assertThat(response.ids()).isEqualTo(seen).hasSize(3);
            assertThat(response.finished()).isFalse();
        }
    }

    @Test
    void theSeedDecidesWhatIsSampled() {
        try (Golden golden = Golden.open("tiny-llama")) {
            List<int[]> prompt = List.of(new int[] {1, 2, 3});
            Sampling hot = new Sampling(1.5, 0, 1);
            assertThat(run(golden, prompt, 12, hot, 1)).isEqualTo(run(golden, prompt, 12, hot, 1)).isNotEqualTo(run(golden, prompt, 12, hot, 2));
        }
    }

    @Test
    void topKOfOneIsGreedyWhateverTheTemperature() {
        try (Golden golden = Golden.open("tiny-llama")) {
            List<int[]> prompt = List.of(golden.ids("greedy_prompt"));
            assertThat(run(golden, prompt, 20, new Sampling(2, 1, 1), 5).getFirst().toArray()).isEqualTo(golden.ids("greedy"));
            assertThat(run(golden, prompt, 20, new Sampling(2, 0, 1e-9), 5).getFirst().toArray()).isEqualTo(golden.ids("greedy"));
        }
    }

    @Test
    void impossibleSettingsAreRefused() {
        assertThatThrownBy(() -> new Sampling(-1, 0, 1)).hasMessageContaining("temperature >= 0");
        assertThatThrownBy(() -> new Sampling(1, 0, 0)).hasMessageContaining("top-p");
    }

    @Test
    void storiesModelContinuesWordForWordAndStreamsTheSameText() {
        try (Golden golden = Golden.stories(new ReferenceKernels())) {
            int[] whole = golden.ids("greedy_from_first6");
            int[] prompt = Arrays.copyOf(whole, 6);
            int[] expected = Arrays.copyOfRange(whole, 6, whole.length);
            StreamDecoder stream = new StreamDecoder(golden.model.tokenizer());
            StringBuilder streamed = new StringBuilder();
            List<Generator.Response> responses = generator(golden, Set.of())
                    .generate(List.of(prompt), expected.length, Sampling.GREEDY, 0, (sequence, id) -> streamed.append(stream.next(id)), () -> false);
            assertThat(responses.getFirst().toArray()).isEqualTo(expected);
            streamed.append(stream.rest());
            assertThat(streamed.toString()).isEqualTo(golden.model.tokenizer().decode(expected, true));
        }
    }
}
