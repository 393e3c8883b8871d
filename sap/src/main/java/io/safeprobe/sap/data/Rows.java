package io.safeprobe.sap.data;

import java.nio.file.Path;
import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import java.util.function.Function;
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
        Indices usable = new Indices();
        for (int i = 0; i < file.records().size(); i++) {
            Fields record = file.records().get(i);
            try {
                reader.read(cells, layout, record);
                usable.append(i);
            } catch (Unusable unusable) {
                dropped.add(unusable.reason(), record.place());
            }
        }
        if (usable.isEmpty()) {
            throw new DataException(path, "no row is usable: " + reasons(dropped.list()) + "; give a file with whole rows, or map other columns with --map "
                    + recognition.mapSyntax());
        }
        List<Placed<T>> rows = new Made<>(usable, index -> {
            Fields record = file.records().get(index);
            try {
                return new Placed<>(record.place(), reader.read(cells, layout, record));
            } catch (Unusable changed) {
                throw new IllegalStateException("a record was usable and is not any more: " + changed.reason(), changed);
            }
        });
        return new Rows<>(DataSource.of(file, layout), rows, dropped.list());
    }

    /** Rows that are made of their records whenever one is asked for, so that a file may be larger than the heap. */
    private static final class Made<S, T> extends AbstractList<T> implements RandomAccess {
        private final List<S> sources;
        private final Function<S, T> make;

        Made(List<S> sources, Function<S, T> make) {
            this.sources = sources;
            this.make = make;
        }

        @Override
        public T get(int index) {
            return make.apply(sources.get(index));
        }

        @Override
        public int size() {
            return sources.size();
        }
    }

    /** The rows alone. */
    List<T> values() {
        return new Made<>(rows, Placed::value);
    }

    DataReport report() {
        return new DataReport(source, rows.size(), dropped, null);
    }

    static String reasons(List<Dropped> dropped) {
        return dropped.stream().map(Dropped::toString).collect(Collectors.joining("; "));
    }
}
