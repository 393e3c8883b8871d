package io.safeprobe.sap.data;

import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Rows as token ids.
 *
 * @param examples in the order of the rows, at least one
 * @param rows which row each example is of; ascending, with gaps where a row was dropped
 * @param report counts, of what the reading dropped as well
 * @param <E> {@link Example} for a task, {@link PairExample} for safety pairs
 */
public record Encoded<E>(List<E> examples, List<Integer> rows, DataReport report) {
    /** Keeps the lists as they are: they may be larger than the heap. */
    public Encoded {
        examples = Collections.unmodifiableList(examples);
        rows = Collections.unmodifiableList(rows);
    }

    /** The example of a row; empty when it was dropped. */
    public Optional<E> ofRow(int row) {
        int index = rows.indexOf(row);
        return index < 0 ? Optional.empty() : Optional.of(examples.get(index));
    }
}
