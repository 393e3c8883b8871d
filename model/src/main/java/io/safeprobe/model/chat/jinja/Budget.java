package io.safeprobe.model.chat.jinja;

/** What is left of the {@link Limits} of one rendering. */
final class Budget {
    private final Limits limits;
    private long steps;
    private long characters;
    private int depth;

    Budget(Limits limits) {
        this.limits = limits;
    }

    void step() {
        if (++steps > limits.steps()) {
            throw Failure.limit("more than " + limits.steps() + " steps");
        }
    }

    /** Counts {@code n} steps before work of that size is begun. */
    void steps(long n) {
        steps += Math.max(0, n);
        if (steps > limits.steps()) {
            throw Failure.limit("more than " + limits.steps() + " steps");
        }
    }

    /** Counts {@code n} characters that are about to be read or written. */
    void characters(long n) {
        characters += n;
        if (characters > limits.characters()) {
            throw Failure.limit("more than " + limits.characters() + " characters handled");
        }
    }

    /** Counts a search for {@code part} characters among {@code text}: Java's takes their product at worst. */
    void search(long text, long part) {
        characters(text + Math.max(0, text - part) * (part / 64));
    }

    /** Refuses a text of {@code n} characters that would be too long, before it is made. */
    void text(long n) {
        if (n > limits.text()) {
            throw Failure.limit("a text longer than " + limits.text() + " characters");
        }
    }

    void enter() {
        if (++depth > limits.depth()) {
            throw Failure.limit("nesting or recursion deeper than " + limits.depth() + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
