package io.safeprobe.model.decoder;

import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.RopeScaling;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Cosines and sines of the rotary embedding for all positions so far needed, {@code [rows, rotary / 2]} each. It lies with the weights and grows with the
 * longest sequence, so that a pass sends a device the numbers of rows, not the angles.
 */
final class RotaryTable {
    private static final int LEAST_POSITIONS = 128;
    /** Where a batch brings the spans to more than this, only its own are kept; frequencies that change with every length would fill the memory. */
    private static final int MOST_SPANS = 4;

    private final Scope scope;
    private final DecoderConfig config;
    private final DType dtype;
    private final RopeScaling scaling;
    private final double theta;
    /** A length of sequences for each {@linkplain RopeScaling#span span} in the table, one after the other in its order. */
    private final TreeMap<Integer, Integer> spans = new TreeMap<>();

    private int positions = LEAST_POSITIONS;
    private @Nullable Tensor cos;
    private @Nullable Tensor sin;

    /** @param local whether for the layers with a window, where those have a base of their own */
    RotaryTable(Scope scope, DecoderConfig config, DType dtype, boolean local) {
        this.scope = scope;
        this.config = config;
        this.dtype = dtype;
        scaling = local ? new RopeScaling.None() : config.ropeScaling();
        theta = local ? config.variant().windowTheta() : config.ropeTheta();
    }

    /**
     * The row of each token in {@link #cos} and {@link #sin} as they are after this call.
     *
     * @throws ModelException where frequencies depend on the length of a sequence and its cached keys were rotated with others
     */
    int[] rows(PackedTokens tokens) {
        TreeMap<Integer, Integer> wanted = new TreeMap<>();
        for (int i = 0; i < tokens.sequences(); i++) {
            requireOneSpan(tokens, i);
            wanted.put(scaling.span(tokens.wholeLength(i)), tokens.wholeLength(i));
        }
        int[] rows = tokens.positions();
        int needed = Arrays.stream(rows).max().orElse(0) + 1;
        if (cos == null || sin == null || needed > positions || !spans.keySet().containsAll(wanted.keySet())) {
            forget();
            extend(wanted, needed);
            cos = table(Math::cos);
            sin = table(Math::sin);
        }
        for (int i = 0; i < tokens.sequences(); i++) {
            int first = spans.headMap(scaling.span(tokens.wholeLength(i))).size() * positions;
            for (int row = tokens.start(i); row < tokens.start(i) + tokens.length(i); row++) {
                rows[row] += first;
            }
        }
        return rows;
    }

    Tensor cos() {
        return Objects.requireNonNull(cos);
    }

    Tensor sin() {
        return Objects.requireNonNull(sin);
    }

    private void extend(Map<Integer, Integer> wanted, int needed) {
        while (positions < needed) {
            positions = Math.multiplyExact(positions, 2);
        }
        if (spans.size() + wanted.size() > MOST_SPANS) {
            spans.clear();
        }
        spans.putAll(wanted);
    }

    /** Before the new tables are made, so that there is never need for the room of both, and nothing half made is used where there is no room. */
    private void forget() {
        for (Tensor table : Arrays.asList(cos, sin)) {
            if (table != null) {
                scope.release(table.block());
            }
        }
        cos = null;
        sin = null;
    }

    /** Angles are products in float32, as transformers computes them: at position 2,000 a float64 angle differs in the fourth decimal. */
    private Tensor table(DoubleUnaryOperator function) {
        int half = config.rotary() / 2;
        double factor = scaling.attentionFactor();
        double[][] frequencies = spans.values().stream().map(length -> scaling.frequencies(theta, config.rotary(), length)).toArray(double[][]::new);
        return Tensor.of(scope, dtype, Shape.of((long) spans.size() * positions, half), i -> {
            int row = Math.toIntExact(i / half);
            float angle = (float) frequencies[row / positions][(int) (i % half)] * (row % positions);
            return factor * function.applyAsDouble(angle);
        });
    }

    private void requireOneSpan(PackedTokens tokens, int i) {
        int before = tokens.pastLength(i);
        int now = tokens.wholeLength(i);
        if (before > 0 && scaling.span(before) != scaling.span(now)) {
            throw new ModelException("the rotary frequencies of this model depend on the length of a sequence, and those for " + now
                    + " tokens are not those for " + before + ", with which what comes before was rotated; compute the sequence as a whole, or shorten it");
        }
    }
}
