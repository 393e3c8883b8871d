package io.safeprobe.shell;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What speed measurements report; the speeds themselves are not judged here. */
class BenchTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void measuresEveryMethodAndGeneration() {
        Run run = Run.commands(folder, Golden.OPEN + "bench --steps 2 --warmup 1 --batch 4 --tokens 4 --json");
        assertThat(run.status()).as(run.err()).isZero();
        JsonNode json = run.json();
        for (String method : List.of("sft", "paper", "code")) {
            JsonNode figures = json.path("methods").path(method);
            assertThat(figures.path("seconds_per_step").doubleValue()).as(method).isPositive();
            assertThat(figures.path("seconds")).as(method).hasSize(2);
            assertThat(figures.path("peak_tensor_bytes").longValue()).as(method).isPositive();
            double shares = StreamSupport.stream(figures.path("kernels").spliterator(), false).mapToDouble(kernel -> kernel.path("share").doubleValue()).sum();
            assertThat(shares).as(method).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-9));
        }
        // A step of SAP runs the useful loss three times and the safety loss once.
        assertThat(calls(json, "paper", "Attention")).isGreaterThan(3 * calls(json, "sft", "Attention"));
        assertThat(json.path("generation").path("tokens_per_second").doubleValue()).isPositive();
        assertThat(json.path("peak_resident_bytes").longValue()).isPositive();
    }

    private static long calls(JsonNode json, String method, String kernel) {
        return StreamSupport.stream(json.path("methods").path(method).path("kernels").spliterator(), false)
                .filter(entry -> entry.path("kernel").asText().equals(kernel)).mapToLong(entry -> entry.path("calls").longValue()).sum();
    }

    @Test
    void printsTablesForPeople() {
        Run run = Run.commands(folder, Golden.OPEN + "bench --methods sft --steps 1 --warmup 0 --tokens 0 --kernels");
        assertThat(run.out()).contains("median").contains("LoraLinear").contains("opening: ").doesNotContain("generation");
    }

    @Test
    void countsThatMeasureNothingAreRefused() {
        for (String option : List.of("--steps 0", "--warmup -1", "--tokens -3", "--tokens 1")) {
            Run run = Run.commands(folder, Golden.OPEN + "bench " + option);
            assertThat(run.status()).as(option).isEqualTo(2);
            assertThat(run.err()).as(option).contains("--steps must be at least 1").contains("--tokens 0 for none or at least 2");
        }
    }

    @Test
    void settingsThatDoNotFitAreRefusedAsThoseOfTraining() {
        for (String option : List.of("--batch 0", "--max-tokens 1", "--safety-batch 0", "--safety-max-tokens -1")) {
            Run run = Run.commands(folder, Golden.OPEN + "bench --methods paper " + option);
            assertThat(run.status()).as(option).isEqualTo(2);
            assertThat(run.err()).as(option).containsAnyOf("at least 1", "at least 2", "> 0").doesNotContain("fault of the program");
        }
    }

    @Test
    void aMethodOrSizeThatIsNotThereIsNamed() {
        assertThat(Run.commands(folder, Golden.OPEN + "bench --methods best").err()).contains("no method 'best'").contains("paper");
        Run run = Run.of(folder, "bench", "new", "7b", "big", "--tokenizer", Golden.MODEL);
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).contains("no size '7b'").contains("24m");
        assertThat(Run.of(folder, "bench", "new", "24m", "small", "--tokenizer", "nowhere").err()).contains("nowhere").contains("tokenizer.json");
        assertThat(folder.resolve("small")).doesNotExist();
    }

    @Test
    void aNewModelHasTheWholeTokenizer() throws IOException {
        Path source = Files.createDirectory(folder.resolve("source"));
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Path.of("..", "testdata", "demo", "model", name), source.resolve(name));
        }
        Files.writeString(source.resolve("chat_template.jinja"), "{{ messages[0].content }}!");
        Files.writeString(source.resolve("special_tokens_map.json"), "{}");
        Run run = Run.of(folder, "bench", "new", "24m", "small", "--tokenizer", "source");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(folder.resolve("small/chat_template.jinja")).hasContent("{{ messages[0].content }}!");
        assertThat(folder.resolve("small/special_tokens_map.json")).hasContent("{}");
    }

    @Test
    void aProfileOfATrainingIsATableAndARecording() {
        Run run = Run.commands(folder, Golden.OPEN + "train --steps 1 --batch 4 --profile --out r");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("share").contains("AttentionGrad").contains("AdamW");
        assertThat(folder.resolve("r/profile.jfr")).isNotEmptyFile();
        JsonNode json = Run.commands(folder, Golden.OPEN + "train --steps 1 --batch 4 --profile --out s --json").json();
        assertThat(json.path("kernels").isEmpty()).isFalse();
    }
}
