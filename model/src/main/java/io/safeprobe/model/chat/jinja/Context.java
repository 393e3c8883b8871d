package io.safeprobe.model.chat.jinja;

import java.time.Clock;

/** What every operation of one rendering shares. */
record Context(Budget budget, Clock clock, Printer printer, Comparison compare) {
    static Context of(Limits limits, Clock clock) {
        Budget budget = new Budget(limits);
        return new Context(budget, clock, new Printer(budget), new Comparison(budget));
    }

    Sink sink() {
        return new Sink(budget);
    }

    /** {@code str(value)}. */
    String str(Value value) {
        return printer.str(value);
    }
}
