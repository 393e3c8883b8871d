package io.safeprobe.sap.train;

import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.objective.Objective;
import io.safeprobe.sap.objective.TokenLoss;
import java.util.List;

/** The loss on rows that are not trained on. */
public final class Evaluation {
    private Evaluation() {}

    /** Mean negative log-likelihood over all labelled tokens of {@code rows}, {@code batch} rows at a time, without dropout or probe. */
    public static TokenLoss loss(Objective objective, List<Example> rows, int batch) {
        TokenLoss total = TokenLoss.NONE;
        for (int from = 0; from < rows.size(); from += batch) {
            total = total.plus(objective.tokenLoss(rows.subList(from, Math.min(rows.size(), from + batch))));
        }
        return total;
    }
}
