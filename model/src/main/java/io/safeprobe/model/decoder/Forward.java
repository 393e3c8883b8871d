package io.safeprobe.model.decoder;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.Labels;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.Variant;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraModule;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One forward computation of the decoder in a graph: frozen weights as constants, trainable tensors, LoRA and a probe as the caller
 * gives them.
 *
 * <p>Layer j maps {@code x_{j-1}} to {@code x_j = l_j(x_{j-1}) + v_j}, where v_j is the probe of that layer, one vector for all
 * positions (arXiv 2505.16737, eq. 1-2); layers count from 0 as in the folder.
 */
public final class Forward {
    private static final int NO_TARGET = -100;

    private final Graph graph;
    private final DecoderConfig config;
    private final Weights weights;
    private final Map<String, Value> leaves = new HashMap<>();
    private final Map<String, LoraModule> lora = new HashMap<>();
    private final Map<Integer, Value> probe = new HashMap<>();
    private @Nullable LoraAdapter adapter;
    private @Nullable Dropout dropout;
    private boolean recomputing;

    /** Zeroes inputs of LoRA at random while training. */
    public interface Dropout {
        /** Factors for the inputs of a module, {@code [tokens, in]} or, behind attention of the last layer, {@code [rows, in]}: 0, or 1 / (1 - probability). */
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

    /** Adds what an adapter holds; {@code leaf} makes each of its tensors, in their order, a variable or a constant of this graph. */
    public Forward with(LoraAdapter added, Function<Tensor, Value> leaf) {
        adapter = added;
        added.modules().forEach(module -> lora.put(module.module(), module));
        added.tensors().forEach((name, tensor) -> leaves.put(name, leaf.apply(tensor)));
        // A tied head stays as it was when the adapter has an embedding of its own, as in PEFT.
        String embedding = WeightNames.weight(config.names().embedding());
        if (config.tiedHead() && added.copies().containsKey(embedding)) {
            leaves.put(WeightNames.weight(config.names().head()), graph.constant(weights.get(embedding)));
        }
        added.copies().forEach((weight, copy) -> leaves.put(weight, leaf(copy)));
        return this;
    }

    /** Adds {@code v}, {@code [hidden]} for all positions or {@code [tokens, hidden]}, to the output of a layer. */
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

    /** Normalised hidden states {@code [tokens, hidden]} of whole sequences, at all tokens. */
    public Value hidden(PackedTokens tokens) {
        return hidden(tokens, IntStream.range(0, tokens.tokens()).toArray());
    }

    /**
     * Normalised hidden states {@code [rows, hidden]} of whole sequences at the chosen tokens. Of the others only keys and values are asked for in the last
     * layer, so it is computed no further there than to what attention gives out.
     *
     * @param rows of the packed tokens, in any order
     */
    public Value hidden(PackedTokens tokens, int[] rows) {
        return hidden(embedded(tokens), 0, new Batch(tokens, rows, null, new int[0]));
    }

    /** The same with a cache: sequence i continues what slot {@code slots[i]} of the cache holds, which takes the new tokens in. */
    public Value hidden(PackedTokens tokens, int[] rows, KvCache cache, int[] slots) {
        return hidden(embedded(tokens), 0, new Batch(tokens, rows, cache, slots));
    }

    /**
     * The first part of {@link #hidden(PackedTokens, int[])}: what a layer gives out before its probe is added, {@code [tokens, hidden]}, of the last layer
     * {@code [rows, hidden]}. The probe of that layer and of those above has no part in it.
     */
    public Value output(int layer, PackedTokens tokens, int[] rows) {
        Batch batch = new Batch(tokens, rows, null, new int[0]);
        Value x = embedded(tokens);
        for (int next = 0; next <= layer; next++) {
            x = layer(next, x, batch);
        }
        return x;
    }

    /** The rest of {@link #hidden(PackedTokens, int[])}: from the {@link #output} of a layer on, which another graph may have computed. */
    public Value hiddenAfter(int layer, Value output, PackedTokens tokens, int[] rows) {
        return hidden(output, layer + 1, new Batch(tokens, rows, null, new int[0]));
    }

    /** Logits {@code [rows, vocabulary]} of {@link #hidden hidden states}. */
    public Value logits(Value hidden) {
        return onHead(hidden).softcap(config.variant().scales().logitCap());
    }

    /** Logits {@code [rows, labels]} of the head of a classifier. */
    public Value labels(Value hidden) {
        return hidden.linear(leaf(Labels.HEAD));
    }

    /** Negative log-likelihood {@code [rows]} of targets under {@link #hidden hidden states}; the logits are stored only where the head has a branch. */
    public Value losses(Value hidden, int[] targets) {
        double cap = config.variant().scales().logitCap();
        return lora.containsKey(config.names().head())
                ? onHead(hidden).softcap(cap).crossEntropy(indices(targets), NO_TARGET)
                : hidden.linearCrossEntropy(head(), indices(targets), cap);
    }

    private Value onHead(Value x) {
        LoraModule branch = lora.get(config.names().head());
        return branch == null ? x.linear(head()) : adapted(x, head(), branch);
    }

    private Value head() {
        String head = WeightNames.weight(config.names().head());
        boolean own = !config.tiedHead() || leaves.containsKey(head);
        return leaf(own ? head : WeightNames.weight(config.names().embedding()));
    }

    /** What all layers of one computation have in common. */
    private final class Batch {
        private final PackedTokens tokens;
        private final @Nullable Value rows;
        private final @Nullable KvCache cache;
        private final int[] slots;
        private final int[] layout;
        private final Map<Integer, Value> segments = new HashMap<>();
        private final Map<Boolean, Turn> turns = new HashMap<>();

        Batch(PackedTokens tokens, int[] rows, @Nullable KvCache cache, int[] slots) {
            boolean all = Arrays.equals(rows, IntStream.range(0, tokens.tokens()).toArray());
            this.tokens = tokens;
            this.rows = all ? null : indices(rows);
            this.cache = cache;
            this.slots = slots;
            this.layout = cache == null ? tokens.segments() : cache.segments(tokens, slots);
        }

        /** What attention of a layer works in. */
        Value segments(int layer) {
            return segments.computeIfAbsent(config.variant().window(layer), window -> Forward.this.segments(SlidingWindow.segments(layout, window)));
        }

        @Nullable Turn turn(int layer, DType dtype) {
            Function<Boolean, Turn> turn = local -> Forward.this.turn(weights.rotary(config, dtype, local), tokens);
            return config.rotated(layer) ? turns.computeIfAbsent(config.localRotation(layer), turn) : null;
        }

        /** In the last layer the rows that are asked for, {@code [rows, width]}, of {@code [tokens, width]}; below it other tokens look at all of them. */
        Value chosen(int layer, Value x) {
            return rows == null || layer < config.layers() - 1 ? x : x.gather(rows);
        }
    }

    private Value hidden(Value x, int layer, Batch batch) {
        Value out = x;
        for (int next = layer; next < config.layers(); next++) {
            out = layer(next, out, batch);
        }
        return normalised(probed(config.layers() - 1, out, batch), config.names().norm());
    }

    /** From what the layer below gives out, to which its probe is yet to be added, to what this one gives out. */
    private Value layer(int layer, Value below, Batch batch) {
        // Made outside of what is recomputed, since other layers use them too.
        Value segments = batch.segments(layer);
        Turn turn = batch.turn(layer, below.tensor().dtype());
        UnaryOperator<Value> run = in -> {
            Value x = probed(layer - 1, in, batch);
            Value attended = attention(layer, x, turn, segments, batch);
            Value kept = batch.chosen(layer, x);
            Value mixed = kept.add(attended);
            return mixed.add(feedForward(layer, config.variant().parallel() ? kept : mixed));
        };
        UnaryOperator<Value> lean = in -> graph.section(() -> run.apply(in));
        return recomputing ? graph.recomputed(below, lean) : lean.apply(below);
    }

    private Value probed(int layer, Value out, Batch batch) {
        Value v = probe.get(layer);
        if (v == null) {
            return out;
        }
        return v.shape().rank() == 1 ? out.addRow(v) : out.add(batch.chosen(layer, v));
    }

    /** Cosines and sines {@code [tokens, rotary / 2]}. */
    private record Turn(Value cos, Value sin) {}

    private Turn turn(RotaryTable angles, PackedTokens tokens) {
        Value rows = indices(angles.rows(tokens));
        return new Turn(graph.constant(angles.cos()).gather(rows), graph.constant(angles.sin()).gather(rows));
    }

    private Value embedded(PackedTokens tokens) {
        WeightNames names = config.names();
        String embedding = WeightNames.weight(names.embedding());
        Value x = leaf(embedding).gather(indices(tokens.ids()));
        double scale = config.variant().scales().embedding();
        if (scale != 1) {
            // transformers rounds the factor to the type of the embedding.
            x = x.scale(rounded((float) scale, weights.get(embedding).dtype()));
        }
        if (names.positions() != null) {
            x = x.add(leaf(WeightNames.weight(names.positions())).gather(indices(positions(tokens))));
        }
        return x;
    }

    private static float rounded(float value, DType dtype) {
        return switch (dtype) {
            case BF16 -> DType.fromBf16(DType.toBf16(value));
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            case F64, F32, I64, I32, U8, BOOL -> value;
        };
    }

    private int[] positions(PackedTokens tokens) {
        int[] positions = tokens.positions();
        int most = Arrays.stream(positions).max().orElse(0);
        if (most >= config.maxPositions()) {
            throw new ModelException("a sequence has " + (most + 1) + " tokens, but this model has learned " + config.maxPositions()
                    + " positions and no more; shorten it");
        }
        return positions;
    }

    private Value indices(int[] indices) {
        return graph.constant(Tensor.of(graph.scope(), Shape.of(indices.length), indices));
    }

    private Value segments(int[] layout) {
        return graph.constant(Tensor.of(graph.scope(), Shape.of(layout.length / 4, 4), layout));
    }

    private Value attention(int layer, Value x, @Nullable Turn turn, Value segments, Batch batch) {
        WeightNames names = config.names();
        Variant variant = config.variant();
        Value h = normalised(layer, x, names.norms().beforeAttention());
        List<Value> projected = names.attention().stream().map(part -> linear(h, names.module(layer, part), variant.biases().qkv())).toList();
        List<Value> qkv = projected.size() == 1 ? Heads.apart(projected.getFirst(), config) : projected;
        Value q = queryKeyNorm(qkv.get(0), names.module(layer, names.norms().query()));
        Value k = queryKeyNorm(qkv.get(1), names.module(layer, names.norms().key()));
        Value v = qkv.get(2);
        if (turn != null) {
            q = Heads.rotated(q, turn.cos(), turn.sin(), config);
            k = Heads.rotated(k, turn.cos(), turn.sin(), config);
        }
        KvCache cache = batch.cache;
        if (cache != null) {
            cache.append(graph.kernels(), layer, batch.tokens, batch.slots, k.tensor(), v.tensor());
            k = graph.constant(cache.keys(layer));
            v = graph.constant(cache.values(layer));
        }
        int[] keyRows = batch.tokens.keyRows();
        if (keyRows != null) {
            Value rows = indices(keyRows);
            k = k.gather(rows);
            v = v.gather(rows);
        }
        Value mixed = q.attention(k, v, segments, config.heads(), config.kvHeads(), config.attentionScale(), variant.scales().attentionCap());
        Value out = linear(batch.chosen(layer, mixed), names.module(layer, names.output()), variant.biases().output());
        return normalised(layer, out, names.norms().afterAttention());
    }

    private Value feedForward(int layer, Value x) {
        WeightNames names = config.names();
        Variant variant = config.variant();
        boolean bias = variant.biases().feedForward();
        Value h = normalised(layer, x, names.norms().beforeFeedForward());
        List<Value> projected = names.feedForward().stream().map(part -> linear(h, names.module(layer, part), bias)).toList();
        Value first = projected.getFirst();
        Value inner;
        if (!variant.projection().gated()) {
            inner = first.apply(config.activation());
        } else if (projected.size() == 1) {
            inner = Heads.columns(first, 0, config.ffn()).gate(config.activation(), Heads.columns(first, config.ffn(), config.ffn()));
        } else {
            inner = first.gate(config.activation(), projected.get(1));
        }
        return normalised(layer, linear(inner, names.module(layer, names.down()), bias), names.norms().afterFeedForward());
    }

    private Value queryKeyNorm(Value x, String module) {
        return switch (config.variant().queryKeyNorm()) {
            case NONE -> x;
            case ALL -> normalised(x, module);
            case HEAD -> normalised(x.reshape(Shape.of(x.tensor().elements() / config.headSize(), config.headSize())), module).reshape(x.shape());
        };
    }

    /** A norm that a layer may not have. */
    private Value normalised(int layer, Value x, @Nullable String part) {
        return part == null ? x : normalised(x, config.names().module(layer, part));
    }

    private Value normalised(Value x, String module) {
        Value weight = vector(WeightNames.weight(module), x);
        return switch (config.variant().norm()) {
            case RMS -> x.rmsNorm(weight, config.normEpsilon());
            case RMS_PLUS_ONE -> Norms.plusOne(graph, x, weight, config.normEpsilon());
            case LAYER -> Norms.layer(x, weight, vector(WeightNames.bias(module), x), config.normEpsilon());
        };
    }

    private Value linear(Value x, String module, boolean bias) {
        Value y = linear(x, module);
        return bias ? y.addRow(vector(WeightNames.bias(module), y)) : y;
    }

    private Value linear(Value x, String module) {
        Value weight = leaf(WeightNames.weight(module));
        LoraModule branch = lora.get(module);
        boolean transposed = config.variant().projection().transposed();
        return branch == null ? x.matmul(weight, false, !transposed) : adapted(x, weight, branch);
    }

    private Value adapted(Value x, Value weight, LoraModule branch) {
        Value dropped = dropout == null ? x : x.mul(dropout.mask(graph, branch.module(), x.shape(), x.tensor().dtype()));
        Value a = leaf(branch.aName());
        Value b = leaf(branch.bName());
        if (branch.dora() && adapter != null) {
            Value factors = Dora.factors(graph, branch, weight, a, b, leaf(branch.magnitudeName()), adapter.rowSquares(branch, weight.tensor()));
            Value y = lowRank(dropped, dropped, weight, a, b, branch).mulRow(factors);
            // What the weight itself makes of the inputs is not dropped, only what DoRA adds to that.
            return dropout == null ? y : y.add(x.add(dropped, -1).matmul(weight, false, !branch.transposed()));
        }
        Value y = lowRank(x, dropped, weight, a, b, branch);
        return branch.bias() ? y.addRow(leaf(branch.biasName()).scale(branch.scale())) : y;
    }

    private static Value lowRank(Value x, Value dropped, Value weight, Value a, Value b, LoraModule branch) {
        return branch.transposed()
                ? x.matmul(weight, false, false).add(dropped.linear(a).linear(b), branch.scale())
                : x.loraLinear(weight, dropped, a, b, branch.scale());
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
