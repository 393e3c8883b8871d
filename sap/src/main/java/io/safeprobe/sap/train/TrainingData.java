package io.safeprobe.sap.train;

import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import java.util.List;

/**
 * Encoded data of a training.
 *
 * @param rows of the task
 * @param pairs for SAP; empty for plain fine-tuning
 * @param validation rows set apart; may be empty
 */
public record TrainingData(List<Example> rows, List<PairExample> pairs, List<Example> validation) {
    /** Copies the lists. */
    public TrainingData {
        rows = List.copyOf(rows);
        pairs = List.copyOf(pairs);
        validation = List.copyOf(validation);
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("training needs at least one row");
        }
    }
}
