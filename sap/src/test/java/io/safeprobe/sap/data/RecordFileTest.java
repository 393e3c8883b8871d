package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordFileTest {
    private static final String LINES = "{\"a\": \"x\", \"b\": 1}\n{\"a\": \"é\", \"c\": null}\n";
    private static final String ARRAY = "[\n {\"a\": \"x\", \"b\": 1},\n {\"a\": \"é\", \"c\": null}\n]\n";
    private static final String TABLE = "a,b\nx,1\n\"é, \"\"quoted\"\"\nand broken\",\n";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @ParameterizedTest
    @ValueSource(strings = {"rows.jsonl", "rows.ndjson", "rows.json", "ROWS.JSONL", "rows.data"})
    void readsAnObjectALine(String name) {
        RecordFile file = RecordFile.read(write(name, LINES), 0);

        assertThat(file.format()).isEqualTo("JSONL");
        assertThat(file.columns()).containsExactly("a", "b", "c");
        assertThat(file.records()).extracting(Fields::place).containsExactly("line 1", "line 2");
        assertThat(text(file.records().get(1), "a")).isEqualTo("é");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rows.json", "rows.jsonl", "rows"})
    void readsAnArrayOfObjects(String name) {
        RecordFile file = RecordFile.read(write(name, ARRAY), 0);

        assertThat(file.format()).isEqualTo("JSON array");
        assertThat(file.columns()).containsExactly("a", "b", "c");
        assertThat(file.records()).extracting(Fields::place).containsExactly("row 1", "row 2");
    }

    @Test
    void readsAnArrayOfTextsAsColumnText() {
        RecordFile file = RecordFile.read(write("stories.json", "[\"one\", \"two\"]"), 0);

        assertThat(file.columns()).containsExactly("text");
        assertThat(file.records()).extracting(row -> text(row, "text")).containsExactly("one", "two");
    }

    @Test
    void readsCsvWithQuotesCommasAndLineBreaks() {
        RecordFile file = RecordFile.read(write("rows.csv", TABLE), 0);

        assertThat(file.format()).isEqualTo("CSV");
        assertThat(file.columns()).containsExactly("a", "b");
        assertThat(file.records()).extracting(Fields::place).containsExactly("line 2", "line 3");
        assertThat(text(file.records().get(1), "a")).isEqualTo("é, \"quoted\"\nand broken");
        assertThat(text(file.records().get(1), "b")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"rows.jsonl.gz, JSONL", "rows.json.gz, JSON array", "rows.csv.gz, CSV", "rows.jsonl, JSONL"})
    void readsGzipOfEachFormat(String name, String format) throws IOException {
        String text = format.equals("CSV") ? TABLE : format.equals("JSONL") ? LINES : ARRAY;
        Path file = Files.write(dir.resolve(name), gzip(text));

        RecordFile read = RecordFile.read(file, 0);

        assertThat(read.format()).isEqualTo(format + ", gzip");
        assertThat(read.records()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"rows.jsonl.zst, JSONL", "rows.json.zst, JSON array", "rows.csv.zst, CSV", "rows.jsonl, JSONL"})
    void readsZstdOfEachFormat(String name, String format) throws Exception {
        String text = format.equals("CSV") ? TABLE : format.equals("JSONL") ? LINES : ARRAY;
        Path file = Files.write(dir.resolve(name), Zstd.compress(text.getBytes(StandardCharsets.UTF_8)));

        RecordFile read = RecordFile.read(file, 0);

        assertThat(read.format()).isEqualTo(format + ", zstd");
        assertThat(read.records()).hasSize(2);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        assertThat(read.sha256()).isEqualTo(HexFormat.of().formatHex(digest));
    }

    @Test
    void refusesDamagedZstd() throws IOException {
        byte[] whole = Zstd.compress((ARRAY + " ".repeat(10_000)).getBytes(StandardCharsets.UTF_8));
        byte[] flipped = whole.clone();
        flipped[whole.length / 2] ^= 0x55;
        for (byte[] bytes : List.of(Arrays.copyOf(whole, whole.length / 2), Arrays.copyOf(whole, 5), flipped)) {
            Path file = Files.write(dir.resolve("rows.json.zst"), bytes);
            assertThatThrownBy(() -> RecordFile.read(file, 0)).isInstanceOf(DataException.class);
        }
        Path cut = Files.write(dir.resolve("cut.json.zst"), Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> RecordFile.read(cut, 0)).hasMessageContaining("the zstd data is damaged or cut off").hasMessageContaining("get the file again");
    }

    @ParameterizedTest
    @CsvSource({"rows.jsonl", "rows.json", "rows.csv"})
    void toleratesAByteOrderMarkAndWindowsLineEnds(String name) {
        String text = name.endsWith("csv") ? "a,b\r\nx,1\r\n" : "\r\n" + (name.endsWith("l") ? "{\"a\": \"x\"}\r\n\r\n" : "[{\"a\": \"x\"}]\r\n");

        RecordFile file = RecordFile.read(write(name, "\ufeff" + text), 0);

        assertThat(file.records()).singleElement().extracting(row -> text(row, "a")).isEqualTo("x");
        assertThat(file.columns()).startsWith("a");
    }

    @Test
    void countsBlankLinesSoThatTheLineNumberIsTheEditors() {
        RecordFile file = RecordFile.read(write("rows.jsonl", "\n{\"a\": 1}\n   \n{\"a\": 2}"), 0);

        assertThat(file.records()).extracting(Fields::place).containsExactly("line 2", "line 4");
    }

    @Test
    void readsLinesLongerThanTheBuffer() {
        String longText = "é".repeat(100_000);

        RecordFile file = RecordFile.read(write("rows.jsonl", "{\"a\": \"" + longText + "\"}\n{\"a\": \"y\"}\n"), 0);

        assertThat(file.records()).extracting(row -> text(row, "a")).containsExactly(longText, "y");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rows.jsonl", "rows.json", "rows.csv"})
    void limitReadsTheFirstRecordsAndHashesTheWholeFile(String name) throws Exception {
        StringBuilder text = new StringBuilder(name.endsWith("csv") ? "a\n" : name.endsWith("l") ? "" : "[");
        for (int i = 0; i < 30_000; i++) {
            String comma = i == 29_999 ? "]" : ",";
            text.append(name.endsWith("csv") ? i + "\n" : "{\"a\": " + i + "}" + (name.endsWith("l") ? "" : comma) + "\n");
        }
        Path file = write(name, text.toString());

        RecordFile read = RecordFile.read(file, 2);

        assertThat(read.records()).extracting(row -> text(row, "a")).containsExactly("0", "1");
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        assertThat(read.sha256()).isEqualTo(HexFormat.of().formatHex(digest)).isEqualTo(RecordFile.read(file, 0).sha256());
    }

    @Test
    void hashOfAPackedFileIsThatOfTheStoredBytes() throws Exception {
        Path file = Files.write(dir.resolve("rows.jsonl.gz"), gzip(LINES.repeat(5000)));

        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
        assertThat(RecordFile.read(file, 1).sha256()).isEqualTo(HexFormat.of().formatHex(digest));
    }

    @Test
    void refusesWhatIsNotAReadableFile() {
        assertThatThrownBy(() -> RecordFile.read(dir.resolve("none.jsonl"), 0)).isInstanceOf(DataException.class)
                .hasMessage(dir.resolve("none.jsonl") + ": there is no such file; check the path");
        assertThatThrownBy(() -> RecordFile.read(dir, 0)).isInstanceOf(DataException.class).hasMessageContaining("is a folder without data files; give a data file");
        assertThatThrownBy(() -> RecordFile.read(write("rows.jsonl", LINES), -1)).isInstanceOf(DataException.class).hasMessageContaining("limit of -1 rows");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  \n\n ", "\ufeff"})
    void refusesAnEmptyFile(String text) {
        for (String name : List.of("rows.jsonl", "rows.json", "rows.csv")) {
            assertThatThrownBy(() -> RecordFile.read(write(name, text), 0)).isInstanceOf(DataException.class).hasMessageContaining("holds no rows");
        }
    }

    @Test
    void refusesAnEmptyArrayAndAHeaderAlone() {
        assertThatThrownBy(() -> RecordFile.read(write("rows.json", "[]"), 0)).hasMessageContaining("holds no rows");
        assertThatThrownBy(() -> RecordFile.read(write("rows.csv", "a,b\n"), 0)).hasMessageContaining("holds no rows");
        assertThatThrownBy(() -> RecordFile.read(write("bare.csv", "a,b"), 0)).hasMessageContaining("holds no rows");
    }

    @Test
    void refusesANameThatContradictsTheContent() {
        assertThatThrownBy(() -> RecordFile.read(write("rows.csv", LINES), 0)).hasMessageContaining("is named CSV but begins with '{' as JSON does");
        assertThatThrownBy(() -> RecordFile.read(write("rows.jsonl", TABLE), 0)).hasMessageContaining("is named JSON but begins with 'a'")
                .hasMessageContaining("JSON rows begin with '{'");
        assertThatThrownBy(() -> RecordFile.read(write("rows.jsonl.gz", LINES), 0)).hasMessageContaining("is named .gz but is not gzip data");
        assertThatThrownBy(() -> RecordFile.read(write("rows.jsonl.zst", LINES), 0)).hasMessageContaining("is named .zst but is not zstd data");
        assertThatThrownBy(() -> RecordFile.read(write("rows.txt", "Some text"), 0)).hasMessageContaining("is of no known format (it begins with 'S')")
                .hasMessageContaining(".jsonl, .ndjson, .json or .csv");
        assertThatThrownBy(() -> RecordFile.read(write("rows.bin", "\u0001\u0002"), 0)).hasMessageContaining("it begins with byte 0x01");
    }

    @Test
    void refusesBrokenJsonLinesByLine() {
        assertThatThrownBy(() -> RecordFile.read(write("rows.jsonl", "{\"a\": 1}\n{\"a\": 2\n{\"a\": 3}\n"), 0)).isInstanceOf(DataException.class)
                .hasMessageContaining("rows.jsonl, line 2: is not one whole JSON object").hasMessageContaining("JSONL has one object on each line")
                .hasMessageNotContaining("REDACTED");
        assertThatThrownBy(() -> RecordFile.read(write("pretty.json", "{\n  \"a\": 1\n}\n"), 0)).hasMessageContaining("pretty.json, line 1: is not one whole");
        assertThatThrownBy(() -> RecordFile.read(write("two.jsonl", "{\"a\": 1} {\"a\": 2}\n"), 0)).hasMessageContaining("two.jsonl, line 1: is not one whole");
        assertThatThrownBy(() -> RecordFile.read(write("twice.jsonl", "{\"a\": 1, \"a\": 2}\n"), 0)).hasMessageContaining("line 1")
                .hasMessageContaining("Duplicate field 'a'");
        assertThatThrownBy(() -> RecordFile.read(write("list.jsonl", "{\"a\": 1}\n[1, 2]\n"), 0))
                .hasMessageContaining("line 2: holds a list, a row must be a JSON object");
    }

    @Test
    void refusesABrokenArrayByRowAndLine() {
        assertThatThrownBy(() -> RecordFile.read(write("rows.json", "[{\"a\": 1},\n {\"a\": 2"), 0)).isInstanceOf(DataException.class)
                .hasMessageContaining("rows.json, row 2 (line 2, column").hasMessageContaining("is not valid JSON: Unexpected end-of-input");
        assertThatThrownBy(() -> RecordFile.read(write("comma.json", "[{\"a\": 1}\n {\"a\": 2}]"), 0)).hasMessageContaining("row 2 (line 2")
                .hasMessageContaining("expecting comma");
        assertThatThrownBy(() -> RecordFile.read(write("open.json", "[{\"a\": 1}\n"), 0)).hasMessageContaining("row 2 (line 2")
                .hasMessageContaining("end-of-input");
        assertThatThrownBy(() -> RecordFile.read(write("more.json", "[{\"a\": 1}]\n[{\"a\": 2}]"), 0))
                .hasMessageContaining("more follows after the array of rows, at line 2");
        assertThatThrownBy(() -> RecordFile.read(write("number.json", "[{\"a\": 1}, 7]"), 0)).hasMessageContaining("row 2: holds a number");
        assertThatThrownBy(() -> RecordFile.read(write("null.json", "[null]"), 0)).hasMessageContaining("row 1: holds null");
        assertThatThrownBy(() -> RecordFile.read(write("twice.json", "[{\"a\": 1, \"a\": 2}]"), 0)).hasMessageContaining("Duplicate field 'a'");
    }

    @Test
    void refusesBrokenCsvByLine() {
        assertThatThrownBy(() -> RecordFile.read(write("few.csv", "a,b\nx,1\ny\n"), 0)).isInstanceOf(DataException.class)
                .hasMessageContaining("few.csv, line 3: has 1 fields but the header names 2 (a, b)").hasMessageContaining("in double quotes");
        assertThatThrownBy(() -> RecordFile.read(write("many.csv", "a,b\nx,1,2\n"), 0)).hasMessageContaining("line 2: has 3 fields but the header names 2");
        assertThatThrownBy(() -> RecordFile.read(write("same.csv", "a,a\n1,2\n"), 0)).hasMessageContaining("is not valid CSV")
                .hasMessageContaining("duplicate").hasMessageContaining("each column has a name of its own");
        assertThatThrownBy(() -> RecordFile.read(write("after.csv", "a,b\n1,2\n\"x\"y,2\n"), 0)).hasMessageContaining("is not valid CSV")
                .hasMessageContaining("line 3");
    }

    @Test
    void refusesAQuoteThatSwallowsTheRestOfTheFile() {
        assertThatThrownBy(() -> RecordFile.read(write("open.csv", "a,b\n1,\"x\n2,y\n3,z\n"), 0)).isInstanceOf(DataException.class)
                .hasMessageContaining("open.csv, line 2: a quote is opened in this row and never closed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rows.jsonl", "rows.json", "rows.csv"})
    void refusesTextThatIsNotUtf8(String name) throws IOException {
        String text = name.endsWith("csv") ? "a\nx\ncaf\u00e9\n" : name.endsWith("l") ? "{\"a\": \"x\"}\n{\"a\": \"caf\u00e9\"}\n" : "[{\"a\": \"x\"},\n{\"a\": \"caf\u00e9\"}]";
        Path file = Files.write(dir.resolve(name), text.getBytes(StandardCharsets.ISO_8859_1));

        assertThatThrownBy(() -> RecordFile.read(file, 0)).isInstanceOf(DataException.class).hasMessageContaining("UTF-8");
    }

    @Test
    void namesTheLineThatIsNotUtf8() throws IOException {
        Path file = Files.write(dir.resolve("rows.jsonl"), "{\"a\": 1}\n{\"a\": \"\u00e9\"}\n".getBytes(StandardCharsets.ISO_8859_1));

        assertThatThrownBy(() -> RecordFile.read(file, 0)).hasMessageContaining("line 2: is not UTF-8").hasMessageContaining("iconv");
    }

    @Test
    void refusesUtf16() throws IOException {
        for (String text : List.of("\ufeff" + LINES, LINES)) {
            for (var charset : List.of(StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
                Path file = Files.write(dir.resolve("rows.jsonl"), text.getBytes(charset));
                assertThatThrownBy(() -> RecordFile.read(file, 0)).hasMessageContaining("is UTF-16 text; convert it to UTF-8");
            }
        }
    }

    @Test
    void refusesDamagedGzip() throws IOException {
        byte[] whole = gzip(ARRAY.repeat(1) + " ".repeat(10_000));
        Path cut = Files.write(dir.resolve("cut.json.gz"), Arrays.copyOf(whole, whole.length / 2));
        byte[] flipped = whole.clone();
        flipped[whole.length - 6] ^= 0x55;
        Path wrong = Files.write(dir.resolve("wrong.json.gz"), flipped);

        for (Path file : List.of(cut, wrong)) {
            assertThatThrownBy(() -> RecordFile.read(file, 0)).isInstanceOf(DataException.class)
                    .hasMessageContaining("the gzip data is damaged or cut off").hasMessageContaining("get the file again");
        }
    }

    private static String text(Fields record, String column) {
        return Objects.requireNonNull(record.values().get(column)).asText();
    }

    private Path write(String name, String text) {
        try {
            return Files.writeString(dir.resolve(name), text);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}
