package io.safeprobe.model.decoder;

import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.model.config.DecoderConfig;
import java.util.List;
import java.util.stream.Stream;

/** Queries, keys and values taken out of a joined projection, and rotation of a part of each head. */
final class Heads {
    private Heads() {}

    /** Queries {@code [tokens, heads * head]}, keys and values {@code [tokens, kvHeads * head]} of a joined projection. */
    static List<Value> apart(Value joined, DecoderConfig config) {
        long head = config.headSize();
        long tokens = joined.shape().dim(0);
        if (config.variant().projection().byHead()) {
            Value each = joined.reshape(Shape.of(tokens * config.heads(), 3 * head));
            Shape together = Shape.of(tokens, config.heads() * head);
            return Stream.of(0L, head, 2 * head).map(from -> columns(each, from, head).reshape(together)).toList();
        }
        long queries = config.heads() * head;
        long keys = config.kvHeads() * head;
        return List.of(columns(joined, 0, queries), columns(joined, queries, keys), columns(joined, queries + keys, keys));
    }

    /** Columns {@code [from, from + count)} of {@code [rows, d]}. */
    static Value columns(Value x, long from, long count) {
        return x.slice(0, x.shape().dim(0), from, count);
    }

    /** Rotates the first columns of each head of {@code [tokens, heads * head]}: as many as cos and sin {@code [tokens, rotary / 2]} are for. */
    static Value rotated(Value x, Value cos, Value sin, DecoderConfig config) {
        long head = config.headSize();
        long part = config.rotary();
        if (part == head) {
            return x.rotary(cos, sin);
        }
        long tokens = x.shape().dim(0);
        long rows = x.tensor().elements() / head;
        Value each = x.reshape(Shape.of(rows, head));
        Value first = columns(each, 0, part).reshape(Shape.of(tokens, rows / tokens * part));
        Value turned = first.rotary(cos, sin).reshape(Shape.of(rows, part));
        Value kept = columns(each, part, head - part);
        return turned.pad(0, rows, 0, head).add(kept.pad(0, rows, part, head)).reshape(x.shape());
    }
}
