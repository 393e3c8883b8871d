package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.chat.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetyDataTest {
    private static final String GOOD = "\n\nHuman: hi\n\nAssistant: hello\n\nHuman: more?\n\nAssistant: ";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "prompt, safe and harmful | prompt=prompt,safe=safe,harmful=harmful | {'prompt': 'P', 'safe': 'S', 'harmful': 'H', 'chosen': 'x', 'rejected': 'y'}",
        "prompt, chosen and rejected | prompt=prompt,safe=chosen,harmful=rejected | {'prompt': 'P', 'chosen': 'S', 'rejected': 'H'}",
        "prompt, chosen and rejected | prompt=prompt,safe=chosen,harmful=rejected | {'prompt': [{'role': 'user', 'content': 'P'}], "
                + "'chosen': [{'role': 'assistant', 'content': 'S'}], 'rejected': [{'role': 'assistant', 'content': 'H'}]}",
        "prompt, chosen and rejected | prompt=prompt,safe=chosen,harmful=rejected | {'prompt': 'P', 'prompt_id': '1', "
                + "'chosen': [{'role': 'user', 'content': 'P'}, {'role': 'assistant', 'content': 'S'}], "
                + "'rejected': [{'role': 'user', 'content': 'P'}, {'role': 'assistant', 'content': 'H'}]}",
        "dialogues (hh-rlhf, TRL) | safe=chosen,harmful=rejected | {'chosen': [{'role': 'user', 'content': 'P'}, {'role': 'assistant', 'content': 'S'}], "
                + "'rejected': [{'role': 'user', 'content': 'P'}, {'role': 'assistant', 'content': 'H'}]}",
        "circuit-breakers | prompt=prompt,safe=llama3_output,harmful=output | {'category': 'harmful', 'prompt': 'P', 'output': 'H', 'llama3_output': 'S'}",
        "PKU-SafeRLHF | prompt,response_0,response_1,is_response_0_safe,is_response_1_safe | {'prompt': 'P', 'response_0': 'H', 'response_1': 'S', "
                + "'is_response_0_safe': false, 'is_response_1_safe': true, 'better_response_id': 0, 'safer_response_id': 1}"
    })
    void recognisesColumns(String layout, String mapping, String row) {
        SafetyData data = read(row.replace('\'', '"'));

        assertThat(data.source().layout()).isEqualTo(layout);
        assertThat(data.source().mapping()).isEqualTo(mapping);
        assertThat(data.pairs()).containsExactly(new SafetyPair.Text(List.of(new Message("user", "P")), "S", "H"));
    }

    @Test
    void recognisesTokenPairs() {
        SafetyData data = read("{\"chosen_input_ids\": [1, 2], \"chosen_labels\": [-100, 2], \"rejected_input_ids\": [1, 3, 4], \"rejected_labels\": [-100, 3, 4]}");

        assertThat(data.pairs()).singleElement().isInstanceOfSatisfying(SafetyPair.Tokens.class, pair -> {
            assertThat(pair.safe().ids()).containsExactly(1, 2);
            assertThat(pair.safe().labels()).containsExactly(-100, 2);
            assertThat(pair.harmful().ids()).containsExactly(1, 3, 4);
            assertThat(pair.harmful().labels()).containsExactly(-100, 3, 4);
        });
    }

    @Test
    void mapsColumns() throws IOException {
        Path file = Files.writeString(dir.resolve("pairs.csv"), "q,good,bad\nP,S,H\n");

        SafetyData data = SafetyData.read(file, ColumnMap.parse("prompt=q,safe=good,harmful=bad"), 0);

        assertThat(data.pairs()).containsExactly(new SafetyPair.Text(List.of(new Message("user", "P")), "S", "H"));
    }

    @Test
    void takesDialoguesApart() {
        SafetyData data = read(dialogues(GOOD + "I  will\n\nnot. \n", GOOD + "Sure"));

        assertThat(data.source().layout()).isEqualTo("dialogues (hh-rlhf, TRL)");
        assertThat(data.source().mapping()).isEqualTo("safe=chosen,harmful=rejected");
        assertThat(data.pairs()).containsExactly(new SafetyPair.Text(
                List.of(new Message("user", "hi"), new Message("assistant", "hello"), new Message("user", "more?")), "I  will\n\nnot.", "Sure"));
    }

    @Test
    void aMapWithoutPromptMeansDialogues() {
        Path file = write(dialogues(GOOD + "yes", GOOD + "no"));

        SafetyData data = SafetyData.read(file, ColumnMap.parse("safe=rejected,harmful=chosen"), 0);

        assertThat(data.pairs()).singleElement().isInstanceOfSatisfying(SafetyPair.Text.class, pair -> {
            assertThat(pair.safe()).isEqualTo("no");
            assertThat(pair.harmful()).isEqualTo("yes");
        });
    }

    @Test
    void dropsDialoguesWithNothingToContrastAndSaysWhy() {
        SafetyData data = read(String.join("\n",
                dialogues(GOOD + "no", GOOD + "yes"),
                dialogues(GOOD + "no", GOOD.replace("hello", "good day") + "yes"),
                dialogues(GOOD + "no", "\n\nHuman: hi\n\nAssistant: yes"),
                dialogues(GOOD + " ", GOOD + "yes"),
                dialogues(GOOD + "no", GOOD + " no "),
                dialogues("\n\nHuman: hi\n\nHuman: hi\n\nAssistant: no", "\n\nHuman: hi\n\nHuman: hi\n\nAssistant: yes"),
                dialogues(GOOD + "no\n\nHuman: why?", GOOD + "yes\n\nHuman: why?"),
                dialogues(GOOD.replace(" hello", "") + "no", GOOD.replace(" hello", "") + "yes"),
                dialogues("\n\nAssistant: no", "\n\nAssistant: yes")));

        assertThat(data.pairs()).hasSize(1);
        assertThat(data.source().records()).isEqualTo(9);
        assertThat(data.report().dropped()).containsExactly(
                new Dropped("the dialogues differ before the last turn", 2, "line 2"),
                new Dropped("empty response", 1, "line 4"),
                new Dropped("both responses are the same", 1, "line 5"),
                new Dropped("the turns of Human and Assistant do not alternate", 2, "line 6"),
                new Dropped("the dialogue does not end with a turn of the Assistant", 1, "line 7"),
                new Dropped("a turn before the last is empty", 1, "line 8"));
    }

    @Test
    void aJudgedPairHasExactlyOneSafeResponse() throws IOException {
        Path file = Files.writeString(dir.resolve("pku.csv"), """
                prompt,response_0,response_1,is_response_0_safe,is_response_1_safe,better_response_id,safer_response_id
                P,S,H,True,False,0,0
                P,H,S,False,True,0,1
                P,A,B,True,True,0,0
                P,A,B,False,False,0,1
                P,A,B,False,False,1,1
                P,,B,False,True,1,1
                """);

        SafetyData data = SafetyData.read(file, null, 0);

        SafetyPair pair = new SafetyPair.Text(List.of(new Message("user", "P")), "S", "H");
        assertThat(data.pairs()).containsExactly(pair, pair);
        assertThat(data.report().dropped()).containsExactly(new Dropped("both responses are safe", 1, "line 4"),
                new Dropped("neither response is safe", 2, "line 5"), new Dropped("empty response", 1, "line 7"));
    }

    @Test
    void refusesJudgementsThatAreNone() {
        String row = "{\"prompt\": \"P\", \"response_0\": \"S\", \"response_1\": \"H\", \"is_response_0_safe\": %s, \"is_response_1_safe\": false}";

        assertThatThrownBy(() -> read(row.formatted("\"maybe\""))).isInstanceOf(DataException.class)
                .hasMessageContaining("line 1: 'is_response_0_safe' holds 'maybe'; true or false is needed");
        assertThatThrownBy(() -> read(row.formatted("[true]"))).hasMessageContaining("'is_response_0_safe' holds a list; true or false is needed");
        assertThatThrownBy(() -> read(row.formatted("null"))).hasMessageContaining("column 'is_response_0_safe' is null");
    }

    @Test
    void dialoguesOfMessagesMayBeginWithASystemMessage() {
        SafetyData data = read("""
                {"chosen": [{"role": "system", "content": "Y"}, {"role": "user", "content": "P"}, {"role": "assistant", "content": "S"}], \
                "rejected": [{"role": "system", "content": "Y"}, {"role": "user", "content": "P"}, {"role": "assistant", "content": "H"}]}
                {"chosen": [{"role": "system", "content": "Y"}], "rejected": []}
                """);

        assertThat(data.pairs()).containsExactly(new SafetyPair.Text(List.of(new Message("system", "Y"), new Message("user", "P")), "S", "H"));
        assertThat(data.report().dropped()).containsExactly(new Dropped("the dialogue does not end with a turn of the Assistant", 1, "line 2"));
    }

    @Test
    void dropsPairsOfTextLikewise() {
        SafetyData data = read("""
                {"prompt": "P", "safe": "S", "harmful": "H"}
                {"prompt": "", "safe": "S", "harmful": "H"}
                {"prompt": "P", "safe": "", "harmful": "H"}
                {"prompt": "P", "safe": "S", "harmful": "S"}
                """);

        assertThat(data.pairs()).hasSize(1);
        assertThat(data.report().dropped()).extracting(Dropped::reason).containsExactly("empty prompt", "empty response", "both responses are the same");
    }

    @Test
    void refusesDialoguesThatAreNone() {
        assertThatThrownBy(() -> read(dialogues("No.", "Yes."))).isInstanceOf(DataException.class)
                .hasMessageContaining("line 1: 'chosen' is no dialogue of \"\\n\\nHuman: ..\"")
                .hasMessageContaining("--map prompt=COL[+COL],safe=COL,harmful=COL");
    }

    @Test
    void refusesUnknownColumnsAndMapsThatDoNotFit() {
        assertThatThrownBy(() -> read("{\"prompt\": \"P\", \"safe\": \"S\"}")).isInstanceOf(DataException.class)
                .hasMessageContaining("cannot tell from the columns (prompt, safe)").hasMessageContaining("data safety").hasMessageContaining("harmful=COL");
        Path file = write("{\"prompt\": \"P\", \"safe\": \"S\"}");
        assertThatThrownBy(() -> SafetyData.read(file, ColumnMap.parse("prompt=prompt,safe=safe"), 0))
                .hasMessageContaining("does not say which column is 'harmful'");
        assertThatThrownBy(() -> SafetyData.read(file, ColumnMap.parse("prompt=prompt,response=safe"), 0))
                .hasMessageContaining("'response' in the map prompt=prompt,response=safe means nothing to 'data safety'");
    }

    private SafetyData read(String lines) {
        return SafetyData.read(write(lines), null, 0);
    }

    private Path write(String lines) {
        try {
            return Files.writeString(dir.resolve("pairs.jsonl"), lines);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private static String dialogues(String chosen, String rejected) {
        ObjectNode row = new ObjectMapper().createObjectNode();
        return row.put("chosen", chosen).put("rejected", rejected).toString();
    }
}
