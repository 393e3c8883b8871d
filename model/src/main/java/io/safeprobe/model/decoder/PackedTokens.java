package io.safeprobe.model.decoder;

import io.safeprobe.model.config.RopeScaling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Several token sequences laid end to end on one axis, without padding.
 *
 * <p>{@code past[i]} tokens of sequence i were computed before and stand in a key/value cache; 0 while training.
 *
 * <p>Two sequences that begin alike can be {@linkplain #forked forked}: what they share is computed once, and the keys and values of those rows are
 * given to both.
 */
public final class PackedTokens {
    private final int[] ids;
    private final int[] starts;
    private final int[] past;
    private final int @Nullable [] keyRows;

    private PackedTokens(int[] ids, int[] starts, int[] past, int @Nullable [] keyRows) {
        this.ids = ids;
        this.starts = starts;
        this.past = past;
        this.keyRows = keyRows;
    }

    /** The longest beginning that both have in common, but at least one token of each is not counted. */
    public static int shared(int[] first, int[] second) {
        int most = Math.max(0, Math.min(first.length, second.length) - 1);
        int differ = Arrays.mismatch(first, 0, most, second, 0, most);
        return differ < 0 ? most : differ;
    }

    /**
     * Packs pairs of sequences as three sequences each: the {@linkplain #shared shared} beginning, what follows in the first, what follows in the second. The
     * beginning is a sequence of no tokens where nothing is shared.
     *
     * @param scaling two sequences of lengths with different rotary frequencies share nothing, whatever their tokens
     */
    public static PackedTokens forked(List<int[]> firsts, List<int[]> seconds, RopeScaling scaling) {
        int[] starts = new int[3 * firsts.size() + 1];
        int[] past = new int[3 * firsts.size()];
        IntStream.Builder ids = IntStream.builder();
        IntStream.Builder keyRows = IntStream.builder();
        for (int i = 0; i < firsts.size(); i++) {
            int[] first = firsts.get(i);
            int[] second = seconds.get(i);
            int shared = scaling.span(first.length) == scaling.span(second.length) ? shared(first, second) : 0;
            int begin = starts[3 * i];
            starts[3 * i + 1] = begin + shared;
            starts[3 * i + 2] = starts[3 * i + 1] + first.length - shared;
            starts[3 * i + 3] = starts[3 * i + 2] + second.length - shared;
            past[3 * i + 1] = shared;
            past[3 * i + 2] = shared;
            Arrays.stream(first).forEach(ids::add);
            Arrays.stream(second, shared, second.length).forEach(ids::add);
            IntStream.range(begin, starts[3 * i + 2]).forEach(keyRows::add);
            IntStream.range(begin, begin + shared).forEach(keyRows::add);
            IntStream.range(starts[3 * i + 2], starts[3 * i + 3]).forEach(keyRows::add);
        }
        return new PackedTokens(ids.build().toArray(), starts, past, keyRows.build().toArray());
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
        return new PackedTokens(ids, starts, past.clone(), null);
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

    /**
     * Tokens of the whole sequence that sequence {@code i} is the end of, cached ones counted; for a shared beginning, of the longer of the two sequences it begins.
     */
    int wholeLength(int i) {
        boolean shared = keyRows != null && i % 3 == 0;
        return shared ? length(i) + Math.max(length(i + 1), length(i + 2)) : past[i] + length(i);
    }

    /** Tokens of the sequence for which the rows before sequence {@code i} were computed; 0 where there are none. */
    int pastLength(int i) {
        return keyRows != null && past[i] > 0 ? wholeLength(i - i % 3) : past[i];
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

    /** The rows whose keys and values attention reads, in the order that {@link #segments} counts in; null where they are all rows. */
    int @Nullable [] keyRows() {
        return keyRows == null ? null : keyRows.clone();
    }

    /** Attention segments {@code [segments, 4]} without a cache. */
    int[] segments() {
        List<int[]> segments = new ArrayList<>();
        if (keyRows != null) {
            int key = 0;
            for (int i = 0; i < past.length; i += 3) {
                int shared = length(i);
                if (shared > 0) {
                    segments.add(new int[] {starts[i], shared, key, shared});
                }
                for (int side = i + 1; side <= i + 2; side++) {
                    segments.add(new int[] {starts[side], length(side), key, shared + length(side)});
                    key += shared + length(side);
                }
            }
            return segments.stream().flatMapToInt(Arrays::stream).toArray();
        }
        for (int i = 0; i < past.length; i++) {
            segments.add(new int[] {starts[i], length(i), starts[i], length(i)});
        }
        return segments.stream().flatMapToInt(Arrays::stream).toArray();
    }
}
