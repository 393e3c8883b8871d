package io.safeprobe.model.chat.jinja;

/** Text being written, within the bounds of a {@link Budget}. */
final class Sink {
    private final Budget budget;
    private final StringBuilder text = new StringBuilder();

    Sink(Budget budget) {
        this.budget = budget;
    }

    Sink add(CharSequence piece) {
        budget.text((long) text.length() + piece.length());
        budget.characters(piece.length());
        text.append(piece);
        return this;
    }

    Sink add(char piece) {
        budget.text(text.length() + 1L);
        budget.characters(1);
        text.append(piece);
        return this;
    }

    Sink addCodePoint(int codePoint) {
        budget.text(text.length() + 2L);
        budget.characters(1);
        text.appendCodePoint(codePoint);
        return this;
    }

    /** Appends {@code piece} {@code times} times; none when {@code times} is negative. */
    Sink repeat(String piece, long times) {
        if (times <= 0 || piece.isEmpty()) {
            return this;
        }
        long more = times > Integer.MAX_VALUE ? Long.MAX_VALUE / 2 : times * piece.length();
        budget.text(text.length() + more);
        budget.characters(more);
        text.repeat(piece, (int) times);
        return this;
    }

    int length() {
        return text.length();
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
