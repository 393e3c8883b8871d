package io.safeprobe.model.chat.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** All filters, by name. */
final class Filters {
    private static final Map<String, Filter> ALL = all();
    private static final Set<String> UNSUPPORTED =
            Set.of("filesizeformat", "pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr");

    private Filters() {}

    private static Map<String, Filter> all() {
        Map<String, Filter> all = new HashMap<>(TextFilters.ALL);
        all.putAll(SequenceFilters.ALL);
        all.putAll(SelectionFilters.ALL);
        all.putAll(NumberFilters.ALL);
        return Map.copyOf(all);
    }

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static Failure unknown(String name) {
        return UNSUPPORTED.contains(name)
                ? Failure.unsupported("the filter '" + name + "' of Jinja is not available in chat templates")
                : new Failure(Fault.ASSERTION, "No filter named '" + name + "'.");
    }

    /** As {@link #unknown}, but for a filter in a branch that may never run: met only when it does. */
    static Failure missing(String name) {
        return UNSUPPORTED.contains(name) ? unknown(name) : new Failure(Fault.RUNTIME, "No filter named '" + name + "' found.");
    }

    static Value apply(String name, Context context, Value value, Arguments arguments) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw new Failure(Fault.RUNTIME, unknown(name).reason());
        }
        return filter.apply(context, value, arguments);
    }
}
