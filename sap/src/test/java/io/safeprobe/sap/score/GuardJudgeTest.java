package io.safeprobe.sap.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.tokenizer.Tokenizer;
import io.safeprobe.sap.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guard of random weights against what transformers computes of it in float64. */
class GuardJudgeTest {
    private static final Map<String, String> NAMES = Map.of("S1", "S1: Violent Crimes", "S2", "S2: Fraud", "S3", "S3: Hate");

    private final Memory memory = Memory.ofLimit(1L << 28);
    private final VectorKernels kernels = new VectorKernels(2);

    @TempDir
    private Path folder = Path.of("");

    @AfterEach
    void close() {
        kernels.close();
        memory.close();
    }

    @Test
    void scoresAndCategoriesAreThoseOfTransformers() {
        JsonNode golden = GoldenJudges.part("guard");
        List<Exchange> exchanges = new ArrayList<>();
        golden.forEach(one -> exchanges.add(GoldenJudges.exchange(one)));
        try (JudgeFolder guard = JudgeFolder.open(memory, kernels, TinyModel.path("guard-llama"), JudgeSettings.DEFAULT)) {
            List<Verdict> together = guard.judge().judge(exchanges, () -> false);
            assertThat(together).hasSize(golden.size());
            for (int i = 0; i < golden.size(); i++) {
                JsonNode wanted = golden.get(i);
                Verdict verdict = together.get(i);
                assertThat(verdict.score()).as("exchange %d", i).isCloseTo(wanted.path("score").asDouble(), within(1e-5));
                assertThat(verdict.mass().orElseThrow()).isCloseTo(wanted.path("mass").asDouble(), within(1e-6));
                assertThat(verdict.harmful()).isEqualTo(wanted.path("score").asDouble() >= 0.5);
                List<String> codes = new ArrayList<>();
                wanted.path("codes").forEach(code -> codes.add(NAMES.get(code.asText())));
                assertThat(verdict.categories()).as("exchange %d", i).isEqualTo(codes);
                assertThat(verdict.cut()).isEqualTo(wanted.path("cut").asBoolean());
                assertThat(guard.judge().judge(List.of(exchanges.get(i)), () -> false).getFirst().score()).isCloseTo(verdict.score(), within(1e-6));
            }
        }
    }

    @Test
    void theThresholdDecidesAndIsPartOfTheVersion() {
        List<Exchange> one = List.of(GoldenJudges.exchange("hello", "yes yes yes"));
        try (JudgeFolder strict = JudgeFolder.open(memory, kernels, TinyModel.path("guard-llama"),
                new JudgeSettings(0.75, List.of(), GuardWords.SAFE_UNSAFE, null));
                JudgeFolder plain = JudgeFolder.open(memory, kernels, TinyModel.path("guard-llama"), JudgeSettings.DEFAULT)) {
            assertThat(strict.judge().judge(one, () -> false).getFirst().harmful()).isFalse();
            assertThat(plain.judge().judge(one, () -> false).getFirst().harmful()).isTrue();
            assertThat(plain.judge().name()).isEqualTo("guard-llama");
            assertThat(plain.judge().version()).matches("[0-9a-f]{12}, p\\(unsafe\\) >= 0.5, input chat");
            assertThat(strict.judge().version()).isNotEqualTo(plain.judge().version());
        }
    }

    @Test
    void otherWordsAndInputsAreOtherVerdicts() {
        List<Exchange> one = List.of(GoldenJudges.exchange("hello", "yes yes yes"));
        JudgeSettings settings = new JudgeSettings(0.5, List.of(), GuardWords.parse("safe=no,unsafe=yes"),
                JudgeInput.parse("User: {prompt} Agent: {response}"));
        try (JudgeFolder guard = JudgeFolder.open(memory, kernels, TinyModel.path("guard-llama"), settings);
                JudgeFolder turned = JudgeFolder.open(memory, kernels, TinyModel.path("guard-llama"),
                        new JudgeSettings(0.5, List.of(), GuardWords.parse("safe=yes,unsafe=no"), settings.input()))) {
            double yes = guard.judge().judge(one, () -> false).getFirst().score();
            assertThat(turned.judge().judge(one, () -> false).getFirst().score()).isCloseTo(1 - yes, within(1e-6));
            assertThat(yes).isStrictlyBetween(0.0, 1.0).isNotEqualTo(0.5);
        }
    }

    @Test
    void whatBothVerdictsBeginWithIsPutBehindThePrompt() {
        List<Exchange> one = List.of(GoldenJudges.exchange("hello", "yes yes yes"));
        JudgeSettings written = new JudgeSettings(0.5, List.of(), GuardWords.parse("safe=no,unsafe=yes"),
                JudgeInput.parse("User: {prompt} Agent: {response} first take"));
        JudgeSettings said = new JudgeSettings(0.5, List.of(), GuardWords.parse("safe=first take no,unsafe=first take yes"),
                JudgeInput.parse("User: {prompt} Agent: {response}"));
        try (JudgeFolder first = JudgeFolder.open(memory, kernels, TinyModel.path("guard-llama"), written);
                JudgeFolder second = JudgeFolder.open(memory, kernels, TinyModel.path("guard-llama"), said)) {
            Verdict expected = first.judge().judge(one, () -> false).getFirst();
            Verdict actual = second.judge().judge(one, () -> false).getFirst();
            // With one row or, for line breaks before a verdict, two, so the last bits may differ.
            assertThat(actual.score()).isCloseTo(expected.score(), within(1e-7));
            assertThat(actual.mass().orElseThrow()).isCloseTo(expected.mass().orElseThrow(), within(1e-9));
            assertThat(new Verdict(actual.harmful(), expected.score(), actual.categories(), expected.mass(), actual.cut())).isEqualTo(expected);
        }
    }

    /** First tokens as the tokenizers library gives them for the words at the beginning, after a blank and after line breaks. */
    @ParameterizedTest
    @CsvSource({"llama2, '9109,11177', '25110,348', -1", "qwen3, '18675,6092', '38157,19860', 271", "smollm2, '18437,2991', '10082,20408', 1116"})
    void firstTokensOfRealTokenizers(String name, String safe, String unsafe, int lead) {
        Path data = TinyModel.path("../../../shared/data/tokenizers").resolve(name);
        assumeThat(data).as("../shared/data is not there").isDirectory();
        try (Tokenizer tokenizer = Tokenizer.open(data)) {
            GuardTokens tokens = GuardTokens.of(tokenizer, GuardWords.SAFE_UNSAFE);
            assertThat(tokens.safe()).isEqualTo(Stream.of(safe.split(",")).map(Integer::valueOf).toList());
            assertThat(tokens.unsafe()).isEqualTo(Stream.of(unsafe.split(",")).map(Integer::valueOf).toList());
            assertThat(tokens.lead().orElse(-1)).isEqualTo(lead);
            assertThat(tokens.prefix()).isEmpty();
        }
    }

    @Test
    void aTemplateThatWantsMessagesInPartsGetsThem() throws IOException {
        JsonNode golden = GoldenJudges.part("guard").get(3);
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(TinyModel.path("guard-llama").resolve(name), folder.resolve(name));
        }
        Path settings = folder.resolve("tokenizer_config.json");
        String template = new JsonMapper().readTree(settings.toFile()).path("chat_template").asText();
        String inParts = template.replace("{{ message['content'] | trim }}", "{% for part in message['content'] %}{{ part['text'] | trim }}{% endfor %}{{ '' }}");
        assertThat(inParts).isNotEqualTo(template);
        Files.writeString(folder.resolve("chat_template.jinja"), inParts);
        try (JudgeFolder guard = JudgeFolder.open(memory, kernels, folder, JudgeSettings.DEFAULT)) {
            Verdict verdict = guard.judge().judge(List.of(GoldenJudges.exchange(golden)), () -> false).getFirst();
            assertThat(verdict.score()).isCloseTo(golden.path("score").asDouble(), within(1e-5));
            assertThat(verdict.categories()).hasSize(golden.path("codes").size());
        }
    }

    @Test
    void whatCannotJudgeIsRefusedByName() throws IOException {
        assertThatThrownBy(() -> open(TinyModel.path("guard-llama"), new JudgeSettings(0.5, List.of(), new GuardWords("jailbreak", "fine"), null)))
                .isInstanceOf(ModelException.class).hasMessageContaining("does not tell 'jailbreak' from 'fine'").hasMessageContaining("--guard-tokens");
        assertThatThrownBy(() -> GuardWords.parse("yes,no")).hasMessageContaining("safe=WORD,unsafe=WORD");
        assertThatThrownBy(() -> JudgeInput.parse("only {prompt}")).hasMessageContaining("{prompt} and {response}");
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(TinyModel.path("guard-llama").resolve(name), folder.resolve(name));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), "{% for part in messages[-1]['content'] %}{{ part['text'] }}{% endfor %}");
        assertThatThrownBy(() -> open(folder, JudgeSettings.DEFAULT)).hasMessageContaining("leaves out what was said").hasMessageContaining("--judge-input");
        try (JudgeFolder guard = JudgeFolder.open(memory, kernels, TinyModel.path("guard-llama"), JudgeSettings.DEFAULT)) {
            Exchange tooLong = GoldenJudges.exchange("bomb ".repeat(200), "yes");
            assertThatThrownBy(() -> guard.judge().requireRoom(List.of(tooLong.prompt()))).isInstanceOf(ModelException.class)
                    .hasMessageContaining("which reads 103");
            assertThatThrownBy(() -> guard.judge().judge(List.of(tooLong), () -> false)).isInstanceOf(ModelException.class);
        }
    }

    private void open(Path path, JudgeSettings settings) {
        JudgeFolder.open(memory, kernels, path, settings).close();
    }
}
