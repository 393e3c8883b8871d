package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.Inference;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.ShapeException;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A tape of one computation: runs operations as they are called, remembers those a gradient may flow through, and differentiates.
 * Every tensor it makes lives in the scope it was given. One thread at a time.
 */
public final class Graph {
    private final Kernels kernels;
    private Scope scope;
    private boolean recording = true;
    private long nodes;
    private @Nullable Sweep sweep;
    private @Nullable Section section;
    private @Nullable Set<Value> outside;

    /** A graph that computes with {@code kernels} and allocates from {@code scope}. */
    public Graph(Kernels kernels, Scope scope) {
        this.kernels = kernels;
        this.scope = scope;
    }

    /** The kernels of this graph. */
    public Kernels kernels() {
        return kernels;
    }

    /** Where this graph allocates. */
    public Scope scope() {
        return scope;
    }

    /** A leaf that gradients are wanted for. */
    public Value variable(Tensor tensor) {
        return new Value(this, tensor, true, 0);
    }

    /** A leaf without gradient: frozen weights, ids, masks. */
    public Value constant(Tensor tensor) {
        return new Value(this, tensor, false, 0);
    }

    /** A constant with every element {@code value}. */
    public Value filled(DType dtype, Shape shape, double value) {
        Tensor tensor = Tensor.allocate(scope, dtype, shape);
        made(tensor);
        kernels.apply(new Update.Fill(value), tensor);
        return constant(tensor);
    }

    /** Runs an operation with one output. */
    public Value one(Op op, Value... inputs) {
        return run(op, List.of(inputs)).getFirst();
    }

    /** Runs an operation; its outputs are differentiable if any input is. */
    public List<Value> run(Op op, List<Value> inputs) {
        // Plain loops: while a token is generated this runs some 300 times, and nothing of it is in a cache, since the weights have passed through in between.
        List<Tensor> in = new ArrayList<>(inputs.size());
        boolean differentiable = false;
        for (Value input : inputs) {
            if (input.graph() != this) {
                throw new IllegalArgumentException(op + " was given a value of another graph; pass its tensor on as a constant or variable of this one");
            }
            if (outside != null && input.differentiable()) {
                outside.add(input);
            }
            in.add(input.tensor());
            differentiable |= input.differentiable();
        }
        List<Tensor> out = compute(op, in);
        boolean record = recording && differentiable;
        List<Value> outputs = new ArrayList<>(out.size());
        for (int i = 0; i < out.size(); i++) {
            outputs.add(new Value(this, out.get(i), record, i));
        }
        if (record) {
            recorded(Node.of(nodes++, op, List.copyOf(inputs), List.copyOf(outputs)));
        }
        return outputs;
    }

    private void recorded(Node node) {
        node.outputs().forEach(output -> output.source(node));
        if (section != null) {
            section.recorded(node);
        }
    }

    /**
     * The result of {@code part}. Of what is computed on the way only that is kept which a derivative will read; any other value is dead. Parts do not lie within
     * one another.
     */
    public Value section(Supplier<Value> part) {
        return sections(() -> List.of(part.get())).getFirst();
    }

    /** As {@link #section}, with several results. */
    List<Value> sections(Supplier<List<Value>> part) {
        if (section != null) {
            throw new IllegalStateException("a section of a graph begins within another; end that one first");
        }
        Section begun = new Section(scope);
        section = begun;
        try {
            List<Value> results = part.get();
            begun.end(results);
            return results;
        } finally {
            section = null;
        }
    }

    /**
     * {@code part(input)}, of which only the result is kept: whatever lies in between is given back at once, and computed again when the
     * gradient is taken (arXiv 1604.06174). The same bits as without, for more time and less memory. Besides {@code input}, the part may use
     * constants and variables of this graph, and it must do the same each time.
     */
    public Value recomputed(Value input, UnaryOperator<Value> part) {
        if (!recording) {
            return part.apply(input);
        }
        Set<Value> used = new LinkedHashSet<>(List.of(input));
        Scope lasting = scope;
        Value result;
        try (Scope passing = lasting.memory().scope()) {
            scope = passing;
            recording = false;
            outside = used;
            result = part.apply(input);
            passing.hand(result.tensor().block(), lasting);
        } finally {
            scope = lasting;
            recording = true;
            outside = null;
        }
        if (used.stream().skip(1).anyMatch(value -> value.source() != null)) {
            throw new IllegalArgumentException("a part that is to be recomputed uses a computed value besides its input; pass that in as the input");
        }
        boolean record = used.stream().anyMatch(Value::differentiable);
        Value output = new Value(this, result.tensor(), record, 0);
        if (record) {
            Recomputed again = new Recomputed(this, part, List.copyOf(used));
            recorded(Node.of(nodes++, again::gradients, again.inputs(), List.of(output)));
        }
        return output;
    }

    /** Records a part of the computation with its results; of a pass that records nothing they are constants. */
    List<Value> record(Node.Rerun rerun, List<Value> inputs, List<Tensor> results) {
        boolean record = recording && inputs.stream().anyMatch(Value::differentiable);
        List<Value> outputs = new ArrayList<>();
        for (Tensor result : results) {
            outputs.add(new Value(this, result, record, outputs.size()));
        }
        if (record) {
            recorded(Node.of(nodes++, rerun, inputs, List.copyOf(outputs)));
        }
        return outputs;
    }

    /**
     * Computes something once more, recorded, with memory that is given back at the end but for the gradients of its result.
     *
     * @param ys from that, what is differentiated, with its seeds
     * @return the gradients to {@code variables}, which are in the memory of this graph and not differentiable
     */
    List<@Nullable Tensor> gradientsOfPassing(Supplier<Differentiated> ys) {
        Scope lasting = scope;
        Sweep outer = sweep;
        boolean wasRecording = recording;
        try (Scope passing = lasting.memory().scope()) {
            scope = passing;
            sweep = null;
            recording = true;
            Differentiated made = ys.get();
            Sweep inner = new Sweep(passing);
            sweep = inner;
            List<@Nullable Tensor> tensors = new ArrayList<>();
            for (Value gradient : gradient(made.ys(), made.seeds(), made.variables(), false, inner)) {
                tensors.add(gradient == null ? null : gradient.tensor());
                if (gradient != null) {
                    passing.hand(gradient.tensor().block(), lasting);
                    if (outer != null) {
                        outer.made(gradient.tensor());
                    }
                }
            }
            return tensors;
        } finally {
            scope = lasting;
            sweep = outer;
            recording = wasRecording;
        }
    }

    /** Outputs with the gradients they are given, and what is to be differentiated to. */
    record Differentiated(List<Value> ys, List<Value> seeds, List<Value> variables) {}

    private List<Tensor> compute(Op op, List<Tensor> in) {
        List<Inference.Output> specs = Inference.outputs(op, in, kernels.device());
        if (op instanceof Op.Reshape reshape) {
            return List.of(in.getFirst().reshape(reshape.shape()));
        }
        List<Tensor> out = new ArrayList<>(specs.size());
        for (Inference.Output spec : specs) {
            Tensor tensor = Tensor.allocate(scope, spec.dtype(), spec.shape());
            made(tensor);
            out.add(tensor);
        }
        kernels.run(op, in, out);
        return out;
    }

    private void made(Tensor tensor) {
        if (sweep != null) {
            sweep.made(tensor);
        }
        if (section != null) {
            section.made(tensor);
        }
    }

    /**
     * The gradient of a scalar to each of {@code variables}; zeros where it does not depend on one. No two share memory, so each may be
     * changed in place.
     *
     * @param y one element
     */
    public List<Tensor> gradient(Value y, List<Value> variables) {
        return tensors(scalarGradient(y, variables, null), variables);
    }

    /**
     * As {@link #gradient(Value, List)}, for the last time: the memory of every recorded operation, and of the gradients in between, is given
     * back as soon as nothing needs it, so that gradients take the place of activations. What is left of the computation are leaves,
     * {@code y} and the result; any other value is dead.
     */
    public List<Tensor> backward(Value y, List<Value> variables) {
        Sweep last = new Sweep(scope);
        sweep = last;
        try {
            return tensors(scalarGradient(y, variables, last), variables);
        } finally {
            sweep = null;
        }
    }

    /**
     * The vector-Jacobian product sum over i of {@code seeds[i]^T d ys[i] / d variables[j]}, for the last time as {@link #backward(Value, List)}; zeros where no
     * y depends on a variable. Where {@code ys} are themselves gradients this is a gradient of a gradient; they stay readable.
     */
    public List<Tensor> backward(List<Value> ys, List<Value> seeds, List<Value> variables) {
        Sweep last = new Sweep(scope);
        sweep = last;
        try {
            return tensors(gradient(ys, seeds, variables, false, last), variables);
        } finally {
            sweep = null;
        }
    }

    private List<@Nullable Value> scalarGradient(Value y, List<Value> variables, @Nullable Sweep last) {
        if (y.tensor().elements() != 1) {
            throw new ShapeException("the gradient of a scalar was asked, but the value has shape " + y.shape());
        }
        Value one = filled(y.tensor().dtype(), y.shape(), 1);
        return gradient(List.of(y), List.of(one), variables, false, last);
    }

    private List<Tensor> tensors(List<@Nullable Value> gradients, List<Value> variables) {
        List<Tensor> tensors = new ArrayList<>(variables.size());
        Set<Object> taken = new HashSet<>();
        for (int i = 0; i < variables.size(); i++) {
            Value gradient = gradients.get(i);
            Tensor like = variables.get(i).tensor();
            if (gradient == null) {
                tensors.add(filled(like.dtype(), like.shape(), 0).tensor());
            } else {
                Tensor tensor = gradient.tensor();
                tensors.add(taken.add(List.of(tensor.block(), tensor.offset())) ? tensor : copy(tensor));
            }
        }
        return tensors;
    }

    /**
     * The vector-Jacobian product: sum over i of {@code seeds[i]^T d ys[i] / d variables[j]}, null where no y depends on a variable.
     * Only nodes on a path from a variable are visited, so the backward pass ends at the lowest variable.
     *
     * @param differentiable whether the result can itself be differentiated (the gradient of a gradient)
     */
    public List<@Nullable Value> gradient(List<Value> ys, List<Value> seeds, List<Value> variables, boolean differentiable) {
        return gradient(ys, seeds, variables, differentiable, null);
    }

    /** {@code last} is told of every node that is done with; a derivative that differentiates in turn has none. */
    private List<@Nullable Value> gradient(
            List<Value> ys, List<Value> seeds, List<Value> variables, boolean differentiable, @Nullable Sweep last) {
        checkSeeds(ys, seeds);
        Set<Value> wanted = new HashSet<>();
        wanted.addAll(variables);
        Map<Value, Value> gradients = new HashMap<>();
        boolean wasRecording = recording;
        recording = differentiable;
        try {
            for (int i = 0; i < ys.size(); i++) {
                gradients.merge(ys.get(i), seeds.get(i), Value::add);
            }
            NavigableMap<Long, Node> path = pathFrom(ys, wanted);
            Set<Value> needed = neededValues(path, wanted);
            for (Node node : path.descendingMap().values()) {
                propagate(node, needed, wanted, gradients);
                if (last != null) {
                    last.after(node, ys, gradients.values());
                }
            }
        } finally {
            recording = wasRecording;
        }
        List<@Nullable Value> result = new ArrayList<>(variables.size());
        for (Value variable : variables) {
            result.add(gradients.get(variable));
        }
        return result;
    }

    private Tensor copy(Tensor tensor) {
        Tensor copy = Tensor.allocate(scope, tensor.dtype(), tensor.shape());
        kernels.apply(new Update.Copy(), copy, tensor);
        return copy;
    }

    private static void checkSeeds(List<Value> ys, List<Value> seeds) {
        if (ys.size() != seeds.size()) {
            throw new ShapeException(ys.size() + " outputs need as many seeds, not " + seeds.size());
        }
        for (int i = 0; i < ys.size(); i++) {
            if (ys.get(i).tensor().elements() != seeds.get(i).tensor().elements()) {
                throw new ShapeException("seed " + i + " of shape " + seeds.get(i).shape() + " does not fit its output of shape " + ys.get(i).shape());
            }
        }
    }

    /** Runs {@code body} with recording on, whatever the state of the pass it is called from. */
    <T> T recorded(Supplier<T> body) {
        boolean wasRecording = recording;
        recording = true;
        try {
            return body.get();
        } finally {
            recording = wasRecording;
        }
    }

    /** Runs {@code body}, recorded, with memory that is given back when it ends. */
    void passing(Runnable body) {
        Scope lasting = scope;
        Sweep outer = sweep;
        try (Scope passing = lasting.memory().scope()) {
            scope = passing;
            sweep = null;
            recorded(() -> {
                body.run();
                return this;
            });
        } finally {
            scope = lasting;
            sweep = outer;
        }
    }

    boolean recording() {
        return recording;
    }

    private void propagate(Node node, Set<Value> needed, Set<Value> wanted, Map<Value, Value> gradients) {
        List<@Nullable Value> outer = new ArrayList<>();
        boolean any = false;
        for (Value output : node.outputs()) {
            Value gradient = wanted.contains(output) ? gradients.get(output) : gradients.remove(output);
            outer.add(gradient);
            any |= gradient != null;
        }
        if (!any) {
            return;
        }
        boolean[] wants = new boolean[node.inputs().size()];
        for (int i = 0; i < wants.length; i++) {
            wants[i] = needed.contains(node.inputs().get(i));
        }
        List<@Nullable Value> inner = derivative(node, outer, wants);
        for (int i = 0; i < wants.length; i++) {
            Value gradient = inner.get(i);
            if (wants[i] && gradient != null) {
                gradients.merge(node.inputs().get(i), gradient, Value::add);
            }
        }
    }

    private List<@Nullable Value> derivative(Node node, List<@Nullable Value> outer, boolean[] wants) {
        Node.Rerun rerun = node.rerun();
        return rerun != null ? rerun.gradients(outer, wants) : Derivatives.of(this, node, outer, wants);
    }

    private static NavigableMap<Long, Node> pathFrom(List<Value> ys, Set<Value> wanted) {
        NavigableMap<Long, Node> reached = new TreeMap<>();
        Deque<Value> open = new ArrayDeque<>(ys);
        Set<Value> seen = new HashSet<>();
        while (!open.isEmpty()) {
            Value value = open.pop();
            Node source = value.source();
            if (seen.add(value) && source != null) {
                reached.put(source.id(), source);
                open.addAll(source.inputs());
            }
        }
        Set<Node> useful = new HashSet<>();
        for (Node node : reached.values()) {
            if (node.inputs().stream().anyMatch(input -> wanted.contains(input) || (input.source() != null && useful.contains(input.source())))) {
                useful.add(node);
            }
        }
        reached.values().retainAll(useful);
        return reached;
    }

    private static Set<Value> neededValues(NavigableMap<Long, Node> path, Set<Value> wanted) {
        Set<Value> needed = new HashSet<>();
        needed.addAll(wanted);
        for (Node node : path.values()) {
            needed.addAll(node.outputs());
        }
        return needed;
    }

    /**
     * Values that stand for {@code inputs} in a sub-computation, so that it can be differentiated to them alone. All of them are
     * differentiable, since the gradient of a gradient to one input passes through the derivatives to the others.
     */
    List<Value> aliases(List<Value> inputs) {
        List<Value> aliases = new ArrayList<>(inputs.size());
        inputs.forEach(input -> aliases.add(alias(input)));
        return aliases;
    }

    private Value alias(Value input) {
        if (!input.tensor().dtype().floating()) {
            return input;
        }
        return input.differentiable() ? input.reshape(input.shape()) : variable(input.tensor());
    }
}
