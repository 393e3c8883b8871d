package io.safeprobe.sap.data;

import java.nio.file.Path;
import java.util.Locale;

/** How rows are written in a file. */
enum FileFormat {
    JSON_LINES("JSONL"),
    JSON_ARRAY("JSON array"),
    CSV("CSV");

    private static final String KNOWN = ".jsonl, .ndjson, .json or .csv, each also with .gz";

    private final String title;

    FileFormat(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /**
     * The format that name and content agree on. Many {@code .json} files of the Hugging Face world hold a row a line, so between
     * array and lines the content decides; that it is CSV only the name can say, because any text could be CSV.
     *
     * @param first the first byte of the (unpacked) content that is not blank
     */
    static FileFormat of(Path file, int first) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        name = name.endsWith(".gz") ? name.substring(0, name.length() - ".gz".length()) : name;
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
        throw new DataException(file, "is of no known format (it begins with " + shown(first) + "); give a file named " + KNOWN);
    }

    private static String shown(int first) {
        return first > ' ' && first < 127 ? "'" + (char) first + "'" : String.format(Locale.ROOT, "byte 0x%02x", first);
    }
}
