package io.safeprobe.engine.kernel.cpu;

import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** One packed sequence: query i sees keys {@code firstKey} to {@code firstKey + keys - queries + i}. */
record Segment(int firstQuery, int queries, int firstKey, int keys) {
    /** All rows of a segments tensor {@code [s, 4]}. */
    static List<Segment> of(Tensor tensor) {
        List<Segment> segments = new ArrayList<>();
        for (long at = 0; at < tensor.elements(); at += 4) {
            segments.add(new Segment(tensor.getInt(at), tensor.getInt(at + 1), tensor.getInt(at + 2), tensor.getInt(at + 3)));
        }
        return segments;
    }

    /** Keys that query {@code query} (counted within the segment) sees. */
    int visible(int query) {
        return keys - queries + query + 1;
    }

    int lastKey() {
        return firstKey + keys;
    }
}
