package io.safeprobe.model.chat.jinja;

import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A chat template, parsed: the {@code chat_template} of a model folder.
 *
 * <p>Understood is what Jinja 3.1 offers as {@code transformers} sets it up, but for what needs other templates (include,
 * import, extends, block), recursive loops, and filters for web pages; each of these is refused by name. Ints have 64 bits.
 * Immutable; may be shared by threads.
 */
public final class ChatTemplate {
    private final List<Node> body;
    private final Clock clock;

    private ChatTemplate(List<Node> body, Clock clock) {
        this.body = body;
        this.clock = clock;
    }

    /**
     * Parses a template.
     *
     * @param source the template's text
     * @throws TemplateException if it is not a template this interpreter understands
     */
    public static ChatTemplate parse(String source) {
        try {
            return new ChatTemplate(Parser.parse(source), Clock.system(ZoneId.systemDefault()));
        } catch (StackOverflowError e) {
            throw tooDeep(1);
        }
    }

    /** The same template with another clock for {@code strftime_now}; without one it is the system's, in its zone. */
    public ChatTemplate withClock(Clock other) {
        return new ChatTemplate(body, other);
    }

    /**
     * Renders the template.
     *
     * @param variables what the template sees, by name: String, Integer, Long, Double, Boolean, null, List and Map, nested at will
     * @throws TemplateException if the template refuses the input, fails, or goes beyond its bounds of work, nesting and output
     */
    public Rendered render(Map<String, ? extends @Nullable Object> variables) {
        return render(variables, Limits.STANDARD);
    }

    Rendered render(Map<String, ? extends @Nullable Object> variables, Limits limits) {
        Interpreter interpreter = new Interpreter(Context.of(limits, clock));
        try {
            Scope scope = new Scope(Globals.scope());
            variables.forEach((name, value) -> scope.set(name, JavaValues.of(value, name)));
            return interpreter.render(body, scope);
        } catch (Failure e) {
            throw new TemplateException(e, interpreter.line());
        } catch (StackOverflowError e) {
            throw tooDeep(interpreter.line());
        }
    }

    /** The bounds on depth suit a thread's standard stack; a caller with a smaller or fuller one is told the same way. */
    private static TemplateException tooDeep(int line) {
        return new TemplateException(Failure.limit("nesting deeper than the stack of this thread allows"), line);
    }
}
