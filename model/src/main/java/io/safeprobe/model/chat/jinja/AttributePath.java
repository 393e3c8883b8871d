package io.safeprobe.model.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code attribute} argument of filters: {@code 'name'}, {@code 'a.b.0'} or an index. */
record AttributePath(List<Value> keys) {
    static AttributePath of(Value attribute) {
        if (!(attribute instanceof Value.Str text)) {
            return new AttributePath(List.of(attribute));
        }
        return new AttributePath(PythonText.split(text.text(), ".", -1).stream().map(AttributePath::key).toList());
    }

    private static Value key(String part) {
        boolean number = !part.isEmpty() && part.length() < 18 && part.chars().allMatch(c -> c >= '0' && c <= '9');
        return number ? Value.of(Long.parseLong(part)) : Value.of(part);
    }

    Value get(Value value, Context context) {
        return get(value, context, null);
    }

    /** As Jinja looks it up: {@code otherwise} stands in for each part of the path that is not there, and the next part is looked up in it. */
    Value get(Value value, Context context, @Nullable Value otherwise) {
        Value at = value;
        for (Value key : keys) {
            Value found = Attributes.item(at, key, context);
            at = found instanceof Value.Undefined && otherwise != null ? otherwise : found;
        }
        return at;
    }
}
