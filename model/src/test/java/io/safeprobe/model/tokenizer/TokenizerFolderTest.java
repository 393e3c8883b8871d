package io.safeprobe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Folders whose other files change what tokenizer.json says, against transformers. */
class TokenizerFolderTest {
    private static final JsonNode GOLDEN = ConfigFile.json(Golden.path("tokenizers/folders.json"));

    @TempDir
    Path folder;

    /** With transformers 5.18: a blank before every part of a text, as this file has it, only where legacy is true or the class is none of these. */
    @ParameterizedTest
    @CsvSource({
        "spm-prepend, LlamaTokenizer, false, true", "spm-always, LlamaTokenizerFast, false, true", "spm-prepend, CodeLlamaTokenizer, true, true",
        "spm-prepend, LlamaTokenizer, true, false", "spm-first, LlamaTokenizer, false, false", "spm-prepend, PreTrainedTokenizerFast, false, false"
    })
    void whatTransformers5WouldDoOtherwiseIsSaid(String tokenizer, String name, boolean legacy, boolean differs) {
        write("tokenizer.json", ConfigFile.json(Golden.path("tokenizers").resolve(tokenizer).resolve("tokenizer.json")));
        write("tokenizer_config.json", JsonNodeFactory.instance.objectNode().put("tokenizer_class", name).put("legacy", legacy));
        try (Tokenizer opened = Tokenizer.open(folder)) {
            assertThat(opened.difference().isPresent()).isEqualTo(differs);
            opened.difference().ifPresent(text -> assertThat(text).contains(name, "tokenizer.json is followed"));
        }
    }

    private static Stream<String> folders() {
        return StreamSupport.stream(GOLDEN.path("folders").spliterator(), false).map(one -> one.path("name").asText());
    }

    private JsonNode written(String name) {
        JsonNode one = StreamSupport.stream(GOLDEN.path("folders").spliterator(), false)
                .filter(each -> each.path("name").asText().equals(name)).findFirst().orElseThrow();
        ObjectNode tokenizer = (ObjectNode) ConfigFile.json(Golden.path("tokenizers").resolve(one.path("tokenizer").asText()).resolve("tokenizer.json"));
        one.path("edits").properties().forEach(edit -> {
            if (edit.getValue().isObject()) {
                tokenizer.path(edit.getKey()).forEach(token -> ((ObjectNode) token).setAll((ObjectNode) edit.getValue()));
            } else {
                tokenizer.set(edit.getKey(), edit.getValue());
            }
        });
        write("tokenizer.json", tokenizer);
        one.path("files").properties().forEach(file -> write(file.getKey(), file.getValue()));
        if (!one.path("config").isNull()) {
            write("tokenizer_config.json", one.path("config"));
        }
        return one;
    }

    private void write(String name, JsonNode content) {
        try {
            Files.writeString(folder.resolve(name), content.toString());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    void asTransformersReadsIt(String name) {
        JsonNode expected = written(name);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            for (JsonNode one : expected.path("texts")) {
                String text = one.path("text").asText();
                assertThat(tokenizer.encode(text, false)).as(text).isEqualTo(Golden.ints(one.path("plain")));
                int[] ids = Golden.ints(one.path("ids"));
                assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(ids);
                assertThat(tokenizer.decode(ids, true)).as(text).isEqualTo(one.path("decoded").asText());
                assertThat(tokenizer.decode(ids, false)).as(text).isEqualTo(one.path("decoded_special").asText());
                StreamDecoder stream = new StreamDecoder(tokenizer);
                StringBuilder streamed = new StringBuilder();
                for (int id : ids) {
                    streamed.append(stream.next(id));
                }
                assertThat(streamed + stream.rest()).as(text).isEqualTo(one.path("decoded").asText());
            }
            Map<String, String> named = new TreeMap<>();
            expected.path("named").properties().forEach(token -> named.put(token.getKey(), token.getValue().asText()));
            assertThat(tokenizer.namedTokens()).isEqualTo(named);
            assertThat(IntStream.range(0, 1000).filter(tokenizer::isSpecial).toArray()).isEqualTo(Golden.ints(expected.path("special")));
        }
    }

    @Test
    void aTokenWhoseIdIsSaidToBeAnotherIsRefused() throws IOException {
        written("plain");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\": {\"700\": {\"content\": \"<x>\", \"special\": true}}}");
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(ModelException.class)
                .hasMessageContaining("the token '<x>' has the id 700").hasMessageContaining("save_pretrained");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"added_tokens_decoder\": {\"x\": {\"content\": \"<x>\", \"special\": true}}}");
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(ModelException.class).hasMessageContaining("the key 'x', which is no token id");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"split_special_tokens\": true}");
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(ModelException.class).hasMessageContaining("split_special_tokens");
    }

    @Test
    void otherFormatsAreRefusedByNameWithWhatToDo() throws IOException {
        Files.writeString(folder.resolve("tokenizer.model"), "x");
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(ModelException.class)
                .hasMessageContaining("tokenizer.model alone is not supported").hasMessageContaining("save_pretrained");
    }

    @Test
    void halfASurrogatePairIsNoText() {
        written("plain");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            for (String text : new String[] {"a\ud800", "\udc00b", "\ud800x", "\ud83d\ud83d\ude00"}) {
                assertThatThrownBy(() -> tokenizer.encode(text, false)).isInstanceOf(ModelException.class).hasMessageContaining("half a surrogate pair");
            }
            assertThat(tokenizer.decode(tokenizer.encode("\ud83d\ude00", false), true)).isEqualTo("\ud83d\ude00");
        }
    }
}
