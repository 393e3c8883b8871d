package io.safeprobe.model.generate;

import static org.assertj.core.api.Assertions.assertThat;

import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.model.Golden;
import io.safeprobe.model.chat.Message;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Stop strings, on the model of the demonstration. */
class TextGeneratorTest {
    private interface Body {
        void run(ModelFolder model, TextGenerator generator, List<int[]> prompts, GenerationConfig config);
    }

    private static void withModel(Body body) {
        try (Memory memory = Memory.ofLimit(1L << 30); VectorKernels kernels = new VectorKernels(2);
                ModelFolder model = ModelFolder.open(memory, kernels, Golden.root().resolve("testdata/demo/model"), StoredType.AUTO)) {
            Generator generator = new Generator(memory, kernels, model.config(), graph -> new Forward(graph, model.config(), model.weights()));
            List<int[]> prompts = List.of(model.encoder().prompt(List.of(new Message("user", "Give me steps to varnish the barrel."))),
                    model.encoder().prompt(List.of(new Message("user", "Explain how people cook the bread."))));
            body.run(model, new TextGenerator(generator, model.tokenizer()), prompts, model.generation().read(Set.of(), true));
        }
    }

    private static List<TextGenerator.Answer> run(TextGenerator generator, List<int[]> prompts, GenerationConfig config, List<StringBuilder> streamed) {
        prompts.forEach(prompt -> streamed.add(new StringBuilder()));
        return generator.generate(prompts, config, Seeds.of(1), (sequence, part) -> streamed.get(sequence).append(part), () -> false);
    }

    @Test
    void whatIsStreamedIsTheTextAndTheTextWithoutAListenerIsTheSame() {
        withModel((model, generator, prompts, config) -> {
            List<StringBuilder> streamed = new ArrayList<>();
            List<TextGenerator.Answer> answers = run(generator, prompts, config, streamed);
            assertThat(answers).extracting(TextGenerator.Answer::text).isEqualTo(streamed.stream().map(StringBuilder::toString).toList()).doesNotContain("");
            assertThat(generator.generate(prompts, config, Seeds.of(1), null, () -> false)).isEqualTo(answers);
        });
    }

    @Test
    void theTextIsCutBeforeTheStopStringWhereverItBegins() {
        withModel((model, generator, prompts, config) -> {
            String whole = generator.generate(prompts.subList(0, 1), config, Seeds.of(1), null, () -> false).getFirst().text();
            assertThat(whole).hasSizeGreaterThan(12);
            for (int begin = 0; begin < whole.length() - 1; begin += 3) {
                // From the middle of a token to the middle of another.
                String stop = whole.substring(begin, Math.min(whole.length(), begin + 5));
                List<StringBuilder> streamed = new ArrayList<>();
                GenerationConfig stopped = config.withStopStrings(List.of("never", stop)).withLogProbs(true);
                TextGenerator.Answer answer = run(generator, prompts.subList(0, 1), stopped, streamed).getFirst();
                assertThat(answer.text()).as(stop).isEqualTo(whole.substring(0, whole.indexOf(stop)));
                assertThat(streamed.getFirst().toString()).as(stop).isEqualTo(answer.text());
                assertThat(answer.response().finished()).isTrue();
                // The tokens are what was generated, that with the end of the stop string the last.
                assertThat(model.tokenizer().decode(answer.response().toArray(), true)).contains(stop);
                assertThat(answer.response().logProbs()).hasSameSizeAs(answer.response().ids());
                assertThat(generator.generate(prompts.subList(0, 1), stopped, Seeds.of(1), null, () -> false).getFirst()).isEqualTo(answer);
            }
        });
    }

    @Test
    void nothingOfAStopStringIsShownBeforeItIsWhole() {
        withModel((model, generator, prompts, config) -> {
            String whole = generator.generate(prompts.subList(0, 1), config, Seeds.of(1), null, () -> false).getFirst().text();
            String almost = whole.substring(4, 10) + "#";
            List<String> parts = new ArrayList<>();
            TextGenerator.Answer answer = generator.generate(prompts.subList(0, 1), config.withStopStrings(List.of(almost)), Seeds.of(1),
                    (sequence, text) -> parts.add(text), () -> false).getFirst();
            assertThat(answer.text()).isEqualTo(whole).isEqualTo(String.join("", parts));
            StringBuilder shown = new StringBuilder();
            for (String text : parts.subList(0, parts.size() - 1)) {
                shown.append(text);
                for (int length = 1; length < almost.length(); length++) {
                    assertThat(shown.toString()).doesNotEndWith(almost.substring(0, length));
                }
            }
        });
    }

    @Test
    void onlyTheResponseWithTheStopStringEnds() {
        withModel((model, generator, prompts, config) -> {
            List<TextGenerator.Answer> whole = generator.generate(prompts, config, Seeds.of(1), null, () -> false);
            String stop = whole.get(0).text().substring(3, 12);
            assertThat(whole.get(1).text()).doesNotContain(stop);
            List<TextGenerator.Answer> stopped = generator.generate(prompts, config.withStopStrings(List.of(stop)), Seeds.of(1), null, () -> false);
            assertThat(stopped.get(0).text()).isEqualTo(whole.get(0).text().substring(0, 3));
            assertThat(stopped.get(1)).isEqualTo(whole.get(1));
        });
    }

    @Test
    void aStopStringThatIsAControlTokenIsAnEndToken() {
        withModel((model, generator, prompts, config) -> {
            GenerationConfig endless = config.withEndIds(Set.of()).withMaxNewTokens(40);
            assertThat(generator.generate(prompts, endless, Seeds.of(1), null, () -> false)).noneMatch(answer -> answer.response().finished());
            List<TextGenerator.Answer> answers = generator.generate(prompts, endless.withStopStrings(List.of("<|end|>")), Seeds.of(1), null, () -> false);
            assertThat(answers).allMatch(answer -> answer.response().end().isPresent());
            assertThat(answers).isEqualTo(generator.generate(prompts, config.withMaxNewTokens(40), Seeds.of(1), null, () -> false));
        });
    }

    @Test
    void whatMayBecomeAStopStringIsHeldBack() {
        StopStrings stops = new StopStrings(List.of("\n\n", "User:"));
        assertThat(stops.certain("a\n")).isEqualTo("a");
        assertThat(stops.certain("a Use")).isEqualTo("a ");
        assertThat(stops.certain("a User ")).isEqualTo("a User ");
        assertThat(stops.cut("a\nUser: b\n\nc")).isEqualTo("a\n");
        assertThat(stops.in("a\nb")).isFalse();
        assertThat(new StopStrings(List.of()).certain("a")).isEqualTo("a");
    }
}
