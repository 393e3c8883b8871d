package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A Python dict: insertion order, and keys that are equal when Python says so (1, 1.0 and True are one key). */
final class Dict implements Value {
    /**
     * A pair of the dict.
     *
     * @param key as first inserted
     */
    record Entry(Value key, Value value) {}

    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    /** Only for building a dict; a template never sees one that still changes. */
    void put(Value key, Value value) {
        Object hashed = HashKey.of(key);
        Entry old = entries.get(hashed);
        entries.put(hashed, new Entry(old == null ? key : old.key(), value));
    }

    void put(String key, Value value) {
        put(Value.of(key), value);
    }

    @Nullable Value get(Value key) {
        Entry entry = entries.get(HashKey.of(key));
        return entry == null ? null : entry.value();
    }

    @Nullable Value get(String key) {
        Entry entry = entries.get(key);
        return entry == null ? null : entry.value();
    }

    int size() {
        return entries.size();
    }

    Collection<Entry> entries() {
        return entries.values();
    }

    List<Value> keys() {
        List<Value> keys = new ArrayList<>(entries.size());
        entries.values().forEach(e -> keys.add(e.key()));
        return keys;
    }

    List<Value> values() {
        List<Value> values = new ArrayList<>(entries.size());
        entries.values().forEach(e -> values.add(e.value()));
        return values;
    }

    List<Value> pairs() {
        List<Value> pairs = new ArrayList<>(entries.size());
        entries.values().forEach(e -> pairs.add(Value.tuple(e.key(), e.value())));
        return pairs;
    }
}
