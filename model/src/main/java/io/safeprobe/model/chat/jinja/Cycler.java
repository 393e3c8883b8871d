package io.safeprobe.model.chat.jinja;

import java.util.List;

/** What {@code cycler(..)} makes: goes round its items. */
final class Cycler implements Value {
    private final List<Value> items;
    private int position;

    Cycler(List<Value> items) {
        if (items.isEmpty()) {
            throw new Failure(Fault.RUNTIME, "at least one item has to be provided");
        }
        this.items = items;
    }

    Value current() {
        return items.get(position);
    }

    Value next() {
        Value now = current();
        position = (position + 1) % items.size();
        return now;
    }

    void reset() {
        position = 0;
    }
}
