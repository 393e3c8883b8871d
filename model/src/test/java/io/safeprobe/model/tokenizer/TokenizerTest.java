package io.safeprobe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    @TempDir
    Path folder;

    private static Tokenizer open(JsonNode golden, String name) {
        Path file = Golden.shared(golden.path("tokenizers").path(name).path("file").asText());
        return Tokenizer.open(java.util.Objects.requireNonNull(file.getParent()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama2", "smollm2", "qwen3", "stories260K"})
    void idsAndTextAsPythonGivesThem(String name) {
        JsonNode golden = ConfigFile.json(Golden.path("tokenizers.json"));
        try (Tokenizer tokenizer = open(golden, name)) {
            for (JsonNode one : golden.path("cases")) {
                String text = one.path("text").asText();
                JsonNode expected = one.path(name);
                assertThat(tokenizer.encode(text, false)).as(text).isEqualTo(Golden.ints(expected.path("ids")));
                int[] withSpecial = Golden.ints(expected.path("ids_special"));
                assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(withSpecial);
                assertThat(tokenizer.decode(withSpecial, true)).as(text).isEqualTo(expected.path("decoded").asText());
                assertThat(tokenizer.decode(withSpecial, false)).as(text).isEqualTo(expected.path("decoded_special").asText());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama2", "smollm2", "qwen3"})
    void streamedTextIsTheWholeTextAndNeverHalfACharacter(String name) {
        JsonNode golden = ConfigFile.json(Golden.path("tokenizers.json"));
        try (Tokenizer tokenizer = open(golden, name)) {
            int[] ids = tokenizer.encode("\u00e9t\u00e9 \u4f60\u597d \ud83d\ude80\ud83d\udc69\u200d\ud83d\udcbb done", false);
            StreamDecoder stream = new StreamDecoder(tokenizer);
            StringBuilder text = new StringBuilder();
            for (int id : ids) {
                String fresh = stream.next(id);
                assertThat(fresh).doesNotContain("\ufffd");
                text.append(fresh);
            }
            assertThat(text + stream.rest()).isEqualTo(tokenizer.decode(ids, true));
        }
    }

    @Test
    void aFileThatIsNoTokenizerIsRefused() throws IOException {
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(ModelException.class).hasMessageContaining("tokenizer.json is missing");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 3}");
        assertThatThrownBy(() -> Tokenizer.open(folder)).isInstanceOf(ModelException.class).hasMessageContaining("is not understood");
    }
}
