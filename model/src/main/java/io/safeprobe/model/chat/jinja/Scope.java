package io.safeprobe.model.chat.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names in sight. What a loop, a macro, a call block or a with block sets stays in its own scope. */
final class Scope {
    private final @Nullable Scope parent;
    private final Map<String, Value> names = new HashMap<>();

    Scope(@Nullable Scope parent) {
        this.parent = parent;
    }

    void set(String name, Value value) {
        names.put(name, value);
    }

    Value get(String name) {
        for (Scope scope = this; scope != null; scope = scope.parent) {
            Value value = scope.names.get(name);
            if (value != null) {
                return value;
            }
        }
        return Value.Undefined.of("'" + name + "' is undefined");
    }
}
