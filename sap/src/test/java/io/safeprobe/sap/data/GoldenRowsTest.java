package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The rows of token ids that the golden training runs of this project use. */
class GoldenRowsTest {
    private static final Path GOLDEN = Path.of("..", "testdata", "golden");
    private static final int VOCAB = 97;
    private static final RowEncoder NONE = RowEncoder.unavailable("these models have no tokenizer; give rows with input_ids and labels");

    @Test
    void taskRows() {
        Encoded<Example> task = TaskData.read(GOLDEN.resolve("task.jsonl"), null, 0).encode(NONE, 64, VOCAB);

        assertThat(task.examples()).hasSize(24);
        assertThat(task.report().dropped()).isEmpty();
        assertThat(task.examples().get(0)).isEqualTo(new Example(new int[] {1, 5, 68, 83, 2}, new int[] {-100, 5, 68, 83, 2}, VOCAB));
        assertThat(task.examples().get(6).labelledTokens()).as("labelled throughout, so all but the first").isEqualTo(task.examples().get(6).tokens() - 1);
        assertThat(task.examples().get(8).labelledTokens()).isEqualTo(1);
    }

    @Test
    void pairs() {
        Encoded<PairExample> pairs = SafetyData.read(GOLDEN.resolve("pairs.jsonl"), null, 0).encode(NONE, 64, VOCAB);

        assertThat(pairs.examples()).hasSize(10).allSatisfy(pair -> {
            int prompt = pair.safe().firstLearnt();
            assertThat(Arrays.copyOf(pair.safe().ids(), prompt)).isEqualTo(Arrays.copyOf(pair.harmful().ids(), prompt));
        });
        assertThat(pairs.examples().getFirst().harmful()).isEqualTo(
                new Example(new int[] {1, 36, 52, 6, 3, 85, 35, 2}, new int[] {-100, -100, -100, -100, 3, 85, 35, 2}, VOCAB));
    }
}
