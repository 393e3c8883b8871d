package io.safeprobe.model.chat.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** What {@code namespace(..)} makes: the one value whose attributes a template may set. */
final class Namespace implements Value {
    private final Map<String, Value> attributes = new LinkedHashMap<>();

    Map<String, Value> attributes() {
        return attributes;
    }
}
