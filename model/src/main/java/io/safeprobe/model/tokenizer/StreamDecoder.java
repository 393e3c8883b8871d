package io.safeprobe.model.tokenizer;

import java.util.Arrays;

/**
 * Turns tokens into text as they come; all it gave, one after another, is the text of all tokens. What later tokens may still change is held back: bytes that
 * are not a whole character yet, and a run of byte tokens until it ends, since one wrong byte in it makes replacement characters of all.
 *
 * <p>Each token costs two decodings of a few tokens: those since the text was last certain, and one before them, by which decoders tell the start of a text.
 */
public final class StreamDecoder {
    private static final char REPLACEMENT = '\ufffd';

    private final Tokenizer tokenizer;
    /** The last token whose text was given, if any, and the tokens after it. */
    private int[] open = new int[16];
    private int count;
    private boolean begun;

    /** A decoder of one response. */
    public StreamDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** Takes the next token and returns the text that is certain now, possibly empty. */
    public String next(int id) {
        if (!tokenizer.isText(id)) {
            return "";
        }
        if (count == open.length) {
            open = Arrays.copyOf(open, 2 * count);
        }
        open[count++] = id;
        if (tokenizer.isByte(id) || tokenizer.cleansUp()) {
            return "";
        }
        String fresh = fresh();
        // A token without a text of its own, such as a leading blank that is dropped, would not show that a text has begun.
        if (fresh.isEmpty() || fresh.charAt(fresh.length() - 1) == REPLACEMENT) {
            return "";
        }
        open[0] = id;
        count = 1;
        begun = true;
        return fresh;
    }

    /** What was held back at the end. */
    public String rest() {
        return fresh();
    }

    private String fresh() {
        String all = tokenizer.decode(Arrays.copyOf(open, count), true);
        return begun ? all.substring(tokenizer.decode(new int[] {open[0]}, true).length()) : all;
    }
}
