package io.safeprobe.sap.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How rows are written in a file. */
enum FileFormat {
    JSON_LINES("JSONL"),
    JSON_ARRAY("JSON array"),
    CSV("CSV"),
    PARQUET("Parquet"),
    ARROW_STREAM("Arrow stream"),
    ARROW_FILE("Arrow file");

    /** What a person may give. */
    static final String KNOWN = ".jsonl, .ndjson, .json or .csv, each also with .gz or .zst, .parquet or .arrow";

    private final String title;

    FileFormat(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /** The binary format whose mark content begins with; null for text. */
    static @Nullable FileFormat ofMark(byte[] start) {
        if (begins(start, "PAR1")) {
            return PARQUET;
        }
        if (begins(start, "ARROW1")) {
            return ARROW_FILE;
        }
        // A message of a stream begins with a length of -1, and its length proper after that.
        return begins(start, "\u00ff\u00ff\u00ff\u00ff") ? ARROW_STREAM : null;
    }

    /**
     * The text format that name and content agree on. Many {@code .json} files of the Hugging Face world hold a row a line, so between
     * array and lines the content decides; that it is CSV only the name can say, because any text could be CSV.
     *
     * @param first the first byte of the (unpacked) content that is not blank
     */
    static FileFormat of(Path file, int first) {
        String name = Packing.unpackedName(file);
        boolean json = first == '[' || first == '{';
        if (name.endsWith(".csv")) {
            if (json) {
                throw new DataException(file, "is named CSV but begins with '" + (char) first + "' as JSON does; name it .jsonl or .json");
            }
            return CSV;
        }
        if (json) {
            return first == '[' ? JSON_ARRAY : JSON_LINES;
        }
        if (name.endsWith(".json") || name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
            throw new DataException(file, "is named JSON but begins with " + shown(first)
                    + "; JSON rows begin with '{' (one object a line) or '[' (an array of objects)");
        }
        if (name.endsWith(".parquet") || name.endsWith(".arrow")) {
            throw new DataException(file, "is named " + (name.endsWith(".arrow") ? "Arrow" : "Parquet") + " but begins with " + shown(first)
                    + ", as no such data does; get the file again");
        }
        throw new DataException(file, "is of no known format (it begins with " + shown(first) + "); give a file named " + KNOWN);
    }

    private static boolean begins(byte[] start, String mark) {
        byte[] bytes = mark.getBytes(StandardCharsets.ISO_8859_1);
        return start.length >= bytes.length && Arrays.equals(start, 0, bytes.length, bytes, 0, bytes.length);
    }

    private static String shown(int first) {
        return first > ' ' && first < 127 ? "'" + (char) first + "'" : String.format(Locale.ROOT, "byte 0x%02x", first);
    }
}
