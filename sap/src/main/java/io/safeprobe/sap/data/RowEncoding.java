package io.safeprobe.sap.data;

import io.safeprobe.model.chat.EncodedRow;
import io.safeprobe.model.chat.Message;
import io.safeprobe.model.chat.jinja.TemplateException;
import io.safeprobe.model.config.ModelException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Encodes and truncates the rows of one file. The authors of SAP keep the first tokens, and so does this. */
final class RowEncoding {
    private static final String NOTHING_LEARNT = "no token is labelled to be learnt";

    private final Path file;
    private final RowEncoder encoder;
    private final int maxTokens;
    private final int vocabSize;

    RowEncoding(Path file, RowEncoder encoder, int maxTokens, int vocabSize) {
        if (maxTokens < 2) {
            throw new DataException(file, "cannot be cut to " + maxTokens + " tokens; --max-tokens must be at least 2, one token and one to predict from it");
        }
        this.file = file;
        this.encoder = encoder;
        this.maxTokens = maxTokens;
        this.vocabSize = vocabSize;
    }

    /** What is left of a row. */
    sealed interface Cut<E> {
        /** Something to learn. */
        record Kept<E>(E example, boolean truncated) implements Cut<E> {}

        /** Nothing to learn; {@code tokensNeeded} tokens would have kept something, 0 if no number would. */
        record Lost<E>(String reason, int tokensNeeded) implements Cut<E> {}

        /** A pair of rows: kept when both are. */
        default <F> Cut<F> with(Cut<E> other, BiFunction<E, E, F> join) {
            return switch (this) {
                case Lost<E>(String reason, int needed) -> {
                    // The pair needs what the side needs that needs more; where one side can never be learnt, neither can the pair.
                    int others = other instanceof Lost<E> lost ? lost.tokensNeeded() : needed;
                    yield new Lost<>(reason, Math.min(needed, others) == 0 ? 0 : Math.max(needed, others));
                }
                case Kept<E>(E first, boolean truncated) -> switch (other) {
                    case Lost<E>(String reason, int needed) -> new Lost<>(reason, needed);
                    case Kept<E>(E second, boolean alsoTruncated) -> new Kept<>(join.apply(first, second), truncated || alsoTruncated);
                };
            };
        }
    }

    /** Encodes text, with the place of the row in any error of the template. */
    EncodedRow text(String place, List<Message> prompt, String response) {
        try {
            return encoder.encode(prompt, response);
        } catch (TemplateException | ModelException | DataException failure) {
            throw new DataException(file, place, "cannot be encoded: " + failure.getMessage(), failure);
        }
    }

    /** Checks a row and keeps its first tokens. */
    Cut<Example> cut(String place, EncodedRow row) {
        int[] ids = row.ids();
        int[] labels = row.labels();
        Example.fault(ids, labels, vocabSize).ifPresent(fault -> {
            throw new DataException(file, place, fault, null);
        });
        if (Example.countLearnt(labels) == 0) {
            return new Cut.Lost<>(NOTHING_LEARNT, 0);
        }
        Example whole = new Example(ids, labels, vocabSize);
        return whole.head(maxTokens).<Cut<Example>>map(example -> new Cut.Kept<>(example, example.tokens() < whole.tokens()))
                .orElseGet(() -> new Cut.Lost<>("the response is cut away entirely at " + maxTokens + " tokens", whole.firstLearnt() + 1));
    }

    /** Encodes all rows of a file. */
    <T, E> Encoded<E> all(Rows<T> rows, BiFunction<T, String, Cut<E>> encode, Function<E, List<Example>> sequences, Spilled.Codec<E> codec) {
        try (Spilled.Writer<E> examples = new Spilled.Writer<>(codec)) {
            return all(rows, encode, sequences, examples);
        }
    }

    private <T, E> Encoded<E> all(
            Rows<T> rows, BiFunction<T, String, Cut<E>> encode, Function<E, List<Example>> sequences, Spilled.Writer<E> examples) {
        Indices indices = new Indices();
        TokenCounts.Sum counted = new TokenCounts.Sum();
        DropCount dropped = new DropCount();
        int truncated = 0;
        int fewestNeeded = Integer.MAX_VALUE;
        for (int i = 0; i < rows.rows().size(); i++) {
            Placed<T> row = rows.rows().get(i);
            switch (encode.apply(row.value(), row.place())) {
                case Cut.Kept<E>(E example, boolean cut) -> {
                    examples.add(example);
                    indices.append(i);
                    sequences.apply(example).forEach(counted::add);
                    truncated += cut ? 1 : 0;
                }
                case Cut.Lost<E>(String reason, int needed) -> {
                    dropped.add(reason, row.place());
                    fewestNeeded = needed > 0 ? Math.min(fewestNeeded, needed) : fewestNeeded;
                }
            }
        }
        if (indices.isEmpty()) {
            throw nothingLeft(dropped.list(), fewestNeeded);
        }
        return new Encoded<>(examples.list(), indices, rows.report().encoded(indices.size(), dropped.list(), counted.counts(truncated)));
    }

    private DataException nothingLeft(List<Dropped> dropped, int fewestNeeded) {
        String advice = fewestNeeded == Integer.MAX_VALUE
                ? "label the tokens of the responses (a label is the token's id)"
                : "raise --max-tokens, to at least " + fewestNeeded + " for the row that needs fewest, and to more for whole responses";
        return new DataException(file, "nothing is left to learn: " + Rows.reasons(dropped) + "; " + advice);
    }
}
