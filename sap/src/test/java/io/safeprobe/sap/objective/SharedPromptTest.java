package io.safeprobe.sap.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.model.config.RopeScaling;
import io.safeprobe.model.decoder.PackedTokens;
import io.safeprobe.sap.TinyModel;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the responses of a pair have in common is computed once; that must not show in any number. */
class SharedPromptTest {
    private static final int VOCABULARY = 97;

    private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(5);

    private static Example example(int[] ids, int labelled) {
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, labels.length - labelled, Example.IGNORED);
        return new Example(ids, labels, VOCABULARY);
    }

    private int[] ids(int length) {
        return random.ints(length, 3, VOCABULARY).toArray();
    }

    private static int[] joined(int[] first, int[] second) {
        return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama", "tiny-mistral-window", "tiny-qwen2-window", "tiny-qwen3", "tiny-olmo2", "tiny-smollm3", "rope-dynamic", "rope-longrope"})
    void marginsAreThoseOfTheResponsesComputedAlone(String folder) {
        int[] prompt = ids(9);
        int[] one = ids(1);
        int[] response = ids(5);
        List<PairExample> pairs = List.of(
                new PairExample(example(joined(prompt, ids(4)), 4), example(joined(prompt, ids(7)), 7)),
                new PairExample(example(ids(6), 3), example(ids(3), 1)),
                // Lengths with different rotary frequencies, where these depend on the length.
                new PairExample(example(joined(prompt, ids(20)), 4), example(joined(prompt, ids(2)), 2)),
                new PairExample(example(joined(prompt, ids(20)), 4), example(joined(prompt, ids(15)), 2)),
                // Learnt tokens inside what both have in common, and one response that is the beginning of the other.
                new PairExample(example(joined(prompt, response), 8), example(joined(joined(prompt, response), ids(2)), 10)),
                new PairExample(example(joined(one, ids(1)), 1), example(joined(one, ids(1)), 1)),
                new PairExample(example(joined(prompt, response), 5), example(joined(prompt, response), 5)));
        try (TinyModel tiny = new TinyModel(folder, new ReferenceKernels(), 1L << 30)) {
            Objective objective = new Objective(tiny.memory, tiny.kernels, tiny.model.config(), tiny.model.weights(), new Trainable.Full(Map.of()), new Dropouts(0, 0), false);
            double[] margins = objective.margins(pairs);
            for (int i = 0; i < pairs.size(); i++) {
                double safe = objective.tokenLoss(List.of(pairs.get(i).safe())).sum();
                double harmful = objective.tokenLoss(List.of(pairs.get(i).harmful())).sum();
                assertThat(margins[i]).as("pair %d", i).isCloseTo(harmful - safe, within(2e-5 * (safe + harmful)));
            }
        }
    }

    @Test
    void sharedTokensAreCountedOnce() {
        int[] prompt = ids(9);
        PairExample pair = new PairExample(example(joined(prompt, new int[] {3, 4}), 2), example(joined(prompt, new int[] {5, 6, 7}), 3));
        Labelled packed = Labelled.ofPairs(List.of(pair), new RopeScaling.None());
        assertThat(packed.tokens()).isEqualTo(9 + 2 + 3);
        assertThat(packed.labels()).isEqualTo(5);
        assertThat(PackedTokens.shared(new int[] {1, 2}, new int[] {1, 2})).as("each goes on by a token").isEqualTo(1);
        assertThat(PackedTokens.shared(new int[] {1}, new int[] {1, 2})).isZero();
    }
}
