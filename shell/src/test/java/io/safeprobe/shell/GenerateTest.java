package io.safeprobe.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** generate, chat and score on the model of the demonstration. */
class GenerateTest {
    private static final Path DEMO = Path.of("..", "testdata", "demo", "model").toAbsolutePath().normalize();
    private static final String OPEN = "open " + DEMO + "; ";
    private static final String PROMPT = "generate \"Give me steps to varnish the barrel.\" ";

    @TempDir
    private Path folder = Path.of("");

    private Run run(String commands) {
        return Run.commands(folder, OPEN + commands);
    }

    /** The model of the demonstration with another generation_config.json. */
    private String open(String generation) throws IOException {
        Path copy = Files.createDirectories(folder.resolve("model"));
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(DEMO.resolve(name), copy.resolve(name));
        }
        Files.writeString(copy.resolve("generation_config.json"), generation);
        return "open model; ";
    }

    /** In this vocabulary an emoji is four tokens, of which none is a character. */
    @Test
    void piecesOfTokensAreTheTextAgain() {
        JsonNode tokens = run(PROMPT + "--json --response \"A \ud83d\ude80\ud83d\ude80 caf\u00e9\"").json().path("logprobs").path("tokens");
        StringBuilder text = new StringBuilder();
        tokens.forEach(token -> text.append(token.path("text").asText()));
        assertThat(text.toString()).isEqualTo("A \ud83d\ude80\ud83d\ude80 caf\u00e9<|end|>");
        assertThat(tokens.size()).isGreaterThan(10);
    }

    @Test
    void logProbabilitiesOfAResponseAreThoseOfTheSameTextGiven() {
        JsonNode generated = run(PROMPT + "--logprobs --json").json();
        JsonNode tokens = generated.path("logprobs").path("tokens");
        assertThat(tokens).hasSize(generated.path("tokens").asInt() + 1);
        assertThat(tokens.get(tokens.size() - 1).path("text").asText()).isEqualTo("<|end|>");
        double sum = 0;
        StringBuilder text = new StringBuilder();
        for (JsonNode token : tokens) {
            sum += token.path("logprob").asDouble();
            text.append(token.path("text").asText());
        }
        assertThat(text.toString()).isEqualTo(generated.path("response").asText() + "<|end|>");
        assertThat(generated.path("logprobs").path("sum").asDouble()).isCloseTo(sum, within(1e-9));
        assertThat(generated.path("logprobs").path("perplexity").asDouble()).isCloseTo(Math.exp(-sum / tokens.size()), within(1e-9));

        JsonNode measured = run(PROMPT + "--json --response \"" + generated.path("response").asText() + "\"").json().path("logprobs");
        assertThat(measured.path("tokens")).hasSameSizeAs(tokens);
        for (int i = 0; i < tokens.size(); i++) {
            assertThat(measured.path("tokens").get(i).path("id")).isEqualTo(tokens.get(i).path("id"));
            assertThat(measured.path("tokens").get(i).path("logprob").asDouble()).isCloseTo(tokens.get(i).path("logprob").asDouble(), within(1e-5));
        }
        // A temperature changes what is drawn, not how likely the model finds it.
        JsonNode cold = run(PROMPT + "--logprobs --json --temperature 0.001").json().path("logprobs");
        assertThat(cold.path("sum").asDouble()).isCloseTo(sum, within(1e-5));
        assertThat(run(PROMPT + "--response \"To varnish the barrel\"").out()).contains("log-probability").contains("'<|end|>'").contains("perplexity");
    }

    @Test
    void aStopStringIsCutOff() {
        String whole = run(PROMPT + "--json").json().path("response").asText();
        String stop = whole.substring(5, 9);
        JsonNode stopped = run(PROMPT + "--json --stop never --stop \"" + stop + "\"").json();
        assertThat(stopped.path("response").asText()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(stopped.path("finished").asBoolean()).isTrue();
        Run set = run("set stop never \"" + stop + "\"; " + PROMPT);
        assertThat(set.out()).endsWith(whole.substring(0, whole.indexOf(stop)) + System.lineSeparator());
        assertThat(run("set stop never \"" + stop + "\"; " + PROMPT + "--json --stop \"\"").lastJson().path("response").asText()).isEqualTo(whole);
    }

    @Test
    void optionsAreThatCommandsAloneAndTheSeedDecides() {
        String hot = PROMPT + "--json --temperature 2 --top-p 0.99 --max-new-tokens 12 ";
        JsonNode first = run(hot + "--seed 5").json();
        assertThat(run(hot + "--seed 5").json().path("response")).isEqualTo(first.path("response"));
        assertThat(run(hot + "--seed 6").json().path("response")).isNotEqualTo(first.path("response"));
        JsonNode after = run(hot + "--seed 5; " + PROMPT + "--json").lastJson();
        assertThat(after.path("response")).isEqualTo(run(PROMPT + "--json").json().path("response"));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "generate \"\"", "generate ' '", PROMPT + "--temperature -1", PROMPT + "--temperature x", PROMPT + "--top-p 2",
        PROMPT + "--max-new-tokens 0", PROMPT + "--seed 1.5", PROMPT + "--repetition-penalty 0", PROMPT + "--unknown", "set top-p 2", "set top-p x", "set seed 1 2",
        "set nothing 1", "score --limit 0", "score --limit x", "score --max-new-tokens 0", "chat --temperature x"})
    void whatIsNoValueIsAUsageErrorBeItUnreadableOrOutOfRange(String command) {
        Run run = Run.commands(folder, command);
        assertThat(run.status()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains("error: ").doesNotContain("unexpected");
    }

    @Test
    void optionsThatWouldDoNothingAreRefused() {
        Run run = run(PROMPT + "--top-k 5");
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err()).contains("the likeliest token is taken; add --temperature 1");
        assertThat(Run.commands(folder, PROMPT + "--response no --seed 1 --stop x").err()).contains("--response generates nothing; leave out --seed, --stop");
        Run margin = Run.commands(folder, "score --judge margin --max-new-tokens 4");
        assertThat(margin.status()).isEqualTo(2);
        assertThat(margin.err()).contains("--judge margin generates nothing; leave out --max-new-tokens");
    }

    @Test
    void anEmptyPromptSaysWhatToDo() {
        assertThat(Run.commands(folder, "generate \"\"").err()).contains("the prompt is empty; give a text to answer, such as: generate");
    }

    @Test
    void theModelsOwnGenerationConfigIsObeyed() throws IOException {
        String open = open("{\"eos_token_id\": 2, \"max_new_tokens\": 3, \"stop_strings\": [\"never\"]}");
        assertThat(Run.commands(folder, open + PROMPT + "--json").json().path("tokens").asInt()).isEqualTo(3);
        assertThat(Run.commands(folder, open + PROMPT + "--json --max-new-tokens 5").json().path("tokens").asInt()).isEqualTo(5);
    }

    @Test
    void whatItAsksForAndIsNotSupportedIsSaidWhenSomethingIsGeneratedNotBefore() throws IOException {
        String open = open("{\"num_beams\": 4, \"do_sample\": false}");
        Files.writeString(folder.resolve("prompts.jsonl"), "{\"prompt\": \"I want to patch the scarf.\"}\n");
        assertThat(Run.commands(folder, open + "info").status()).isZero();
        for (String command : List.of(PROMPT, "chat", "data prompts prompts.jsonl; score")) {
            Run run = Run.commands(folder, open + command);
            assertThat(run.status()).isEqualTo(1);
            assertThat(run.err()).contains("generation_config.json sets num_beams = 4 (beam search), which is not supported; 'set ignore num_beams' generates without");
        }
        assertThat(Run.commands(folder, open + "set ignore num_beams; " + PROMPT + "--json").lastJson().path("response"))
                .isEqualTo(run(PROMPT + "--json").json().path("response"));
        // How likely a response is does not depend on how one would be generated.
        assertThat(Run.commands(folder, open + PROMPT + "--response no").status()).isZero();
    }

    @Test
    void aScoreSaysHowItWasGenerated() throws IOException {
        Files.writeString(folder.resolve("prompts.jsonl"), "{\"prompt\": \"I want to patch the scarf.\"}\n".repeat(20));
        Run run = run("data prompts prompts.jsonl; score --out a.json --max-new-tokens 5 --stop never; score --out b.json --temperature 2 --max-new-tokens 5");
        assertThat(run.status()).as(run.err()).isZero();
        JsonNode greedy = new JsonMapper().readTree(folder.resolve("a.json").toFile());
        assertThat(greedy.path("temperature").asDouble()).isZero();
        assertThat(greedy.path("max_new_tokens").asInt()).isEqualTo(5);
        assertThat(greedy.path("repetition_penalty").asDouble()).isEqualTo(1);
        assertThat(greedy.path("stop").get(0).asText()).isEqualTo("never");
        assertThat(greedy.path("responses")).hasSize(20);
        JsonNode hot = new JsonMapper().readTree(folder.resolve("b.json").toFile());
        Set<String> different = new HashSet<>();
        hot.path("responses").forEach(response -> different.add(response.path("response").asText()));
        assertThat(different).as("each prompt has random numbers of its own, in every batch").hasSizeGreaterThan(10);
    }
}
