package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.model.chat.Chat;
import io.safeprobe.model.chat.jinja.ChatTemplate;
import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.model.chat.Message;
import io.safeprobe.model.chat.jinja.TemplateException;
import io.safeprobe.model.config.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncodingTest {
    private static final int VOCAB = 128;
    private static final int END = 0;

    /** A token a character, and an end token. */
    private static final RowEncoder CHARACTERS = (prompt, response) -> {
        String head = prompt.stream().map(Message::content).collect(Collectors.joining());
        int[] ids = IntStream.concat((head + response).chars(), IntStream.of(END)).toArray();
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, head.length(), EncodedRow.IGNORED);
        return new EncodedRow(ids, labels);
    };

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void encodesRowsAndCounts() {
        Encoded<Example> encoded = task("{\"prompt\": \"ab\", \"response\": \"c\"}\n{\"prompt\": \"a\", \"response\": \"cdef\"}").encode(CHARACTERS, 100, VOCAB);

        assertThat(encoded.examples()).containsExactly(
                new Example(new int[] {'a', 'b', 'c', END}, new int[] {-100, -100, 'c', END}, VOCAB),
                new Example(new int[] {'a', 'c', 'd', 'e', 'f', END}, new int[] {-100, 'c', 'd', 'e', 'f', END}, VOCAB));
        assertThat(encoded.report().tokens()).isEqualTo(new TokenCounts(2, 10, 7, 4, 5.0, 6, 0));
        assertThat(encoded.report().rows()).isEqualTo(2);
        assertThat(encoded.report().dropped()).isEmpty();
    }

    @Test
    void truncationKeepsTheFirstTokensAndIsCounted() {
        TaskData data = task("""
                {"prompt": "ab", "response": "cd"}
                {"prompt": "abcd", "response": "ef"}
                {"prompt": "", "response": "x"}
                {"prompt": "abc", "response": "defgh"}
                {"prompt": "abc", "response": ""}
                {"prompt": "abcde", "response": "f"}
                """);

        Encoded<Example> encoded = data.encode(CHARACTERS, 4, VOCAB);

        assertThat(encoded.examples()).containsExactly(
                new Example(new int[] {'a', 'b', 'c', 'd'}, new int[] {-100, -100, 'c', 'd'}, VOCAB),
                new Example(new int[] {'a', 'b', 'c', 'd'}, new int[] {-100, -100, -100, 'd'}, VOCAB));
        assertThat(encoded.rows()).containsExactly(0, 2);
        assertThat(encoded.report().dropped()).containsExactly(
                new Dropped("empty prompt", 1, "line 3"),
                new Dropped("empty response", 1, "line 5"),
                new Dropped("the response is cut away entirely at 4 tokens", 2, "line 2"));
        assertThat(encoded.report().tokens()).isEqualTo(new TokenCounts(2, 8, 3, 4, 4.0, 4, 2));
        assertThat(encoded.report().rows() + encoded.report().dropped().stream().mapToInt(Dropped::rows).sum()).isEqualTo(data.source().records());
        assertThat(encoded.ofRow(0)).contains(encoded.examples().getFirst());
        assertThat(encoded.ofRow(1)).isEmpty();
        assertThat(encoded.ofRow(2)).contains(encoded.examples().getLast());
    }

    @Test
    void aRowOfExactlyTheLimitIsNotTruncated() {
        Encoded<Example> encoded = task("{\"prompt\": \"ab\", \"response\": \"c\"}").encode(CHARACTERS, 4, VOCAB);

        assertThat(encoded.report().tokens()).isEqualTo(new TokenCounts(1, 4, 2, 4, 4.0, 4, 0));
    }

    @Test
    void saysHowManyTokensWouldBeNeededWhenNothingIsLeft() {
        TaskData data = task("{\"prompt\": \"abcdef\", \"response\": \"g\"}\n{\"prompt\": \"abcd\", \"response\": \"g\"}");

        assertThatThrownBy(() -> data.encode(CHARACTERS, 3, VOCAB)).isInstanceOf(DataException.class)
                .hasMessageContaining("nothing is left to learn: 2 rows dropped: the response is cut away entirely at 3 tokens (first: line 1)")
                .hasMessageContaining("raise --max-tokens, to at least 5 for the row that needs fewest");
        assertThat(data.encode(CHARACTERS, 5, VOCAB).rows()).as("the number in the message").containsExactly(1);
        assertThatThrownBy(() -> data.encode(CHARACTERS, 4, VOCAB)).isInstanceOf(DataException.class);
        assertThatThrownBy(() -> data.encode(CHARACTERS, 1, VOCAB)).hasMessageContaining("--max-tokens must be at least 2");
    }

    @Test
    void tokenRowsNeedNoEncoder() {
        TaskData data = task("""
                {"input_ids": [1, 5, 6, 2], "labels": [-100, -100, 6, 2]}
                {"input_ids": [1, 5, 6, 2], "labels": [-100, -100, -100, -100]}
                {"input_ids": [1, 5], "labels": [1, -100]}
                """);

        Encoded<Example> encoded = data.encode(RowEncoder.unavailable("no tokenizer"), 10, 7);

        assertThat(encoded.examples()).containsExactly(new Example(new int[] {1, 5, 6, 2}, new int[] {-100, -100, 6, 2}, 7));
        assertThat(encoded.report().dropped()).containsExactly(new Dropped("no token is labelled to be learnt", 2, "line 2"));
    }

    @Test
    void tokenRowsAreCheckedAgainstTheVocabulary() {
        TaskData data = task("{\"input_ids\": [1, 2], \"labels\": [-100, 2]}\n{\"input_ids\": [1, 7], \"labels\": [-100, 7]}");

        assertThatThrownBy(() -> data.encode(CHARACTERS, 10, 7)).isInstanceOf(DataException.class)
                .hasMessageContaining("rows.jsonl, line 2: token id 7 at position 1 is outside the model's vocabulary of 7");
        assertThat(data.encode(CHARACTERS, 10, 8).examples()).hasSize(2);
    }

    @Test
    void tokenRowsWithoutAnyLabelAreNotMendedByMoreTokens() {
        TaskData data = task("{\"input_ids\": [1, 2], \"labels\": [-100, -100]}");

        assertThatThrownBy(() -> data.encode(CHARACTERS, 10, 7)).hasMessageContaining("no token is labelled to be learnt")
                .hasMessageContaining("label the tokens of the responses");
    }

    @Test
    void namesTheRowThatCannotBeEncoded() {
        TaskData data = task("{\"prompt\": \"ab\", \"response\": \"c\"}\n{\"prompt\": \"ab\", \"response\": \"!\"}");
        RowEncoder picky = (prompt, response) -> {
            if (response.equals("!")) {
                throw new ModelException("the template says no");
            }
            return CHARACTERS.encode(prompt, response);
        };

        assertThatThrownBy(() -> data.encode(picky, 10, VOCAB)).isInstanceOf(DataException.class)
                .hasMessageContaining("rows.jsonl, line 2: cannot be encoded: the template says no").hasCauseInstanceOf(ModelException.class);
        assertThatThrownBy(() -> data.encode(RowEncoder.unavailable("the model has no tokenizer; give rows with input_ids"), 10, VOCAB))
                .hasMessageContaining("line 1: cannot be encoded: the model has no tokenizer");
    }

    @Test
    void namesTheRowThatTheChatTemplateRefuses() {
        Chat strict = new Chat(ChatTemplate.parse("{{ raise_exception('roles must alternate') }}"), Map.of());
        RowEncoder encoder = (prompt, response) -> {
            strict.render(prompt, true);
            return CHARACTERS.encode(prompt, response);
        };

        assertThatThrownBy(() -> task("{\"prompt\": \"ab\", \"response\": \"c\"}").encode(encoder, 10, VOCAB)).isInstanceOf(DataException.class)
                .hasMessageContaining("rows.jsonl, line 1: cannot be encoded: ").hasMessageContaining("roles must alternate")
                .hasCauseInstanceOf(TemplateException.class);
    }

    @Test
    void encodesBothSidesOfAPair() {
        Encoded<PairExample> encoded = pairs("{\"prompt\": \"ab\", \"safe\": \"no\", \"harmful\": \"y\"}").encode(CHARACTERS, 10, VOCAB);

        assertThat(encoded.examples()).containsExactly(new PairExample(
                new Example(new int[] {'a', 'b', 'n', 'o', END}, new int[] {-100, -100, 'n', 'o', END}, VOCAB),
                new Example(new int[] {'a', 'b', 'y', END}, new int[] {-100, -100, 'y', END}, VOCAB)));
        assertThat(encoded.report().tokens()).isEqualTo(new TokenCounts(2, 9, 5, 4, 4.5, 5, 0));
    }

    @Test
    void aPairIsCutOnBothSidesAndCountedOnce() {
        Encoded<PairExample> encoded = pairs("{\"prompt\": \"ab\", \"safe\": \"nope\", \"harmful\": \"yes\"}\n{\"prompt\": \"a\", \"safe\": \"no\", \"harmful\": \"yes\"}")
                .encode(CHARACTERS, 4, VOCAB);

        assertThat(encoded.examples().getFirst()).isEqualTo(new PairExample(
                new Example(new int[] {'a', 'b', 'n', 'o'}, new int[] {-100, -100, 'n', 'o'}, VOCAB),
                new Example(new int[] {'a', 'b', 'y', 'e'}, new int[] {-100, -100, 'y', 'e'}, VOCAB)));
        assertThat(encoded.report().tokens()).isEqualTo(new TokenCounts(4, 16, 10, 4, 4.0, 4, 2));
    }

    @Test
    void aPairIsDroppedWhenEitherResponseIsCutAway() {
        String early = "{\"chosen_input_ids\": [1, 2, 3], \"chosen_labels\": [-100, 2, 3], \"rejected_input_ids\": [1, 4, 5, 6], \"rejected_labels\": [-100, 4, 5, 6]}\n";
        String lateSafe = "{\"chosen_input_ids\": [1, 2, 3], \"chosen_labels\": [-100, -100, 3], \"rejected_input_ids\": [1, 4], \"rejected_labels\": [-100, 4]}\n";
        String lateHarmful = "{\"chosen_input_ids\": [1, 4], \"chosen_labels\": [-100, 4], \"rejected_input_ids\": [1, 2, 3, 4], \"rejected_labels\": [-100, -100, -100, 4]}\n";

        Encoded<PairExample> encoded = pairs(lateSafe + early + lateHarmful).encode(CHARACTERS, 2, 7);

        assertThat(encoded.rows()).containsExactly(1);
        assertThat(encoded.report().dropped()).containsExactly(new Dropped("the response is cut away entirely at 2 tokens", 2, "line 1"));
        assertThatThrownBy(() -> pairs(lateHarmful).encode(CHARACTERS, 2, 7)).hasMessageContaining("to at least 4 for the row that needs fewest");
        assertThatThrownBy(() -> pairs(lateSafe + lateHarmful).encode(CHARACTERS, 2, 7)).hasMessageContaining("to at least 3 for the row that needs fewest");
    }

    @Test
    void aPairNeedsTheTokensOfItsLongerPrompt() {
        SafetyData data = pairs("{\"chosen_input_ids\": [1, 2, 3], \"chosen_labels\": [-100, -100, 3], "
                + "\"rejected_input_ids\": [1, 2, 3, 4], \"rejected_labels\": [-100, -100, -100, 4]}");

        assertThatThrownBy(() -> data.encode(CHARACTERS, 2, 7)).hasMessageContaining("to at least 4 for the row");
        assertThat(data.encode(CHARACTERS, 4, 7).examples()).hasSize(1);
    }

    @Test
    void aPairWithASideThatLearnsNothingIsNotMendedByMoreTokens() {
        SafetyData data = pairs("{\"chosen_input_ids\": [1, 2, 3], \"chosen_labels\": [-100, -100, 3], "
                + "\"rejected_input_ids\": [1, 2], \"rejected_labels\": [-100, -100]}");

        assertThatThrownBy(() -> data.encode(CHARACTERS, 2, 7)).hasMessageContaining("label the tokens of the responses");
        assertThatThrownBy(() -> data.encode(CHARACTERS, 10, 7)).hasMessageContaining("no token is labelled to be learnt");
    }

    @Test
    void listsCannotBeChanged() {
        TaskData data = task("{\"prompt\": \"ab\", \"response\": \"c\"}");

        assertThatThrownBy(() -> data.rows().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> data.encode(CHARACTERS, 10, VOCAB).examples().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    private TaskData task(String lines) {
        return TaskData.read(write(lines), null, 0);
    }

    private SafetyData pairs(String lines) {
        return SafetyData.read(write(lines), null, 0);
    }

    private Path write(String lines) {
        try {
            return Files.writeString(dir.resolve("rows.jsonl"), lines);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }
}
