package io.safeprobe.sap.data;

import java.nio.file.Path;
import java.util.List;

/**
 * Where rows come from and how they were understood.
 *
 * @param file as it was given
 * @param sha256 of the whole file as stored, in lower-case hex
 * @param format for example {@code JSONL}, {@code JSON array} or {@code CSV, gzip}
 * @param layout the layout recognised, or {@code mapped columns}
 * @param mapping the map in force, as {@code --map} takes it, or the columns used where no map can say it
 * @param columns all columns of the file
 * @param records rows read, before any was dropped
 */
public record DataSource(Path file, String sha256, String format, String layout, String mapping, List<String> columns, int records) {
    /** Copies the columns. */
    public DataSource {
        columns = List.copyOf(columns);
    }

    static DataSource of(RecordFile file, Layout layout) {
        return new DataSource(file.file(), file.sha256(), file.format(), layout.name(), layout.mapping(), List.copyOf(file.columns()), file.records().size());
    }
}
