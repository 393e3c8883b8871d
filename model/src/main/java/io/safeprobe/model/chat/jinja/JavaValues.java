package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Brings Java data into the template language, and nothing else of Java. */
final class JavaValues {
    private static final int DEEPEST = 200;

    private JavaValues() {}

    /** {@code path} says where the value stands, for the message of a refusal. */
    static Value of(@Nullable Object value, String path) {
        return of(value, path, 0);
    }

    private static Value of(@Nullable Object value, String path, int depth) {
        if (depth > DEEPEST) {
            throw Failure.limit("variable " + path + " is nested deeper than " + DEEPEST + " levels");
        }
        return switch (value) {
            case null -> Value.NONE;
            case String s -> Value.of(s);
            case Boolean b -> Value.of(b);
            case Integer n -> Value.of(n);
            case Long n -> Value.of(n);
            case Short n -> Value.of(n);
            case Double d -> new Value.Real(d);
            case Float f -> new Value.Real(f);
            case List<?> list -> {
                List<Value> items = new ArrayList<>(list.size());
                for (Object item : list) {
                    items.add(of(item, path + "[" + items.size() + "]", depth + 1));
                }
                yield Value.list(items);
            }
            case Map<?, ?> map -> {
                Dict dict = new Dict();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    Value key = of(entry.getKey(), path + " (a key)", depth + 1);
                    dict.put(key, of(entry.getValue(), path + "." + entry.getKey(), depth + 1));
                }
                yield dict;
            }
            default -> throw Failure.type("variable " + path + " is a " + value.getClass().getName()
                    + ", which templates do not know: pass String, Integer, Long, Double, Boolean, null, List or Map");
        };
    }
}
