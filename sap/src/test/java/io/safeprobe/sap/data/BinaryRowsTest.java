package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.safeprobe.model.chat.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Parquet and Arrow files that pyarrow wrote (testdata/oracle/make_binary_rows.py). */
class BinaryRowsTest {
    private static final Path FILES = Path.of("src", "test", "resources", "rows");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @ParameterizedTest
    @CsvSource({
        "none.parquet, Parquet", "snappy.parquet, Parquet", "gzip.parquet, Parquet", "brotli.parquet, Parquet", "zstd.parquet, Parquet",
        "lz4.parquet, Parquet", "stream.arrow, Arrow stream", "file-none.arrow, Arrow file", "file-lz4.arrow, Arrow file", "file-zstd.arrow, Arrow file"
    })
    void everyContainerAndCodecHoldsTheSameRows(String name, String format) throws IOException {
        RecordFile file = RecordFile.read(FILES.resolve(name), 0);

        assertThat(file.format()).isEqualTo(format);
        assertThat(file.columns()).containsExactly("messages", "id", "score", "price", "safe", "tags", "nothing", "bytes", "when");
        assertThat(file.records()).extracting(Fields::place).containsExactly("row 1", "row 2", "row 3", "row 4");
        assertThat(json(file.records().get(0))).isEqualTo(json("""
                {"messages": [{"role": "user", "content": "P0 é"}, {"role": "assistant", "content": "R0"}], "id": 0, "score": 0.0, "price": 1.50,
                 "safe": true, "tags": null, "nothing": null, "bytes": "AP8=", "when": "2024-01-02T03:04:05"}
                """));
        assertThat(json(file.records().get(3))).isEqualTo(json("""
                {"messages": [{"role": "user", "content": "P3 é"}, {"role": "assistant", "content": "R3"}], "id": 3, "score": 1.5, "price": 1.50,
                 "safe": false, "tags": ["a", null], "nothing": null, "bytes": "AP8=", "when": "2024-01-02T03:04:05"}
                """));
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy.parquet", "stream.arrow", "file-lz4.arrow", "saved"})
    void nestedMessagesAreRowsToLearn(String name) {
        TaskData data = TaskData.read(FILES.resolve(name), null, 0);

        assertThat(data.source().layout()).isEqualTo("messages");
        assertThat(data.rows()).hasSize(4);
        assertThat(data.rows().get(2)).isEqualTo(new TaskRow.Text(List.of(new Message("user", "P2 é")), "R2"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy.parquet", "stream.arrow", "file-none.arrow", "saved"})
    void limitReadsTheFirstRecordsAndHashesAll(String name) {
        RecordFile all = RecordFile.read(FILES.resolve(name), 0);

        RecordFile two = RecordFile.read(FILES.resolve(name), 2);

        assertThat(two.records()).isEqualTo(all.records().subList(0, 2));
        assertThat(two.sha256()).isEqualTo(all.sha256());
    }

    @Test
    void dictionariesAreResolved() {
        RecordFile file = RecordFile.read(FILES.resolve("dictionary.arrow"), 0);

        assertThat(file.records()).extracting(row -> json(row).path("prompt").asText()).containsExactly("P", "Q", "P", "null");
        assertThatThrownBy(() -> RecordFile.read(FILES.resolve("inner-dictionary.arrow"), 0)).isInstanceOf(DataException.class)
                .hasMessageContaining("column 'prompt' holds dictionary-encoded values inside a list or struct");
    }

    @Test
    void largeTextsAndListsAreRead() throws IOException {
        assertThat(json(RecordFile.read(FILES.resolve("large.arrow"), 0).records().getFirst()))
                .isEqualTo(json("{\"prompt\": \"P\", \"response\": \"R\", \"labels\": [1, 2]}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"empty.arrow", "empty.parquet"})
    void refusesATableWithoutRows(String name) {
        assertThatThrownBy(() -> RecordFile.read(FILES.resolve(name), 0)).isInstanceOf(DataException.class).hasMessageContaining("holds no rows");
    }

    @Test
    void refusesColumnsThatDoNotFitByRow() {
        Path file = FILES.resolve("snappy.parquet");

        assertThatThrownBy(() -> TaskData.read(file, ColumnMap.parse("prompt=frage,response=id"), 0)).isInstanceOf(DataException.class)
                .hasMessageContaining("has no column 'frage'").hasMessageContaining("its columns are: messages, id");
        assertThatThrownBy(() -> TaskData.read(file, ColumnMap.parse("prompt=id+tags,response=id"), 0)).hasMessageContaining("row 2: 'tags' holds a list; a text");
        assertThatThrownBy(() -> TaskData.read(file, ColumnMap.parse("prompt=nothing,response=id"), 0)).hasMessageContaining("row 1: column 'nothing' is null");
        assertThatThrownBy(() -> PromptData.read(file, null, 0)).hasMessageContaining("cannot tell from the columns (messages, id");
    }

    @ParameterizedTest
    @ValueSource(strings = {"it's.parquet", "a [1] *?.parquet", "[a-z].parquet", "no suffix"})
    void parquetNamesAreNoPatternAndNoSql(String name) throws IOException {
        Files.copy(FILES.resolve("empty.parquet"), dir.resolve("a 1 xy.parquet"));
        Files.copy(FILES.resolve("empty.parquet"), dir.resolve("b.parquet"));
        Path file = Files.copy(FILES.resolve("snappy.parquet"), dir.resolve(name));

        assertThat(RecordFile.read(file, 0).records()).hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy.parquet", "zstd.parquet", "file-none.arrow", "file-lz4.arrow"})
    void refusesAFileThatIsCutOff(String name) throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve(name));
        for (int length : new int[] {8, whole.length / 2, whole.length - 1}) {
            Path cut = Files.write(dir.resolve(name), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> RecordFile.read(cut, 0)).isInstanceOf(DataException.class).hasMessageStartingWith(cut + "")
                    .hasMessageContaining("get the file again");
        }
    }

    @Test
    void aStreamThatIsCutOffIsRefusedWithinAMessage() throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve("stream.arrow"));
        for (int length = 4; length < whole.length; length += 37) {
            Path cut = Files.write(dir.resolve("cut.arrow"), Arrays.copyOf(whole, length));
            try {
                assertThat(RecordFile.read(cut, 0).records()).hasSizeLessThanOrEqualTo(4);
            } catch (DataException refused) {
                assertThat(refused).hasMessageStartingWith(cut + "");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"stream.arrow", "file-none.arrow", "snappy.parquet"})
    void damageIsADataErrorOrGoesUnseenButNeverAnythingElse(String name) throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve(name));
        for (int at = 8; at < whole.length; at += whole.length / 40) {
            byte[] bytes = whole.clone();
            bytes[at] ^= 0x55;
            Path damaged = Files.write(dir.resolve(name), bytes);
            try {
                RecordFile.read(damaged, 0);
            } catch (DataException refused) {
                assertThat(refused).hasMessageStartingWith(damaged + "");
            }
        }
    }

    @Test
    void refusesTextWithABinaryName() throws IOException {
        for (String name : List.of("rows.parquet", "rows.arrow")) {
            Path file = Files.writeString(dir.resolve(name), "<html>not found</html>");
            assertThatThrownBy(() -> RecordFile.read(file, 0)).isInstanceOf(DataException.class).hasMessageContaining("but begins with '<'")
                    .hasMessageContaining("get the file again");
        }
    }

    @Test
    void refusesPackedParquet() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            Files.copy(FILES.resolve("snappy.parquet"), out);
        }
        Path file = Files.write(dir.resolve("rows.parquet.gz"), bytes.toByteArray());

        assertThatThrownBy(() -> RecordFile.read(file, 0)).isInstanceOf(DataException.class).hasMessageContaining("Parquet data packed with gzip; unpack it first");
    }

    private static JsonNode json(Fields row) {
        try {
            return json(new ObjectMapper().writeValueAsString(row.values()));
        } catch (IOException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static JsonNode json(String text) throws IOException {
        return new ObjectMapper().readTree(text.getBytes(StandardCharsets.UTF_8));
    }
}
