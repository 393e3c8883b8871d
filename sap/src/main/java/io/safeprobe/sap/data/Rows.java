package io.safeprobe.sap.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The usable rows of a file.
 *
 * @param rows at least one
 * @param dropped records without a usable row
 */
record Rows<T>(DataSource source, List<Placed<T>> rows, List<Dropped> dropped) {
    /** Makes the row of one record. */
    @FunctionalInterface
    interface Reader<T> {
        /** The row, or {@link Unusable} for a record to be dropped and counted. */
        T read(Cells cells, Layout layout, Fields record) throws Unusable;
    }

    /** A record that makes no usable row, although nothing is wrong with the file. */
    static final class Unusable extends Exception {
        private static final long serialVersionUID = 1L;

        private final String reason;

        Unusable(String reason) {
            super(reason, null, false, false);
            this.reason = reason;
        }

        String reason() {
            return reason;
        }
    }

    /** Reads a file and every record of it. */
    static <T> Rows<T> read(Path path, @Nullable ColumnMap map, int limit, Recognition recognition, Reader<T> reader) {
        RecordFile file = RecordFile.read(path, limit);
        Layout layout = recognition.of(file, map);
        Cells cells = new Cells(path, layout);
        DropCount dropped = new DropCount();
        List<Placed<T>> rows = new ArrayList<>();
        for (Fields record : file.records()) {
            try {
                rows.add(new Placed<>(record.place(), reader.read(cells, layout, record)));
            } catch (Unusable unusable) {
                dropped.add(unusable.reason(), record.place());
            }
        }
        if (rows.isEmpty()) {
            throw new DataException(path, "no row is usable: " + reasons(dropped.list()) + "; give a file with whole rows, or map other columns with --map "
                    + recognition.mapSyntax());
        }
        return new Rows<>(DataSource.of(file, layout), List.copyOf(rows), dropped.list());
    }

    /** The rows alone. */
    List<T> values() {
        return rows.stream().map(Placed::value).toList();
    }

    DataReport report() {
        return new DataReport(source, rows.size(), dropped, null);
    }

    static String reasons(List<Dropped> dropped) {
        return dropped.stream().map(Dropped::toString).collect(Collectors.joining("; "));
    }
}
