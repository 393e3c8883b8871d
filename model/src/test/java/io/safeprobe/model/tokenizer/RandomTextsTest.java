package io.safeprobe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ConfigFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids and decoded texts of thousands of random texts, as digests of what Python's tokenizers gives; and the same texts streamed. */
class RandomTextsTest {
    private static final JsonNode GOLDEN = ConfigFile.json(Golden.path("tokenizers/digests.json"));
    private static final RandomTexts TEXTS = new RandomTexts(GOLDEN.path("random_texts"));

    private static final Map<String, Tokenizer> OPEN = new HashMap<>();

    @AfterAll
    static void close() {
        OPEN.values().forEach(Tokenizer::close);
        OPEN.clear();
    }

    private static Stream<String> tokenizers() {
        return GOLDEN.path("tokenizers").properties().stream().map(Map.Entry::getKey);
    }

    /** Opened once for all tests: the real ones are large. */
    private static Tokenizer open(String name) {
        return OPEN.computeIfAbsent(name, RandomTextsTest::read);
    }

    private static Tokenizer read(String name) {
        JsonNode one = GOLDEN.path("tokenizers").path(name);
        Path folder = one.has("golden") ? Golden.path(one.path("golden").asText()) : Golden.shared(one.path("shared").asText());
        return Tokenizer.open(folder);
    }

    private static byte[] digest(Tokenizer tokenizer, String text) throws NoSuchAlgorithmException {
        int[] special = tokenizer.encode(text, true);
        String ids = joined(tokenizer.encode(text, false)) + "\n" + joined(special);
        String results = String.join("\n", ids, tokenizer.decode(special, true), tokenizer.decode(special, false));
        return MessageDigest.getInstance("SHA-256").digest(results.getBytes(StandardCharsets.UTF_8));
    }

    private static String joined(int[] ids) {
        return Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void idsAndTextsAsPythonGivesThem(String name) throws NoSuchAlgorithmException {
        JsonNode expected = GOLDEN.path("tokenizers").path(name);
        byte[] each = Base64.getDecoder().decode(expected.path("each").asText());
        MessageDigest all = MessageDigest.getInstance("SHA-256");
        Tokenizer tokenizer = open(name);
        for (int i = 0; i < GOLDEN.path("texts").asInt(); i++) {
            String text = TEXTS.text(i);
            byte[] found = digest(tokenizer, text);
            assertThat(Arrays.copyOf(found, 2)).as("random text %s with %s: %s", i, name, text).isEqualTo(Arrays.copyOfRange(each, 2 * i, 2 * i + 2));
            all.update(found);
        }
        assertThat(HexFormat.of().formatHex(all.digest())).isEqualTo(expected.path("all").asText());
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void whatIsStreamedIsTheWholeText(String name) {
        Tokenizer tokenizer = open(name);
        for (int i = 0; i < 250; i++) {
            assertStreams(tokenizer, tokenizer.encode(TEXTS.text(i), true));
        }
        // Ids at random: bytes that make no character, control tokens in the middle of one, ids that no token has.
        int vocabulary = vocabulary(tokenizer) + 3;
        for (int i = 0; i < 250; i++) {
            TEXTS.text(i);
            assertStreams(tokenizer, IntStream.range(0, 1 + TEXTS.below(40)).map(k -> TEXTS.below(vocabulary)).toArray());
        }
        int[] bytes = IntStream.range(0, vocabulary).filter(tokenizer::isByte).toArray();
        for (int i = 0; bytes.length > 0 && i < 200; i++) {
            TEXTS.text(i);
            assertStreams(tokenizer, IntStream.range(0, 1 + TEXTS.below(12))
                    .map(k -> TEXTS.below(4) == 0 ? TEXTS.below(vocabulary) : bytes[TEXTS.below(bytes.length)]).toArray());
        }
    }

    /** One more than the highest id of the digested texts: enough to draw from. */
    private static int vocabulary(Tokenizer tokenizer) {
        return 1 + IntStream.range(0, 300).flatMap(i -> Arrays.stream(tokenizer.encode(TEXTS.text(i), true))).max().orElseThrow();
    }

    private static void assertStreams(Tokenizer tokenizer, int[] ids) {
        StreamDecoder stream = new StreamDecoder(tokenizer);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.next(id));
        }
        text.append(stream.rest());
        assertThat(text.toString()).as("ids %s", Arrays.toString(ids)).isEqualTo(tokenizer.decode(ids, true));
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void textIsShownAsSoonAsItIsCertain(String name) {
        Tokenizer tokenizer = open(name);
        for (String text : List.of("the quick brown fox jumps over the lazy dog", "été à la maison", "the 12 houses and 345 gardens")) {
            int[] ids = tokenizer.encode(text, false);
            StreamDecoder stream = new StreamDecoder(tokenizer);
            StringBuilder shown = new StringBuilder();
            for (int i = 0; i < ids.length; i++) {
                shown.append(stream.next(ids[i]));
                String all = tokenizer.decode(Arrays.copyOf(ids, i + 1), true);
                assertThat(all).startsWith(shown);
                if (!tokenizer.isByte(ids[i]) && !all.endsWith("\ufffd")) {
                    assertThat(shown.toString()).isEqualTo(all);
                }
            }
        }
    }
}
