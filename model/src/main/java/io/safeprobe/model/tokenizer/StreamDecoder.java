package io.safeprobe.model.tokenizer;

import java.util.Arrays;

/** Turns tokens into text as they come, holding back what may still be half a character. */
public final class StreamDecoder {
    private static final char REPLACEMENT = '\ufffd';

    private final Tokenizer tokenizer;
    private int[] ids = new int[16];
    private int count;
    private String shown = "";

    /** A decoder of one response. */
    public StreamDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** Takes the next token and returns the text that is certain now, possibly empty. */
    public String next(int id) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, 2 * count);
        }
        ids[count++] = id;
        String all = text();
        boolean unfinished = !all.isEmpty() && all.charAt(all.length() - 1) == REPLACEMENT;
        if (unfinished || !all.startsWith(shown)) {
            return "";
        }
        String fresh = all.substring(shown.length());
        shown = all;
        return fresh;
    }

    /** What was held back at the end. */
    public String rest() {
        String all = text();
        return all.startsWith(shown) ? all.substring(shown.length()) : "";
    }

    private String text() {
        return tokenizer.decode(Arrays.copyOf(ids, count), true);
    }
}
