package io.safeprobe.model.chat.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** Named arguments from dicts. */
final class Calls {
    private Calls() {}

    /** A dict as named arguments; its keys must be texts. */
    static Map<String, Value> names(Dict dict) {
        Map<String, Value> names = new LinkedHashMap<>();
        for (Dict.Entry entry : dict.entries()) {
            if (!(entry.key() instanceof Value.Str key)) {
                throw Failure.type("keywords must be strings");
            }
            names.put(key.text(), entry.value());
        }
        return names;
    }
}
