package io.safeprobe.model.decoder;

import java.util.ArrayList;
import java.util.List;

/**
 * Several token sequences laid end to end on one axis, without padding.
 *
 * <p>{@code past[i]} tokens of sequence i were computed before and stand in a key/value cache; 0 while training.
 */
public final class PackedTokens {
    private final int[] ids;
    private final int[] starts;
    private final int[] past;

    private PackedTokens(int[] ids, int[] starts, int[] past) {
        this.ids = ids;
        this.starts = starts;
        this.past = past;
    }

    /** Packs whole sequences; an empty one is refused. */
    public static PackedTokens of(List<int[]> sequences) {
        return continuing(sequences, new int[sequences.size()]);
    }

    /** Packs the next tokens of sequences of which {@code past[i]} tokens are cached. */
    public static PackedTokens continuing(List<int[]> sequences, int[] past) {
        int[] starts = new int[sequences.size() + 1];
        for (int i = 0; i < sequences.size(); i++) {
            if (sequences.get(i).length == 0) {
                throw new IllegalArgumentException("sequence " + i + " of the batch is empty");
            }
            starts[i + 1] = Math.addExact(starts[i], sequences.get(i).length);
        }
        int[] ids = new int[starts[sequences.size()]];
        for (int i = 0; i < sequences.size(); i++) {
            System.arraycopy(sequences.get(i), 0, ids, starts[i], sequences.get(i).length);
        }
        return new PackedTokens(ids, starts, past.clone());
    }

    /** Tokens in all sequences. */
    public int tokens() {
        return ids.length;
    }

    /** Number of sequences. */
    public int sequences() {
        return past.length;
    }

    /** First row of sequence {@code i}; of {@code sequences()}, the number of tokens. */
    public int start(int i) {
        return starts[i];
    }

    /** Rows of sequence {@code i}. */
    public int length(int i) {
        return starts[i + 1] - starts[i];
    }

    /** Cached tokens before sequence {@code i}. */
    public int past(int i) {
        return past[i];
    }

    /** All ids, {@code [tokens]}. */
    public int[] ids() {
        return ids.clone();
    }

    /** The last row of each sequence. */
    public int[] lastRows() {
        int[] rows = new int[past.length];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = starts[i + 1] - 1;
        }
        return rows;
    }

    /** The position of each row inside its sequence, cached tokens counted. */
    public int[] positions() {
        int[] positions = new int[ids.length];
        for (int i = 0; i < past.length; i++) {
            for (int row = starts[i]; row < starts[i + 1]; row++) {
                positions[row] = past[i] + row - starts[i];
            }
        }
        return positions;
    }

    /** Attention segments {@code [sequences, 4]} when keys are the rows themselves. */
    int[] segments() {
        List<int[]> segments = new ArrayList<>();
        for (int i = 0; i < past.length; i++) {
            segments.add(new int[] {starts[i], length(i), starts[i], length(i)});
        }
        return segments.stream().flatMapToInt(java.util.Arrays::stream).toArray();
    }
}
