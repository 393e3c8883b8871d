package io.safeprobe.model.decoder;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.Variant;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraModule;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One forward computation of the decoder in a graph: frozen weights as constants, trainable tensors, LoRA and a probe as the caller
 * gives them.
 *
 * <p>Layer j maps {@code x_{j-1}} to {@code x_j = l_j(x_{j-1}) + v_j}, where v_j is the probe of that layer, one vector for all
 * positions (arXiv 2505.16737, eq. 1-2); layers count from 0 as in the folder.
 */
public final class Forward {
    private final Graph graph;
    private final DecoderConfig config;
    private final Weights weights;
    private final Map<String, Value> leaves = new HashMap<>();
    private final Map<String, LoraModule> lora = new HashMap<>();
    private final Map<Integer, Value> probe = new HashMap<>();
    private @Nullable Dropout dropout;
    private boolean recomputing;

    /** Zeroes inputs of LoRA at random while training. */
    public interface Dropout {
        /** Factors {@code [tokens, in]} for the inputs of a module: 0, or 1 / (1 - probability). */
        Value mask(Graph graph, String module, Shape shape, DType dtype);
    }

    /** A forward computation of the bare model. */
    public Forward(Graph graph, DecoderConfig config, Weights weights) {
        this.graph = graph;
        this.config = config;
        this.weights = weights;
    }

    /** Uses {@code value} in place of the weight of that name: a trainable one. */
    public Forward with(String name, Value value) {
        leaves.put(name, value);
        return this;
    }

    /** Adds the low-rank branches of an adapter; {@code leaf} makes each of its tensors a variable or a constant of this graph. */
    public Forward with(LoraAdapter adapter, Function<Tensor, Value> leaf) {
        adapter.modules().forEach(module -> lora.put(module.module(), module));
        adapter.tensors().forEach((name, tensor) -> leaves.put(name, leaf.apply(tensor)));
        return this;
    }

    /** Adds {@code v} {@code [hidden]} to the output of a layer. */
    public Forward withProbe(int layer, Value v) {
        probe.put(layer, v);
        return this;
    }

    /** Drops inputs of LoRA. */
    public Forward withDropout(@Nullable Dropout masks) {
        dropout = masks;
        return this;
    }

    /** Keeps only the output of each layer and computes the rest again for the gradient; not for a computation with a cache. */
    public Forward recomputing(boolean recompute) {
        recomputing = recompute;
        return this;
    }

    /** Normalised hidden states {@code [tokens, hidden]} of whole sequences. */
    public Value hidden(PackedTokens tokens) {
        return run(tokens, null, new int[0]);
    }

    /** The same with a cache: sequence i continues what slot {@code slots[i]} of the cache holds, which takes the new tokens in. */
    public Value hidden(PackedTokens tokens, KvCache cache, int[] slots) {
        return run(tokens, cache, slots);
    }

    /** Logits {@code [rows, vocabulary]} of the chosen rows of {@link #hidden}: elsewhere nobody asks for them. */
    public Value logits(Value hidden, int[] rows) {
        return chosen(hidden, rows).linear(head());
    }

    /** Negative log-likelihood {@code [rows]} of {@code targets} at the chosen rows of {@link #hidden}; the logits are never stored. */
    public Value losses(Value hidden, int[] rows, int[] targets) {
        return chosen(hidden, rows).linearCrossEntropy(head(), graph.constant(Tensor.of(graph.scope(), Shape.of(targets.length), targets)));
    }

    private Value chosen(Value hidden, int[] rows) {
        return hidden.gather(graph.constant(Tensor.of(graph.scope(), Shape.of(rows.length), rows)));
    }

    private Value head() {
        return leaf(config.tiedHead() ? WeightNames.EMBEDDING : WeightNames.HEAD);
    }

    private Value run(PackedTokens tokens, @Nullable KvCache cache, int[] slots) {
        Value ids = graph.constant(Tensor.of(graph.scope(), Shape.of(tokens.tokens()), tokens.ids()));
        Value x = leaf(WeightNames.EMBEDDING).gather(ids);
        Rope rope = Rope.of(graph.scope(), config, x.tensor().dtype(), tokens);
        Value cos = graph.constant(rope.cos());
        Value sin = graph.constant(rope.sin());
        int[] layout = cache == null ? tokens.segments() : cache.segments(tokens, slots);
        Map<Integer, Value> segments = new HashMap<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            int index = layer;
            Value seen = segments.computeIfAbsent(config.variant().window(layer), window -> segments(SlidingWindow.segments(layout, window)));
            UnaryOperator<Value> run = in -> {
                Value mixed = in.add(attention(index, in, cos, sin, seen, tokens, cache, slots));
                Value out = mixed.add(feedForward(index, mixed));
                Value v = probe.get(index);
                return v == null ? out : out.addRow(v);
            };
            x = recomputing ? graph.recomputed(x, run) : run.apply(x);
        }
        return normalised(x, WeightNames.NORM);
    }

    private Value segments(int[] layout) {
        return graph.constant(Tensor.of(graph.scope(), Shape.of(layout.length / 4, 4), layout));
    }

    private Value attention(
            int layer, Value x, Value cos, Value sin, Value segments, PackedTokens tokens, @Nullable KvCache cache, int[] slots) {
        Variant variant = config.variant();
        Value h = variant.normsAfter() ? x : normalised(x, WeightNames.attentionNorm(layer));
        Value q = queryKeyNorm(linear(h, WeightNames.query(layer), variant.qkvBias()), WeightNames.queryNorm(layer));
        Value k = queryKeyNorm(linear(h, WeightNames.key(layer), variant.qkvBias()), WeightNames.keyNorm(layer));
        Value v = linear(h, WeightNames.value(layer), variant.qkvBias());
        if (variant.rotated(layer)) {
            q = q.rotary(cos, sin);
            k = k.rotary(cos, sin);
        }
        if (cache != null) {
            cache.append(graph.kernels(), layer, tokens, slots, k.tensor(), v.tensor());
            k = graph.constant(cache.keys(layer));
            v = graph.constant(cache.values(layer));
        }
        int[] keyRows = tokens.keyRows();
        if (keyRows != null) {
            Value rows = graph.constant(Tensor.of(graph.scope(), Shape.of(keyRows.length), keyRows));
            k = k.gather(rows);
            v = v.gather(rows);
        }
        double scale = 1 / Math.sqrt(config.headSize());
        Value mixed = q.attention(k, v, segments, config.heads(), config.kvHeads(), scale);
        Value out = linear(mixed, WeightNames.output(layer), variant.outputBias());
        return variant.normsAfter() ? normalised(out, WeightNames.secondNorm(layer)) : out;
    }

    private Value feedForward(int layer, Value x) {
        Variant variant = config.variant();
        Value h = variant.normsAfter() ? x : normalised(x, WeightNames.secondNorm(layer));
        Value gate = linear(h, WeightNames.gate(layer), variant.ffnBias());
        Value gated = gate.gate(config.activation(), linear(h, WeightNames.up(layer), variant.ffnBias()));
        Value out = linear(gated, WeightNames.down(layer), variant.ffnBias());
        return variant.normsAfter() ? normalised(out, WeightNames.afterFfnNorm(layer)) : out;
    }

    private Value queryKeyNorm(Value x, String name) {
        return switch (config.variant().queryKeyNorm()) {
            case NONE -> x;
            case ALL -> normalised(x, name);
            case HEAD -> normalised(x.reshape(Shape.of(x.tensor().elements() / config.headSize(), config.headSize())), name).reshape(x.shape());
        };
    }

    private Value normalised(Value x, String name) {
        return x.rmsNorm(vector(name, x), config.normEpsilon());
    }

    private Value linear(Value x, String module, boolean bias) {
        Value y = linear(x, module);
        return bias ? y.addRow(vector(WeightNames.bias(module), y)) : y;
    }

    private Value linear(Value x, String module) {
        Value weight = leaf(WeightNames.weight(module));
        LoraModule branch = lora.get(module);
        if (branch == null) {
            return x.linear(weight);
        }
        Value dropped = dropout == null ? x : x.mul(dropout.mask(graph, module, x.shape(), x.tensor().dtype()));
        return x.loraLinear(weight, dropped, leaf(branch.aName()), leaf(branch.bName()), branch.scale());
    }

    /** Norms and biases may be stored in 16 bits; they are small, so they are widened here rather than in every kernel. */
    private Value vector(String name, Value x) {
        Value weight = leaf(name);
        if (weight.tensor().dtype() == x.tensor().dtype()) {
            return weight;
        }
        Tensor wide = Tensor.allocate(graph.scope(), x.tensor().dtype(), weight.shape());
        graph.kernels().apply(new io.safeprobe.engine.kernel.Update.Copy(), wide, weight.tensor());
        return graph.constant(wide);
    }

    private Value leaf(String name) {
        Value known = leaves.get(name);
        if (known == null) {
            known = graph.constant(weights.get(name));
            leaves.put(name, known);
        }
        return known;
    }
}
