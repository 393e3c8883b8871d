package io.safeprobe.model.chat.jinja;

import java.util.List;

/**
 * What a template wrote.
 *
 * @param text the whole text
 * @param generationSpans the parts of {@code text} that came from the template's {@code {% generation %}} blocks, which is what
 *     the assistant said; in order and disjoint. Empty when the template has no such blocks, as most have not
 */
public record Rendered(String text, List<Span> generationSpans) {
    /** Copies the spans. */
    public Rendered {
        generationSpans = List.copyOf(generationSpans);
    }
}
