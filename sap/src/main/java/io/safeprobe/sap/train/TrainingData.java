package io.safeprobe.sap.train;

import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import java.util.Collections;
import java.util.List;

/**
 * Encoded data of a training.
 *
 * @param rows of the task
 * @param pairs for SAP; empty for plain fine-tuning
 * @param validation rows set apart; may be empty
 */
public record TrainingData(List<Example> rows, List<PairExample> pairs, List<Example> validation) {
    /** Keeps the lists as they are: they may be larger than the heap. */
    public TrainingData {
        rows = Collections.unmodifiableList(rows);
        pairs = Collections.unmodifiableList(pairs);
        validation = Collections.unmodifiableList(validation);
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("training needs at least one row");
        }
    }
}
