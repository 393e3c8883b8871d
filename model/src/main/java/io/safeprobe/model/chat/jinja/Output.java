package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.List;

/** Where statements write: the rendered text, or a piece of it captured into a value. */
final class Output {
    private final Sink sink;
    private final boolean captured;
    private final List<Span> generations = new ArrayList<>();
    private int nested;
    private int start;

    private Output(Sink sink, boolean captured) {
        this.sink = sink;
        this.captured = captured;
    }

    static Output rendered(Budget budget) {
        return new Output(new Sink(budget), false);
    }

    static Output captured(Budget budget) {
        return new Output(new Sink(budget), true);
    }

    void write(String text) {
        sink.add(text);
    }

    void beginGeneration() {
        if (captured) {
            // The text may be cut, changed or dropped before it is printed: a span made here would point at the wrong tokens.
            throw Failure.unsupported("a generation block inside captured output (a set block, a filter block, or a macro whose result"
                    + " is not printed as it is) has no place in the text; move it out");
        }
        if (nested++ == 0) {
            start = sink.length();
        }
    }

    void endGeneration() {
        if (--nested == 0) {
            generations.add(new Span(start, sink.length()));
        }
    }

    String text() {
        return sink.toString();
    }

    Rendered result() {
        return new Rendered(sink.toString(), generations);
    }
}
