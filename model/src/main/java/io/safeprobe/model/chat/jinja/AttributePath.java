package io.safeprobe.model.chat.jinja;

import java.util.List;

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
        Value at = value;
        for (Value key : keys) {
            at = Attributes.item(at, key, context);
        }
        return at;
    }
}
