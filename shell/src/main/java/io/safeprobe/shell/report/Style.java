package io.safeprobe.shell.report;

/**
 * Emphasis by ANSI colours, or none where the terminal has none.
 *
 * @param colours whether the terminal understands colours
 */
public record Style(boolean colours) {
    private static final String END = "\033[0m";

    /** Headings. */
    public String heading(String text) {
        return wrap("\033[1m", text);
    }

    /** What matters less. */
    public String dim(String text) {
        return wrap("\033[2m", text);
    }

    /** What is wrong. */
    public String wrong(String text) {
        return wrap("\033[31m", text);
    }

    /** What is learnt. */
    public String learnt(String text) {
        return wrap("\033[1;32m", text);
    }

    private String wrap(String begin, String text) {
        return colours ? begin + text + END : text;
    }
}
