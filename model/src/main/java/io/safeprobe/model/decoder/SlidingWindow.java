package io.safeprobe.model.decoder;

import java.util.stream.IntStream;

/** Attention in which a query sees the last {@code window} keys only, itself included (arXiv 2310.06825). */
final class SlidingWindow {
    private SlidingWindow() {}

    /**
     * The same attention segments {@code [s, 4]} (first query, queries, first key, keys), cut to the window: the queries that see all keys anyway
     * stay together, each later one becomes a segment of its own, since a segment's mask is causal and nothing else.
     *
     * @param window most keys of a query; 0 for all
     */
    static int[] segments(int[] segments, int window) {
        if (window == 0) {
            return segments;
        }
        IntStream.Builder cut = IntStream.builder();
        for (int at = 0; at < segments.length; at += 4) {
            int query = segments[at];
            int queries = segments[at + 1];
            int key = segments[at + 2];
            int before = segments[at + 3] - queries;
            int whole = Math.clamp(window - (long) before, 0, queries);
            if (whole > 0) {
                add(cut, query, whole, key, before + whole);
            }
            for (int i = whole; i < queries; i++) {
                add(cut, query + i, 1, key + before + i + 1 - window, window);
            }
        }
        return cut.build().toArray();
    }

    private static void add(IntStream.Builder segments, int query, int queries, int key, int keys) {
        segments.add(query).add(queries).add(key).add(keys);
    }
}
