package io.safeprobe.model.chat.jinja;

/**
 * A piece of rendered text.
 *
 * @param start first character, a UTF-16 offset into the text
 * @param end one past the last character, a UTF-16 offset; never before {@code start}
 */
public record Span(int start, int end) {
    /** Refuses offsets that are negative or out of order. */
    public Span {
        if (start < 0 || end < start) {
            throw new IllegalArgumentException(
                    "span [" + start + ", " + end + ") is not a range: start must be 0 or more and end not before it");
        }
    }
}
