package io.safeprobe.sap.data;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of a data file.
 *
 * @param source the file and how it was understood
 * @param rows rows that remain
 * @param dropped rows that do not, by reason; {@code rows} and these add up to the records of the source
 * @param tokens token counts, null until the rows are encoded
 */
public record DataReport(DataSource source, int rows, List<Dropped> dropped, @Nullable TokenCounts tokens) {
    /** Copies the list. */
    public DataReport {
        dropped = List.copyOf(dropped);
    }

    DataReport encoded(int remaining, List<Dropped> more, TokenCounts counts) {
        List<Dropped> all = new ArrayList<>(dropped);
        all.addAll(more);
        return new DataReport(source, remaining, all, counts);
    }
}
