package io.safeprobe.sap.data;

import java.util.IntSummaryStatistics;

/**
 * Tokens of encoded rows, after truncation. A safety pair counts as two sequences.
 *
 * @param sequences number of sequences
 * @param tokens tokens in all of them
 * @param labelledTokens tokens that are learnt
 * @param min tokens of the shortest sequence
 * @param mean tokens of a sequence on average
 * @param max tokens of the longest sequence
 * @param truncated rows (for pairs: pairs) that lost tokens and are still learnt from
 */
public record TokenCounts(int sequences, long tokens, long labelledTokens, int min, double mean, int max, int truncated) {
    /** Counts sequences one after the other. */
    static final class Sum {
        private final IntSummaryStatistics lengths = new IntSummaryStatistics();
        private long labelled;

        void add(Example example) {
            lengths.accept(example.tokens());
            labelled += example.labelledTokens();
        }

        TokenCounts counts(int truncated) {
            return new TokenCounts((int) lengths.getCount(), lengths.getSum(), labelled, lengths.getMin(), lengths.getAverage(), lengths.getMax(), truncated);
        }
    }
}
