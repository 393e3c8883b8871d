package io.safeprobe.model.chat.jinja;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of a built-in function, by parameter. */
record Bound(String function, Map<String, Value> values) {
    @Nullable Value get(String parameter) {
        return values.get(parameter);
    }

    Value required(String parameter) {
        Value value = values.get(parameter);
        if (value == null) {
            throw Failure.type(function + "() missing 1 required positional argument: '" + parameter + "'");
        }
        return value;
    }

    Value or(String parameter, Value otherwise) {
        Value value = values.get(parameter);
        return value == null ? otherwise : value;
    }

    /** The argument, or null where it is missing or None. */
    @Nullable Value unlessNone(String parameter) {
        Value value = values.get(parameter);
        return value instanceof Value.None ? null : value;
    }

    long integer(String parameter, long otherwise) {
        Value value = values.get(parameter);
        return value == null ? otherwise : Numbers.index(value);
    }

    boolean flag(String parameter, boolean otherwise) {
        Value value = values.get(parameter);
        return value == null ? otherwise : Truth.of(value);
    }

    String text(String parameter) {
        return text(required(parameter));
    }

    String text(String parameter, String otherwise) {
        Value value = values.get(parameter);
        return value == null ? otherwise : text(value);
    }

    private String text(Value value) {
        if (value instanceof Value.Str s) {
            return s.text();
        }
        throw Failure.type(function + "() argument must be str, not " + Types.name(value));
    }
}
