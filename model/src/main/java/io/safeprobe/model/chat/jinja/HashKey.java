package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.List;

/** Turns a value into a Java key whose {@code equals} is Python's equality, so that dicts and sets agree with Python. */
final class HashKey {
    /** Keys are small; a tuple made of itself over and over would have 2^n items, all of which a hash visits. */
    private static final int MOST_ITEMS = 100;

    private record Tuple(List<Object> items) {}

    private record Span(long start, long step, long length) {}

    private enum Single {
        NONE,
        UNDEFINED
    }

    private HashKey() {}

    /** Refuses lists, dicts and other unhashable values as Python does. */
    static Object of(Value value) {
        return of(value, new int[1]);
    }

    private static Object of(Value value, int[] visited) {
        if (++visited[0] > MOST_ITEMS) {
            throw Failure.limit("a key of more than " + MOST_ITEMS + " items");
        }
        return switch (value) {
            case Value.Str s -> s.text();
            case Value.Int n -> n.value();
            case Value.Bool b -> b.value() ? 1L : 0L;
            case Value.Real r -> {
                long whole = (long) r.value();
                // A float equal to a whole number is the same key as that number.
                yield (double) whole == r.value() && Math.abs(r.value()) < 0x1p63 ? (Object) whole : (Object) r.value();
            }
            case Value.None ignored -> Single.NONE;
            case Value.Undefined ignored -> Single.UNDEFINED;
            case Value.TupleValue t -> {
                List<Object> items = new ArrayList<>(t.items().size());
                for (Value item : t.items()) {
                    items.add(of(item, visited));
                }
                yield new Tuple(items);
            }
            case Value.Range r -> new Span(r.length() == 0 ? 0 : r.start(), r.length() < 2 ? 0 : r.step(), r.length());
            case Value.ListValue ignored -> throw unhashable(value);
            case Dict ignored -> throw unhashable(value);
            case Value.View ignored -> throw unhashable(value);
            case Value.Stream s -> s.items();
            case Value.TemplateReference self -> self;
            case Namespace n -> n;
            case Function f -> f;
            case Macro m -> m;
            case LoopContext l -> l;
            case Cycler c -> c;
        };
    }

    private static Failure unhashable(Value value) {
        return Failure.type("unhashable type: '" + Types.name(value) + "'");
    }
}
