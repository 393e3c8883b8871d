package io.safeprobe.sap.objective;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.Weights;
import io.safeprobe.model.lora.LoraModule;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import io.safeprobe.sap.probe.Probe;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The two losses of a model under training and their gradients to the weights W and to the probe V. */
public final class Objective {
    private final Memory memory;
    private final Kernels kernels;
    private final DecoderConfig config;
    private final Weights weights;
    private final Trainable trainable;
    private final Dropouts dropouts;
    private final boolean recompute;

    /** What to differentiate to. Nothing is recorded for what is not asked for, so the backward pass ends as early as it can. */
    public enum Wanted {
        NOTHING,
        WEIGHTS,
        PROBE,
        BOTH;

        private boolean weights() {
            return this == WEIGHTS || this == BOTH;
        }

        private boolean probe() {
            return this == PROBE || this == BOTH;
        }
    }

    /**
     * A loss with its gradients to W and V in their orders; empty where not wanted.
     *
     * @param scale what the tensors are to be multiplied by to be the gradients; 1 for the useful loss, and as small as it must be for a safety loss that is nearly flat
     */
    public record Gradient(double loss, double scale, List<Tensor> weights, List<Tensor> probe) {}

    /**
     * The objective of a model with {@code trainable} in place of, or on top of, its frozen weights.
     *
     * @param recompute whether layers are computed again for the gradient instead of kept: the same bits, a third slower, less memory
     */
    public Objective(Memory memory, Kernels kernels, DecoderConfig config, Weights weights, Trainable trainable, Dropouts dropouts, boolean recompute) {
        this.memory = memory;
        this.kernels = kernels;
        this.config = config;
        this.weights = weights;
        this.trainable = trainable;
        this.dropouts = dropouts;
        this.recompute = recompute;
    }

    /** The same model computed by other kernels in other memory; for rehearsals. */
    public Objective on(Memory otherMemory, Kernels otherKernels, boolean recomputing) {
        return new Objective(otherMemory, otherKernels, config, weights, trainable, dropouts, recomputing);
    }

    /** The same model without dropout; for measurements. */
    public Objective withoutDropout() {
        return new Objective(memory, kernels, config, weights, trainable, new Dropouts(0, 0), recompute);
    }

    /** The kernels of this model. */
    public Kernels kernels() {
        return kernels;
    }

    /** The memory of this model. */
    public Memory memory() {
        return memory;
    }

    /** The decoder's description. */
    public DecoderConfig config() {
        return config;
    }

    /** The weights that are trained. */
    public Trainable trainable() {
        return trainable;
    }

    /**
     * {@code L_useful(W, V)}: the mean negative log-likelihood over all labelled tokens of a batch.
     *
     * @param parts the batch in parts that are computed one after the other to save memory; the loss is that of the whole batch
     * @param step chooses the dropout masks
     * @param out where the gradients live
     */
    public Gradient useful(Scope out, List<List<Example>> parts, Probe probe, Wanted wanted, long step) {
        List<Labelled> packed = parts.stream().map(Labelled::of).toList();
        long labels = packed.stream().mapToLong(Labelled::labels).sum();
        Sum sum = new Sum(out, probe, wanted);
        for (int i = 0; i < packed.size(); i++) {
            Labelled part = packed.get(i);
            Forward.Dropout masks = dropouts.masks(step, i);
            sum.add((_, forward) -> Part.mean(part.tokenLosses(forward.withDropout(masks)), labels));
        }
        return sum.result();
    }

    /** {@link #useful} to the probe and then, once that has moved, to the weights. */
    public ProbeThenWeights probeThenWeights(List<List<Example>> parts, long step) {
        return new ProbeThenWeights(this, parts, dropouts.masks(step, 0), step);
    }

    /**
     * {@code L_useful(W, V)} and how it changes along a direction D of the weights.
     *
     * @param slope {@code d/dt L_useful(W + t D, V)} at t = 0, which is {@code <grad_W L_useful, D>}
     * @param weights {@code grad_W L_useful(W, V)}; empty where not wanted
     * @param probe {@code d/dt grad_V L_useful(W + t D, V)} at t = 0
     */
    public record Slope(double loss, double slope, List<Tensor> weights, List<Tensor> probe) {}

    /**
     * The derivative of {@link #useful} and of its gradient to the probe along {@code D = factor direction}, exactly: {@code grad_V <grad_W L_useful, D>}. The gradient to W
     * comes first and is contracted with D, so that one more backward pass gives all of V; the other way round, each element of {@code grad_V} would need one of its own.
     *
     * @param direction as the trainable tensors, in their order
     * @param wanted BOTH to keep the gradient to W, else PROBE
     * @throws ModelException where the gradient is not that of the loss itself: DoRA
     */
    public Slope usefulAlong(
            Scope out, List<List<Example>> parts, Probe probe, List<Tensor> direction, double factor, Wanted wanted, long step) {
        requireTrueGradient();
        List<Labelled> packed = parts.stream().map(Labelled::of).toList();
        long labels = packed.stream().mapToLong(Labelled::labels).sum();
        List<Tensor> weightGradients = wanted.weights() ? zeros(out, trainable.tensors().values()) : List.of();
        List<Tensor> probeSlopes = zeros(out, probe.list());
        double loss = 0;
        double slope = 0;
        for (int i = 0; i < packed.size(); i++) {
            try (Scope scope = memory.scope()) {
                Pass pass = pass(scope, probe, Wanted.BOTH);
                Value part = packed.get(i).tokenLosses(pass.forward().withDropout(dropouts.masks(step, i))).sum().scale(1.0 / labels);
                loss += part.tensor().item();
                Graph graph = part.graph();
                List<@Nullable Value> gradients =
                        graph.gradient(List.of(part), List.of(graph.filled(part.tensor().dtype(), part.shape(), 1)), pass.weights(), true);
                List<Value> reached = new ArrayList<>();
                List<Value> seeds = new ArrayList<>();
                for (int w = 0; w < gradients.size(); w++) {
                    Value gradient = gradients.get(w);
                    if (gradient != null) {
                        reached.add(gradient);
                        seeds.add(graph.constant(direction.get(w)));
                        slope += dot(gradient.tensor(), direction.get(w));
                        if (wanted.weights()) {
                            kernels.apply(new Update.Accumulate(1), weightGradients.get(w), gradient.tensor());
                        }
                    }
                }
                List<Tensor> changes = graph.backward(reached, seeds, pass.probe());
                for (int v = 0; v < changes.size(); v++) {
                    kernels.apply(new Update.Accumulate(factor), probeSlopes.get(v), changes.get(v));
                }
            }
        }
        return new Slope(loss, factor * slope, weightGradients, probeSlopes);
    }

    /**
     * DoRA's norms follow W but are constants to the gradient, so a gradient of the gradient would miss how they change.
     *
     * @throws ModelException when an adapter under training has such norms
     */
    public void requireTrueGradient() {
        if (trainable instanceof Trainable.Lora lora && lora.adapter().modules().stream().anyMatch(LoraModule::dora)) {
            throw new ModelException("the exact gradient of the probe does not go with DoRA, whose norms are constants to the gradient and would be missed by the gradient"
                    + " of the gradient; leave out --probe-gradient exact, or --dora");
        }
    }

    private double dot(Tensor a, Tensor b) {
        try (Scope passing = memory.scope()) {
            Graph graph = new Graph(kernels, passing);
            return graph.constant(a).mul(graph.constant(b)).sum().tensor().item();
        }
    }

    /** {@code L_safety(W, V)} over pairs; both responses of all pairs are computed in one packed batch, and what they share, the prompt, once. */
    public Gradient safety(Scope out, List<PairExample> pairs, SafetyForm form, double temperature, Probe probe, Wanted wanted, long step) {
        Labelled packed = Labelled.ofPairs(pairs, config.ropeScaling());
        // One part beyond any of the useful batch, so that the masks differ from all of those.
        Forward.Dropout masks = dropouts.masks(step, -1);
        Sum sum = new Sum(out, probe, wanted);
        sum.add((graph, forward) -> {
            Value margins = margins(packed.sequenceLosses(forward.withDropout(masks), graph), pairs.size());
            double[] values = margins.tensor().toDoubles();
            SafetyForm.Slope slope = form.slope(values, temperature);
            Tensor direction = Tensor.of(graph.scope(), margins.tensor().dtype(), margins.shape(), i -> slope.direction().get((int) i));
            return new Part(form.loss(values, temperature), slope.scale(), margins.mul(graph.constant(direction)).sum());
        });
        return sum.result();
    }

    /**
     * {@code KL(base || current)} with its gradient to W: the mean over all labelled tokens of {@code sum_v p_base(v) (log p_base(v) - log p(v))}, where the base is the bare model, without
     * what is trained and without dropout.
     *
     * @param step chooses the dropout masks of the current model
     * @param out where the gradients live
     */
    public Gradient divergence(Scope out, List<Example> rows, Wanted wanted, long step) {
        Labelled packed = Labelled.of(rows);
        Forward.Dropout masks = dropouts.masks(step, -2);
        Sum sum = new Sum(out, Probe.none(kernels), wanted);
        try (Scope scope = memory.scope()) {
            Tensor base = baseLogProbabilities(scope, packed);
            sum.add((graph, forward) -> {
                Value before = graph.constant(base);
                Value now = packed.logProbabilities(forward.withDropout(masks));
                Value divergence = before.apply(Curve.EXP).mul(before.add(now, -1)).sum().scale(1.0 / packed.labels());
                return new Part(divergence.tensor().item(), 1, divergence);
            });
        }
        return sum.result();
    }

    private Tensor baseLogProbabilities(Scope out, Labelled packed) {
        try (Scope scope = memory.scope()) {
            Tensor computed = packed.logProbabilities(new Forward(new Graph(kernels, scope), config, weights)).tensor();
            Tensor kept = Tensor.allocate(out, computed.dtype(), computed.shape());
            kernels.apply(new Update.Copy(), kept, computed);
            return kept;
        }
    }

    /** {@code log p(safe) - log p(harmful)} of each pair, summed over response tokens, without dropout. */
    public double[] margins(List<PairExample> pairs) {
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(kernels, scope);
            Labelled packed = Labelled.ofPairs(pairs, config.ropeScaling());
            double[] margins = margins(packed.sequenceLosses(frozen(graph), graph), pairs.size()).tensor().toDoubles();
            for (double margin : margins) {
                requireFinite(margin);
            }
            return margins;
        }
    }

    /** Summed negative log-likelihood and number of labelled tokens of some examples, without dropout. */
    public TokenLoss tokenLoss(List<Example> examples) {
        return new TokenLoss(Arrays.stream(exampleLosses(examples)).sum(), Labelled.of(examples).labels());
    }

    /** Summed negative log-likelihood of the labelled tokens of each example, in nats, without dropout. */
    public double[] exampleLosses(List<Example> examples) {
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(kernels, scope);
            double[] losses = Labelled.of(examples).sequenceLosses(frozen(graph), graph).tensor().toDoubles();
            for (double loss : losses) {
                requireFinite(loss);
            }
            return losses;
        }
    }

    /** A forward computation with the current W as constants: for scoring and generation. */
    public Forward frozen(Graph graph) {
        Forward forward = new Forward(graph, config, weights);
        trainable.attach(forward, graph::constant);
        return forward;
    }

    /** A comparison with NaN is false, so a broken model would pass for a safe one. */
    private static void requireFinite(double figure) {
        if (!Double.isFinite(figure)) {
            throw new ModelException("the model's loss is " + figure + ": its weights, or those of its adapter, are damaged or have diverged; there is nothing to measure");
        }
    }

    private static Value margins(Value losses, int pairs) {
        Value both = losses.reshape(Shape.of(2, pairs));
        Value safe = both.slice(0, 1, 0, pairs);
        Value harmful = both.slice(1, 1, 0, pairs);
        return harmful.add(safe, -1).reshape(Shape.of(pairs));
    }

    private List<Tensor> zeros(Scope out, Iterable<Tensor> like) {
        List<Tensor> zeros = new ArrayList<>();
        for (Tensor tensor : like) {
            Tensor zero = Tensor.allocate(out, tensor.dtype(), tensor.shape());
            kernels.apply(new Update.Fill(0), zero);
            zeros.add(zero);
        }
        return zeros;
    }

    /** A forward computation with W and V in the order of their tensors. */
    record Pass(Graph graph, Forward forward, List<Value> weights, List<Value> probe) {}

    Pass pass(Scope scope, Probe probe, Wanted wanted) {
        Graph graph = new Graph(kernels, scope);
        Map<Integer, Value> vectors = new LinkedHashMap<>();
        probe.vectors().forEach((layer, v) -> vectors.put(layer, wanted.probe() ? graph.variable(v) : graph.constant(v)));
        List<Value> variables = new ArrayList<>();
        Forward forward = new Forward(graph, config, weights).recomputing(recompute && wanted != Wanted.NOTHING);
        trainable.attach(forward, tensor -> {
            Value leaf = wanted.weights() ? graph.variable(tensor) : graph.constant(tensor);
            variables.add(leaf);
            return leaf;
        });
        vectors.forEach(forward::withProbe);
        return new Pass(graph, forward, variables, new ArrayList<>(vectors.values()));
    }

    /** A part of a loss, and what has the same gradient when multiplied by {@code scale}. */
    record Part(double loss, double scale, Value differentiable) {
        /** Of the useful loss: the sum of some tokens' losses over the number of all. */
        static Part mean(Value losses, long labels) {
            Value loss = losses.sum().scale(1.0 / labels);
            return new Part(loss.tensor().item(), 1, loss);
        }
    }

    interface Loss {
        Part of(Graph graph, Forward forward);
    }

    /** Adds losses and gradients of several graphs; each graph's memory is given back before the next begins. */
    final class Sum {
        private final Probe probe;
        private final Wanted wanted;
        private final List<Tensor> weightGradients;
        private final List<Tensor> probeGradients;
        private double loss;
        private double scale = 1;

        Sum(Scope out, Probe probe, Wanted wanted) {
            this.probe = probe;
            this.wanted = wanted;
            weightGradients = wanted.weights() ? zeros(out, trainable.tensors().values()) : List.of();
            probeGradients = wanted.probe() ? zeros(out, probe.list()) : List.of();
        }

        /** All parts have the same scale. */
        void add(Loss part) {
            try (Scope scope = memory.scope()) {
                add(pass(scope, probe, wanted), part);
            }
        }

        /** The same in a graph that has been begun, which ends with this. */
        void add(Pass pass, Loss part) {
            Part made = part.of(pass.graph(), pass.forward());
            loss += made.loss();
            scale = made.scale();
            List<Value> targets = new ArrayList<>(wanted.weights() ? pass.weights() : List.of());
            targets.addAll(wanted.probe() ? pass.probe() : List.of());
            if (!targets.isEmpty()) {
                List<Tensor> gradients = pass.graph().backward(made.differentiable(), targets);
                accumulate(gradients);
            }
        }

        private void accumulate(List<Tensor> gradients) {
            List<Tensor> totals = new ArrayList<>(weightGradients);
            totals.addAll(probeGradients);
            for (int i = 0; i < totals.size(); i++) {
                kernels.apply(new Update.Accumulate(1), totals.get(i), gradients.get(i));
            }
        }

        Gradient result() {
            return new Gradient(loss, scale, weightGradients, probeGradients);
        }
    }
}
