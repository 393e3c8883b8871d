package io.safeprobe.sap.data;

import io.safeprobe.model.chat.EncodedRow;
import java.util.Arrays;
import java.util.Optional;

/**
 * One sequence to learn from: token ids {@code [tokens]} and labels {@code [tokens]} in the convention of Hugging Face. Label i says
 * what token i is to be and is predicted from the tokens before it, so the label at position 0 is never learnt; -100 is not learnt either.
 */
public final class Example {
    /** The label of a token that is not learnt. */
    public static final int IGNORED = EncodedRow.IGNORED;

    private final int[] ids;
    private final int[] labels;

    /**
     * Copies and checks a sequence.
     *
     * @param vocabSize ids, and labels that are not -100, lie in {@code [0, vocabSize)}
     * @throws DataException when the lengths differ, a value is out of range or nothing is learnt
     */
    public Example(int[] ids, int[] labels, int vocabSize) {
        fault(ids, labels, vocabSize).ifPresent(fault -> {
            throw new DataException(fault);
        });
        if (countLearnt(labels) == 0) {
            throw new DataException("no token after the first has a label other than " + IGNORED + ", so there is nothing to learn; take the row out");
        }
        this.ids = ids.clone();
        this.labels = labels.clone();
    }

    private Example(int[] ids, int[] labels) {
        this.ids = ids;
        this.labels = labels;
    }

    /** What was checked before; the arrays are not copied. */
    static Example kept(int[] ids, int[] labels) {
        return new Example(ids, labels);
    }

    /** What is wrong with lengths and ranges; empty when nothing is. */
    static Optional<String> fault(int[] ids, int[] labels, int vocabSize) {
        if (ids.length != labels.length) {
            return Optional.of(ids.length + " token ids but " + labels.length + " labels; give one label for each token, " + IGNORED
                    + " where it is not learnt");
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabSize) {
                return Optional.of("token id " + ids[i] + " at position " + i + " is outside the model's vocabulary of " + vocabSize
                        + "; encode the data with this model's tokenizer");
            }
            if (labels[i] != IGNORED && (labels[i] < 0 || labels[i] >= vocabSize)) {
                return Optional.of("label " + labels[i] + " at position " + i + " is neither " + IGNORED + " nor in the model's vocabulary of "
                        + vocabSize + "; encode the data with this model's tokenizer");
            }
        }
        return Optional.empty();
    }

    /** Labels that are learnt. */
    static int countLearnt(int[] labels) {
        int learnt = 0;
        for (int i = 1; i < labels.length; i++) {
            learnt += labels[i] == IGNORED ? 0 : 1;
        }
        return learnt;
    }

    /** The first tokens alone, at most {@code tokens}; empty when nothing is left to learn. */
    Optional<Example> head(int tokens) {
        if (tokens >= ids.length) {
            return Optional.of(this);
        }
        Example head = new Example(Arrays.copyOf(ids, tokens), Arrays.copyOf(labels, tokens));
        return head.labelledTokens() == 0 ? Optional.empty() : Optional.of(head);
    }

    /** Position of the first token that is learnt, at least 1. */
    public int firstLearnt() {
        int i = 1;
        while (labels[i] == IGNORED) {
            i++;
        }
        return i;
    }

    /** Number of tokens. */
    public int tokens() {
        return ids.length;
    }

    /** Number of tokens that are learnt. */
    public int labelledTokens() {
        return countLearnt(labels);
    }

    /** A copy of the token ids, {@code [tokens]}. */
    public int[] ids() {
        return ids.clone();
    }

    /** A copy of the labels, {@code [tokens]}, not shifted. */
    public int[] labels() {
        return labels.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Example that && Arrays.equals(ids, that.ids) && Arrays.equals(labels, that.labels);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(labels);
    }

    @Override
    public String toString() {
        return "Example[ids=" + Arrays.toString(ids) + ", labels=" + Arrays.toString(labels) + "]";
    }
}
