package io.safeprobe.model.chat.jinja;

/**
 * A template that cannot be read, refuses its input, fails while it runs or goes beyond its bounds.
 *
 * <p>The message names the line of the template, the reason and, where there is something to be done, what to do.
 */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String kind;
    private final String rawMessage;
    private final int line;

    TemplateException(Failure failure, int line) {
        super("chat template, line " + line + ": " + failure.fault().label() + ": " + failure.reason()
                + (failure.fault().advice().isEmpty() ? "" : " (" + failure.fault().advice() + ")"), failure);
        this.kind = failure.fault().label();
        this.rawMessage = failure.reason();
        this.line = line;
    }

    /**
     * The name Jinja or Python gives this error: {@code TemplateError} for {@code raise_exception}, {@code UndefinedError},
     * {@code TypeError}, {@code TemplateSyntaxError} and so on; {@code LimitError} for a bound of this interpreter.
     */
    public String kind() {
        return kind;
    }

    /** The reason alone, in Jinja's words: for {@code raise_exception} exactly the text the template gave. */
    public String rawMessage() {
        return rawMessage;
    }

    /** The line of the template, from 1. */
    public int line() {
        return line;
    }
}
