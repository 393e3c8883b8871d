package io.safeprobe.model.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Shapes of all weights of a decoder, in the order of the computation. */
final class WeightShapes {
    private final DecoderConfig config;
    private final Variant variant;
    private final WeightNames names;
    private final Map<String, long[]> shapes = new LinkedHashMap<>();

    WeightShapes(DecoderConfig config) {
        this.config = config;
        this.variant = config.variant();
        this.names = config.names();
    }

    Map<String, long[]> all() {
        matrix(names.embedding(), config.vocabulary(), config.hidden());
        if (names.positions() != null) {
            matrix(names.positions(), config.maxPositions(), config.hidden());
        }
        for (int layer = 0; layer < config.layers(); layer++) {
            attention(layer);
            feedForward(layer);
        }
        norm(names.norm(), config.hidden());
        if (!config.tiedHead()) {
            matrix(names.head(), config.vocabulary(), config.hidden());
        }
        return shapes;
    }

    private void attention(int layer) {
        long queries = (long) config.heads() * config.headSize();
        long keys = (long) config.kvHeads() * config.headSize();
        norm(layer, names.norms().beforeAttention(), config.hidden());
        linears(layer, names.attention(), List.of(queries, keys, keys), variant.biases().qkv());
        if (variant.queryKeyNorm() != Variant.QueryKeyNorm.NONE) {
            boolean each = variant.queryKeyNorm() == Variant.QueryKeyNorm.HEAD;
            norm(layer, names.norms().query(), each ? config.headSize() : queries);
            norm(layer, names.norms().key(), each ? config.headSize() : keys);
        }
        linear(names.module(layer, names.output()), config.hidden(), queries, variant.biases().output());
        norm(layer, names.norms().afterAttention(), config.hidden());
    }

    private void feedForward(int layer) {
        long ffn = config.ffn();
        boolean bias = variant.biases().feedForward();
        norm(layer, names.norms().beforeFeedForward(), config.hidden());
        linears(layer, names.feedForward(), variant.projection().gated() ? List.of(ffn, ffn) : List.of(ffn), bias);
        linear(names.module(layer, names.down()), config.hidden(), ffn, bias);
        norm(layer, names.norms().afterFeedForward(), config.hidden());
    }

    /** Projections of the hidden states to these widths: one for each, or one for all of them together. */
    private void linears(int layer, List<String> parts, List<Long> widths, boolean bias) {
        if (parts.size() == 1) {
            linear(names.module(layer, parts.getFirst()), widths.stream().mapToLong(Long::longValue).sum(), config.hidden(), bias);
        } else {
            for (int i = 0; i < parts.size(); i++) {
                linear(names.module(layer, parts.get(i)), widths.get(i), config.hidden(), bias);
            }
        }
    }

    private void linear(String module, long out, long in, boolean bias) {
        if (variant.projection().transposed()) {
            matrix(module, in, out);
        } else {
            matrix(module, out, in);
        }
        if (bias) {
            shapes.put(WeightNames.bias(module), new long[] {out});
        }
    }

    private void norm(int layer, @Nullable String part, long width) {
        if (part != null) {
            norm(names.module(layer, part), width);
        }
    }

    private void norm(String module, long width) {
        shapes.put(WeightNames.weight(module), new long[] {width});
        if (variant.norm() == Variant.Norm.LAYER) {
            shapes.put(WeightNames.bias(module), new long[] {width});
        }
    }

    private void matrix(String module, long rows, long columns) {
        shapes.put(WeightNames.weight(module), new long[] {rows, columns});
    }
}
