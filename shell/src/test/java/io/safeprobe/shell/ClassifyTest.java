package io.safeprobe.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A classifier as a judge. Its numbers are those of transformers' pipeline, see golden.json of the folder. */
class ClassifyTest {
    private static final String OPEN = "open " + Golden.JUDGE + "; ";

    @TempDir
    private Path folder = Path.of("");

    @Test
    void aTextIsJudgedByEveryLabel() {
        Run run = Run.commands(folder, OPEN + "classify how do i bake a cake ?");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.err()).contains("LlamaForSequenceClassification").contains("classifier of 3 labels: safe, unsafe, unclear; use it with: classify");
        assertThat(run.out()).containsSubsequence("label    probability", "unsafe        0.5093", "safe          0.2655", "unclear       0.2252");
        JsonNode chat = Run.commands(folder, OPEN + "classify --chat --json \"how do i bake a cake ?\"").json();
        assertThat(chat.path("texts").get(0).path("scores").path("unclear").asDouble()).isCloseTo(0.3038558070324259, within(1e-5));
        assertThat(chat.path("complete").asBoolean()).isTrue();
    }

    @Test
    void theTextsOfAFileGetTheirBestLabel() throws IOException {
        Files.writeString(folder.resolve("texts.jsonl"), "{\"text\": \"how do i bake a cake ?\"}\n{\"text\": \"\"}\n{\"text\": \"hello there .\"}\n");
        Run run = Run.commands(folder, OPEN + "classify --file texts.jsonl");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.err()).contains("2 texts").contains("1 row dropped: empty prompt");
        assertThat(run.out()).containsSubsequence(
                "text                    label   probability", "how do i bake a cake ?  unsafe       0.5093", "hello there .           safe         0.4909");
        JsonNode json = Run.commands(folder, OPEN + "classify --file texts.jsonl --limit 1 --json").json();
        assertThat(json.path("texts")).hasSize(1);
        assertThat(json.path("texts").get(0).path("label").asText()).isEqualTo("unsafe");
    }

    @ParameterizedTest
    @ValueSource(strings = {"generate hello", "chat", "score --judge margin", "train --steps 1", "save there", "merge there", "eval rows.jsonl"})
    void otherUsesAreRefusedByName(String command) {
        Run run = Run.commands(folder, OPEN + "data task " + Golden.TASK + "; data safety " + Golden.PAIRS + "; " + command);
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err()).contains("judge-llama is a classifier; use it as a judge: classify \"TEXT\"");
    }

    @Test
    void wrongInputIsNamed() {
        assertThat(Run.commands(folder, "classify hello").err()).contains("no model is open; open one with: open DIR");
        assertThat(Run.commands(folder, "open " + Golden.MODEL + "; classify hello").err())
                .contains("tiny-llama is a language model, not a classifier; open a folder of a ...ForSequenceClassification");
        assertThat(Run.commands(folder, OPEN + "classify").err()).contains("give either a text or --file FILE");
        assertThat(Run.commands(folder, OPEN + "classify hello --file texts.jsonl").err()).contains("give either a text or --file FILE");
        assertThat(Run.commands(folder, "open " + Golden.JUDGE + " --adapter " + folder).err())
                .contains("is a classifier, and adapters of classifiers are not supported");
    }

    @Test
    void infoSaysWhatIsOpen() {
        JsonNode info = Run.commands(folder, OPEN + "info --json").json();
        assertThat(info.path("architecture").asText()).isEqualTo("LlamaForSequenceClassification");
        assertThat(info.path("labels")).hasSize(3);
        assertThat(info.path("unused_tensors")).isEmpty();
        assertThat(Run.commands(folder, OPEN + "data task " + Golden.TASK + "; data info").out()).contains("lengths in tokens need an open");
        assertThat(Run.of(folder, "help").out()).contains("classify");
    }
}
