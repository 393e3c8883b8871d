package io.safeprobe.model.chat.jinja;

/**
 * Bounds of one rendering. The standard ones leave room for a conversation of some ten million characters, yet a hostile
 * template is stopped within seconds and some hundred megabytes.
 *
 * @param steps expressions and statements evaluated and items visited
 * @param characters characters read or written by all text operations together
 * @param text longest single text, and longest output, in characters
 * @param depth nesting of statements, expressions, macro calls and values together
 */
record Limits(long steps, long characters, int text, int depth) {
    static final Limits STANDARD = new Limits(3_000_000L, 1L << 28, 1 << 25, 600);
}
