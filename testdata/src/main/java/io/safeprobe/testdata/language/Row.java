package io.safeprobe.testdata.language;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One row of a data set: named texts, in the order in which they are written. */
record Row(Map<String, String> fields) {

    static Row of(String name, String value) {
        return new Row(new LinkedHashMap<>(Map.of(name, value)));
    }

    Row and(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(fields);
        more.put(name, value);
        return new Row(more);
    }

    String get(String name) {
        String value = fields.get(name);
        if (value == null) {
            throw new IllegalArgumentException("a row has no field '" + name + "', only " + fields.keySet());
        }
        return value;
    }

    List<String> texts() {
        return List.copyOf(fields.values());
    }
}
