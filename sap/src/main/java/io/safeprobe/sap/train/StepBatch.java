package io.safeprobe.sap.train;

import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import java.util.List;

/**
 * The data of one step.
 *
 * @param step counted from 0
 * @param parts rows of the task, in parts that are computed one after the other (gradient accumulation)
 * @param pairs safety pairs; empty for methods that need none
 */
public record StepBatch(long step, List<List<Example>> parts, List<PairExample> pairs) {
    /** Tokens of all rows and pairs. */
    public long tokens() {
        long rows = parts.stream().flatMap(List::stream).mapToLong(row -> row.ids().length).sum();
        return rows + pairs.stream().mapToLong(pair -> (long) pair.safe().ids().length + pair.harmful().ids().length).sum();
    }
}
