package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void readsAFolderThatWasSavedToDisk() throws Exception {
        Path saved = Path.of("src", "test", "resources", "rows", "saved");

        RecordFile file = RecordFile.read(saved, 0);

        assertThat(file.file()).isEqualTo(saved);
        assertThat(file.format()).isEqualTo("Arrow stream, 2 files");
        assertThat(file.records()).extracting(Fields::place).containsExactly("data-00000-of-00002.arrow, row 1", "data-00000-of-00002.arrow, row 2",
                "data-00001-of-00002.arrow, row 1", "data-00001-of-00002.arrow, row 2");
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(Files.readAllBytes(saved.resolve("data-00000-of-00002.arrow")));
        digest.update(Files.readAllBytes(saved.resolve("data-00001-of-00002.arrow")));
        assertThat(file.sha256()).isEqualTo(HexFormat.of().formatHex(digest.digest()));
    }

    @Test
    void takesTheShardsOfAFolderOrAPatternInOrder() throws IOException {
        Path second = write("train-00001-of-00002.jsonl", "{\"a\": 2}");
        Path first = write("train-00000-of-00002.jsonl", "{\"a\": 1}");
        write("README.md", "text");
        write(".hidden.jsonl", "text");

        assertThat(Shards.of(dir)).containsExactly(first, second);
        assertThat(Shards.of(dir.resolve("train-*.jsonl"))).containsExactly(first.toAbsolutePath(), second.toAbsolutePath());
        assertThat(RecordFile.read(dir, 0).format()).isEqualTo("JSONL, 2 files");
        assertThatThrownBy(() -> TaskData.read(dir, ColumnMap.parse("prompt=a,response=b"), 0)).isInstanceOf(DataException.class)
                .hasMessageContaining(dir + ": has no column 'b'");
    }

    @Test
    void errorsNameTheShard() throws IOException {
        write("train-00000-of-00002.jsonl", "{\"prompt\": \"P\", \"response\": \"R\"}");
        Path second = write("train-00001-of-00002.jsonl", "{\"prompt\": \"P\"}");
        assertThatThrownBy(() -> TaskData.read(dir, null, 0)).hasMessageStartingWith(dir + ", train-00001-of-00002.jsonl, line 1: has no column 'response'");

        Files.writeString(second, "{");
        assertThatThrownBy(() -> TaskData.read(dir, null, 0)).hasMessageStartingWith(second + ", line 1: is not one whole JSON object");
    }

    @Test
    void aFolderWithOneDataFileIsThatFile() throws IOException {
        Path file = write("rows.jsonl", "{\"a\": 1}");
        write("dataset_info.json", "{}");

        assertThat(Shards.of(dir)).containsExactly(file);
    }

    @Test
    void refusesMalformedPatternsAndEmptyNames() {
        assertThatThrownBy(() -> Shards.of(dir.resolve("train-[*.parquet"))).isInstanceOf(DataException.class)
                .hasMessageContaining("train-[*.parquet: there is no such file, and it is no pattern either").hasMessageContaining("close every [ and {");
        assertThatThrownBy(() -> Shards.of(Path.of(""))).isInstanceOf(DataException.class).hasMessageContaining("is empty");
    }

    @Test
    void refusesAFolderOfSplitsAndNamesThem() throws IOException {
        write("dataset_dict.json", "{\"splits\": [\"train\", \"test\"]}");

        assertThatThrownBy(() -> Shards.of(dir)).isInstanceOf(DataException.class)
                .hasMessage(dir + ": holds the splits train, test; give one of these folders, for example " + dir.resolve("train"));
    }

    @Test
    void refusesToMixDataSets() throws IOException {
        write("test-00000-of-00001.parquet", "");
        write("train-00000-of-00001.parquet", "");

        assertThatThrownBy(() -> Shards.of(dir)).isInstanceOf(DataException.class)
                .hasMessageContaining("holds several data sets (test-00000-of-00001.parquet, train-00000-of-00001.parquet); give one file, or a pattern");
    }

    @Test
    void refusesMissingShards() throws IOException {
        write("train-00001-of-00003.parquet", "");
        write("train-00002-of-00003.parquet", "");

        assertThatThrownBy(() -> Shards.of(dir)).isInstanceOf(DataException.class).hasMessageContaining("has 2 of 3 files (train-00001-of-00003.parquet");
        assertThatThrownBy(() -> Shards.of(dir.resolve("train-*"))).hasMessageContaining("has 2 of 3 files");
        assertThatThrownBy(() -> Shards.of(dir.resolve("valid-*"))).hasMessageContaining("no file matches");
        assertThatThrownBy(() -> Shards.of(dir.resolve("none").resolve("*"))).hasMessageContaining("no file matches");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../rows.arrow", "/etc/passwd", "..", ""})
    void refusesAStateThatLeadsElsewhere(String name) throws IOException {
        write("state.json", "{\"_data_files\": [{\"filename\": \"" + name + "\"}]}");

        assertThatThrownBy(() -> Shards.of(dir)).isInstanceOf(DataException.class).hasMessageContaining("which is no file of this folder");
    }

    @Test
    void refusesAStateWithoutItsFiles() throws IOException {
        write("state.json", "{\"_data_files\": [{\"filename\": \"data-00000-of-00001.arrow\"}]}");
        assertThatThrownBy(() -> Shards.of(dir)).hasMessageContaining("data-00000-of-00001.arrow, which state.json names, is missing");

        write("state.json", "{}");
        assertThatThrownBy(() -> Shards.of(dir)).hasMessageContaining("state.json names no data files");

        write("state.json", "{");
        assertThatThrownBy(() -> Shards.of(dir)).isInstanceOf(DataException.class).hasMessageContaining("cannot be read");
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(dir.resolve(name), text);
    }
}
