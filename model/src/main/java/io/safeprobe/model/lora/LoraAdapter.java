package io.safeprobe.model.lora;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/** The matrices of a LoRA adapter in F32, owned by the adapter. */
public final class LoraAdapter implements AutoCloseable {
    private final LoraConfig config;
    private final List<LoraModule> modules;
    private final Map<String, Tensor> tensors;
    private final boolean transposed;
    private final Scope scope;

    private LoraAdapter(LoraConfig config, List<LoraModule> modules, Map<String, Tensor> tensors, boolean transposed, Scope scope) {
        this.config = config;
        this.modules = modules;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.transposed = transposed;
        this.scope = scope;
    }

    /**
     * A fresh adapter that changes nothing: A uniform in {@code +-1/sqrt(in)} (PEFT's Kaiming initialisation with a = sqrt(5)), B zero.
     */
    public static LoraAdapter fresh(Memory memory, DecoderConfig model, LoraConfig config, RandomGenerator random) {
        return build(memory, model, config, (name, shape) -> {
            float[] values = new float[Math.toIntExact(shape.elements())];
            if (name.endsWith("lora_A.weight")) {
                double bound = 1 / Math.sqrt((double) shape.dim(1));
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextDouble(-bound, bound);
                }
            }
            return values;
        });
    }

    /**
     * An adapter with given numbers.
     *
     * @param stored finds a tensor by PEFT's name
     * @throws ModelException when a shape does not fit the model
     */
    public static LoraAdapter copyOf(Memory memory, DecoderConfig model, LoraConfig config, Function<String, Tensor> stored) {
        return build(memory, model, config, (name, shape) -> {
            Tensor tensor = stored.apply(name);
            if (!tensor.shape().equals(shape)) {
                throw new ModelException("adapter tensor '" + name + "' has shape " + tensor.shape() + " but this model needs " + shape
                        + "; the adapter belongs to another model");
            }
            return tensor.toFloats();
        });
    }

    private interface Source {
        float[] values(String name, Shape shape);
    }

    private static LoraAdapter build(Memory memory, DecoderConfig model, LoraConfig config, Source source) {
        List<LoraModule> modules = config.modules(model);
        Map<String, long[]> shapes = model.weightShapes();
        boolean transposed = model.variant().projection().transposed();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Scope scope = memory.scope();
        try {
            for (LoraModule module : modules) {
                long[] weight = shapes.get(WeightNames.weight(module.module()));
                if (weight == null) {
                    throw new ModelException("the model has no linear layer '" + module.module() + "'");
                }
                Shape a = Shape.of(module.rank(), weight[transposed ? 0 : 1]);
                Shape b = Shape.of(weight[transposed ? 1 : 0], module.rank());
                tensors.put(module.aName(), Tensor.of(scope, a, source.values(module.aName(), a)));
                tensors.put(module.bName(), Tensor.of(scope, b, source.values(module.bName(), b)));
            }
        } catch (RuntimeException failure) {
            scope.close();
            throw failure;
        }
        return new LoraAdapter(config, modules, tensors, transposed, scope);
    }

    /** What adapter_config.json will say. */
    public LoraConfig config() {
        return config;
    }

    /** The branches in layer order. */
    public List<LoraModule> modules() {
        return modules;
    }

    /** A and B of every branch by PEFT's names, in layer order. */
    public Map<String, Tensor> tensors() {
        return tensors;
    }

    /** Whether the layers it adapts store their matrices {@code [in, out]}: PEFT's fan_in_fan_out. */
    boolean transposed() {
        return transposed;
    }

    /**
     * {@code W + scale B A} for one linear layer, in float64 and then rounded to the type of W.
     *
     * @param weight the frozen weight {@code [out, in]}, or {@code [in, out]} for {@link #transposed}
     */
    public void mergeInto(LoraModule module, Tensor weight, Tensor target) {
        Tensor a = tensor(module.aName());
        Tensor b = tensor(module.bName());
        long out = b.shape().dim(0);
        long in = a.shape().dim(1);
        long down = transposed ? 1 : in;
        long across = transposed ? out : 1;
        double[] row = new double[Math.toIntExact(in)];
        double[] first = a.toDoubles();
        for (long i = 0; i < out; i++) {
            for (int j = 0; j < in; j++) {
                row[j] = weight.get(i * down + j * across);
            }
            for (int r = 0; r < module.rank(); r++) {
                double factor = module.scale() * b.get(i * module.rank() + r);
                int start = Math.toIntExact(r * in);
                for (int j = 0; j < in; j++) {
                    row[j] += factor * first[start + j];
                }
            }
            for (int j = 0; j < in; j++) {
                target.set(i * down + j * across, row[j]);
            }
        }
    }

    private Tensor tensor(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new ModelException("the adapter has no tensor '" + name + "'");
        }
        return tensor;
    }

    @Override
    public void close() {
        scope.close();
    }
}
