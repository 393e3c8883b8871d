package io.safeprobe.sap.data;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts rows that are left out, by reason. */
final class DropCount {
    private final Map<String, Dropped> byReason = new LinkedHashMap<>();

    void add(String reason, String place) {
        byReason.merge(reason, new Dropped(reason, 1, place), (counted, more) -> new Dropped(reason, counted.rows() + 1, counted.first()));
    }

    List<Dropped> list() {
        return List.copyOf(byReason.values());
    }
}
