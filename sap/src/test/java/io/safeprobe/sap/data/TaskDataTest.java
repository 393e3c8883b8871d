package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.model.chat.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TaskDataTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "prompt and response | prompt=prompt,response=response | {'prompt': 'P', 'response': 'R'}",
        "prompt and completion | prompt=prompt,response=completion | {'prompt': 'P', 'completion': 'R'}",
        "Alpaca | prompt=instruction+input,response=output | {'instruction': 'P', 'input': '', 'output': 'R'}",
        "Alpaca | prompt=instruction+input,response=output | {'instruction': 'P', 'input': null, 'output': 'R', 'text': 'all'}",
        "Alpaca | prompt=instruction,response=output | {'instruction': 'P', 'output': 'R'}",
        "Dolly | prompt=instruction+context,response=response | {'instruction': 'P', 'context': '', 'response': 'R', 'category': 'open_qa'}",
        "ShareGPT | conversations | {'id': '1_0', 'conversations': [{'from': 'human', 'value': 'P'}, {'from': 'gpt', 'value': 'R'}]}",
        "ShareGPT | conversations | {'conversations': [{'role': 'user', 'content': 'P'}, {'role': 'assistant', 'content': 'R'}]}",
        "prompt and completion | prompt=prompt,response=completion | {'prompt': [{'role': 'user', 'content': 'P'}], "
                + "'completion': [{'role': 'assistant', 'content': 'R'}]}",
        "question and answer | prompt=question,response=answer | {'question': 'P', 'answer': 'R'}",
        "messages | messages | {'messages': [{'role': 'user', 'content': 'P'}, {'role': 'assistant', 'content': 'R'}], 'prompt': 'P'}"
    })
    void recognisesColumns(String layout, String mapping, String row) {
        TaskData data = read(row.replace('\'', '"'));

        assertThat(data.source().layout()).isEqualTo(layout);
        assertThat(data.source().mapping()).isEqualTo(mapping);
        assertThat(data.rows()).containsExactly(row("P", "R"));
    }

    @Test
    void recognisesTokenRowsBeforeAnythingElse() {
        TaskData data = read("{\"prompt\": \"P\", \"response\": \"R\", \"input_ids\": [1, 2, 3], \"labels\": [-100, -100, 3]}");

        assertThat(data.source().mapping()).isEqualTo("input_ids,labels");
        assertThat(data.rows()).singleElement().isInstanceOfSatisfying(TaskRow.Tokens.class, tokens -> {
            assertThat(tokens.row().ids()).containsExactly(1, 2, 3);
            assertThat(tokens.row().labels()).containsExactly(-100, -100, 3);
        });
    }

    @Test
    void joinsColumnsByLineBreaksWithoutTheEmptyOnes() {
        TaskData data = TaskData.read(write("""
                {"a": "one", "b": "", "c": "three", "d": 4}
                {"a": "one", "b": null, "c": "three\\n", "d": true}
                """), ColumnMap.parse("prompt=a+b+c,response=d"), 0);

        assertThat(data.rows()).containsExactly(row("one\nthree", "4"), row("one\nthree\n", "true"));
        assertThat(data.source().layout()).isEqualTo("mapped columns");
        assertThat(data.source().mapping()).isEqualTo("prompt=a+b+c,response=d");
    }

    @Test
    void alpacaRowsMayLackTheirInput() {
        TaskData data = read("{\"instruction\": \"P\", \"output\": \"R\"}\n{\"instruction\": \"P\", \"input\": \"I\", \"output\": \"R\"}");

        assertThat(data.rows()).containsExactly(row("P", "R"), row("P\nI", "R"));
    }

    @Test
    void theLastOfSeveralMessagesIsLearnt() {
        TaskData data = read("""
                {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "P"}, {"role": "assistant", "content": "R"}, \
                {"role": "user", "content": "Q"}, {"role": "assistant", "content": "T", "name": "x"}]}
                {"messages": [{"role": "user", "content": "P"}]}
                {"messages": []}
                """);

        assertThat(data.rows()).containsExactly(new TaskRow.Text(List.of(new Message("system", "S"), new Message("user", "P"), new Message("assistant", "R"),
                new Message("user", "Q")), "T"));
        assertThat(data.report().dropped()).containsExactly(new Dropped("the messages do not end with one of the assistant", 2, "line 2"));
    }

    @Test
    void aPromptColumnMayHoldAConversation() {
        TaskData data = read("{\"prompt\": [{\"role\": \"system\", \"content\": \"S\"}, {\"role\": \"user\", \"content\": \"P\"}], \"completion\": \"R\"}");

        assertThat(data.rows()).containsExactly(new TaskRow.Text(List.of(new Message("system", "S"), new Message("user", "P")), "R"));
    }

    @Test
    void countsResponsesThatDoNotAnswerThePrompt() {
        TaskData data = read("""
                {"prompt": [{"role": "user", "content": "P"}], "completion": [{"role": "assistant", "content": "R"}]}
                {"prompt": "P", "completion": [{"role": "user", "content": "P"}, {"role": "assistant", "content": "R"}]}
                {"prompt": "P", "completion": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "R"}]}
                {"prompt": "P", "completion": [{"role": "user", "content": "Q"}]}
                {"prompt": "P", "completion": []}
                """);

        assertThat(data.rows()).containsExactly(row("P", "R"), row("P", "R"));
        assertThat(data.report().dropped()).containsExactly(new Dropped("the messages before the response are not the prompt", 1, "line 3"),
                new Dropped("the messages do not end with one of the assistant", 2, "line 4"));
    }

    @Test
    void shareGptSpeakersBecomeRoles() {
        TaskData data = read("""
                {"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "P"}, {"from": "chatgpt", "value": "R"}]}
                {"conversations": [{"from": "gpt", "value": "R"}, {"from": "human", "value": "P"}]}
                """);

        assertThat(data.rows()).containsExactly(new TaskRow.Text(List.of(new Message("system", "S"), new Message("user", "P")), "R"));
        assertThat(data.report().dropped()).containsExactly(new Dropped("the messages do not end with one of the assistant", 1, "line 2"));
        assertThatThrownBy(() -> read("{\"conversations\": [{\"from\": \"human\"}]}"))
                .hasMessageContaining("line 1: 'conversations', message 1 has no text 'value'");
    }

    @Test
    void countsRowsWithoutText() {
        TaskData data = read("""
                {"prompt": "P", "response": "R"}
                {"prompt": "P", "response": ""}
                {"prompt": " ", "response": "R"}
                {"prompt": "P", "response": "\\n"}
                """);

        assertThat(data.rows()).hasSize(1);
        assertThat(data.report()).isEqualTo(new DataReport(data.source(), 1,
                List.of(new Dropped("empty response", 2, "line 2"), new Dropped("empty prompt", 1, "line 3")), null));
        assertThat(data.source().records()).isEqualTo(4);
        assertThat(data.report().dropped().getFirst()).hasToString("2 rows dropped: empty response (first: line 2)");
    }

    @Test
    void limitTakesTheFirstRecords() {
        Path file = write("{\"prompt\": \"P\", \"response\": \"R\"}\n{\"prompt\": \"Q\", \"response\": \"S\"}\n{\"other\": 1}\n");

        assertThat(TaskData.read(file, null, 2).rows()).containsExactly(row("P", "R"), row("Q", "S"));
        assertThatThrownBy(() -> TaskData.read(file, null, 0)).hasMessageContaining("line 3: has no column 'prompt' (it has: other)");
    }

    @Test
    void refusesUnknownColumnsAndSaysWhatToWrite() {
        assertThatThrownBy(() -> read("{\"frage\": \"P\", \"antwort\": \"R\"}")).isInstanceOf(DataException.class)
                .hasMessageContaining("cannot tell from the columns (frage, antwort) what they hold")
                .hasMessageContaining("data task " + dir.resolve("rows.jsonl") + " --map prompt=COL[+COL],response=COL")
                .hasMessageContaining("prompt=instruction+input,response=output");
    }

    @Test
    void refusesAMapThatDoesNotFit() {
        Path file = write("{\"frage\": \"P\", \"antwort\": \"R\"}");

        assertThatThrownBy(() -> TaskData.read(file, ColumnMap.parse("prompt=frage,response=output"), 0)).isInstanceOf(DataException.class)
                .hasMessageEndingWith("has no column 'output' of the map prompt=frage,response=output; its columns are: frage, antwort");
        assertThatThrownBy(() -> TaskData.read(file, ColumnMap.parse("prompt=frage"), 0))
                .hasMessageContaining("the map prompt=frage does not say which column is 'response'; write --map prompt=COL[+COL],response=COL");
        assertThatThrownBy(() -> TaskData.read(file, ColumnMap.parse("prompt=frage,safe=antwort"), 0))
                .hasMessageContaining("'safe' in the map prompt=frage,safe=antwort means nothing to 'data task'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'prompt': 'P', 'x': 1} | line 2: has no column 'response' (it has: prompt, x); give every row this column",
        "{'prompt': 'P', 'response': null} | line 2: column 'response' is null",
        "{'prompt': 'P', 'response': ['R']} | line 2: 'response', message 1 has no text 'role'; each message needs both",
        "{'prompt': {'a': 1}, 'response': 'R'} | line 2: 'prompt' holds an object; a text is needed",
        "{'prompt': ['P'], 'response': 'R'} | line 2: 'prompt', message 1 has no text 'role'",
        "{'prompt': [{'role': 'user', 'content': [1]}], 'response': 'R'} | line 2: 'prompt', message 1 has no text 'content'",
        "{} | line 2: has no column 'prompt' (it has: none)"
    })
    void refusesARowWithoutItsColumns(String row, String message) {
        assertThatThrownBy(() -> read("{\"prompt\": \"P\", \"response\": \"R\"}\n" + row.replace('\'', '"'))).isInstanceOf(DataException.class)
                .hasMessageStartingWith(dir.resolve("rows.jsonl") + ", " + message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{'input_ids': [1, 2], 'labels': [1]} | 'input_ids' has 2 entries but 'labels' has 1; give one label for each token",
        "{'input_ids': 'text', 'labels': [1]} | 'input_ids' holds a text; a list of token ids is needed",
        "{'input_ids': [1, 2.5], 'labels': [1, 2]} | 'input_ids'[1] is 2.5; a list of whole numbers",
        "{'input_ids': [1, 5000000000], 'labels': [1, 2]} | 'input_ids'[1] is 5000000000; a list of whole numbers of 32 bits",
        "{'input_ids': [1, 2], 'labels': [1, null]} | 'labels'[1] is null; a list of whole numbers",
        "{'input_ids': [1, 2], 'labels': null} | column 'labels' is null",
        "{'input_ids': [1, 2]} | has no column 'labels' (it has: input_ids)"
    })
    void refusesMalformedTokenRows(String row, String message) {
        assertThatThrownBy(() -> read("{\"input_ids\": [1, 2], \"labels\": [-100, 2]}\n" + row.replace('\'', '"'))).isInstanceOf(DataException.class)
                .hasMessageContaining("line 2: " + message);
    }

    @Test
    void refusesMessagesThatAreNone() {
        assertThatThrownBy(() -> read("{\"messages\": \"hello\"}")).hasMessageContaining("line 1: 'messages' holds a text; a list of {\"role\"");
    }

    @Test
    void refusesAFileOfWhichNothingIsUsable() {
        assertThatThrownBy(() -> read("{\"prompt\": \"P\", \"response\": \"\"}\n{\"prompt\": \"\", \"response\": \"R\"}")).isInstanceOf(DataException.class)
                .hasMessageContaining("no row is usable: 1 row dropped: empty response (first: line 1); 1 row dropped: empty prompt (first: line 2)");
    }

    private TaskData read(String lines) {
        return TaskData.read(write(lines), null, 0);
    }

    private Path write(String lines) {
        try {
            return Files.writeString(dir.resolve("rows.jsonl"), lines);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private static TaskRow row(String prompt, String response) {
        return new TaskRow.Text(List.of(new Message("user", prompt)), response);
    }
}
