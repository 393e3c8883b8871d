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
    private final Scope scope;

    private LoraAdapter(LoraConfig config, List<LoraModule> modules, Map<String, Tensor> tensors, Scope scope) {
        this.config = config;
        this.modules = modules;
        this.tensors = Collections.unmodifiableMap(tensors);
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
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Scope scope = memory.scope();
        try {
            for (LoraModule module : modules) {
                long[] weight = shapes.get(WeightNames.weight(module.module()));
                if (weight == null) {
                    throw new ModelException("the model has no linear layer '" + module.module() + "'");
                }
                Shape a = Shape.of(module.rank(), weight[1]);
                Shape b = Shape.of(weight[0], module.rank());
                tensors.put(module.aName(), Tensor.of(scope, a, source.values(module.aName(), a)));
                tensors.put(module.bName(), Tensor.of(scope, b, source.values(module.bName(), b)));
            }
        } catch (RuntimeException failure) {
            scope.close();
            throw failure;
        }
        return new LoraAdapter(config, modules, tensors, scope);
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

    /**
     * {@code W + scale B A} for one linear layer, in float64 and then rounded to the type of W.
     *
     * @param weight the frozen weight {@code [out, in]}
     */
    public void mergeInto(LoraModule module, Tensor weight, Tensor target) {
        Tensor a = tensor(module.aName());
        Tensor b = tensor(module.bName());
        long in = weight.shape().dim(1);
        double[] row = new double[Math.toIntExact(in)];
        for (long i = 0; i < weight.shape().dim(0); i++) {
            for (int j = 0; j < in; j++) {
                row[j] = weight.get(i * in + j);
            }
            for (int r = 0; r < module.rank(); r++) {
                double factor = module.scale() * b.get(i * module.rank() + r);
                for (int j = 0; j < in; j++) {
                    row[j] += factor * a.get(r * in + j);
                }
            }
            for (int j = 0; j < in; j++) {
                target.set(i * in + j, row[j]);
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
