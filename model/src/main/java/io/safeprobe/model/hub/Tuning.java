package io.safeprobe.model.hub;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Deferred;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraModule;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was trained on top of a model.
 *
 * @param adapter folded in; null for none
 * @param weights full weights that replace those of the model, by name
 */
public record Tuning(@Nullable LoraAdapter adapter, Map<String, Tensor> weights) {
    /** The model as it is. */
    public static final Tuning NONE = new Tuning(null, Map.of());

    /** An adapter. */
    public static Tuning of(LoraAdapter adapter) {
        return new Tuning(adapter, Map.of());
    }

    /** Weights of a full fine-tuning. */
    public static Tuning of(Map<String, Tensor> weights) {
        return new Tuning(null, weights);
    }

    /**
     * All weights of the decoder in the order of its layers, in the types they are stored in, each made when it is asked for. What was not
     * trained has the bytes of the file, whatever type the model was opened in.
     */
    public Map<String, Deferred> folded(Memory memory, ModelFolder model) {
        Map<String, Deferred> all = new LinkedHashMap<>();
        for (String name : model.config().weightShapes().keySet()) {
            Tensor base = model.stored(name);
            Tensor trained = weights.get(name);
            all.put(name, trained == null ? Deferred.of(base) : rounded(memory, base.dtype(), trained));
        }
        if (adapter != null) {
            fold(memory, model, adapter, all);
        }
        return all;
    }

    /** Puts the adapter's weights in place of the model's; a tied head becomes one of its own where it no longer is the embedding. */
    private static void fold(Memory memory, ModelFolder model, LoraAdapter adapter, Map<String, Deferred> all) {
        if (model.config().tiedHead() && adapter.changesTiedHead()) {
            String head = WeightNames.weight(model.config().names().head());
            all.put(head, Deferred.of(base(model, head)));
        }
        adapter.copies().forEach((weight, copy) -> all.put(weight, rounded(memory, base(model, weight).dtype(), adapter.tensor(copy))));
        for (LoraModule module : adapter.modules()) {
            String name = WeightNames.weight(module.module());
            Tensor base = base(model, name);
            all.put(name, Deferred.made(memory, base.dtype(), base.shape(), target -> adapter.mergeInto(module, base, target)));
            if (module.bias()) {
                String bias = WeightNames.bias(module.module());
                all.put(bias, mergedBias(memory, model, adapter, module, bias, all.containsKey(bias)));
            }
        }
    }

    private static Deferred mergedBias(Memory memory, ModelFolder model, LoraAdapter adapter, LoraModule module, String name, boolean there) {
        if (!there) {
            throw new ModelException("the adapter's bias on " + module.module()
                    + " cannot be folded in: that layer has no bias in this architecture; use the adapter as it is");
        }
        Tensor stored = model.stored(name);
        String copy = adapter.copies().get(name);
        Tensor base = copy == null ? stored : adapter.tensor(copy);
        Tensor branch = adapter.tensor(module.biasName());
        return Deferred.made(memory, stored.dtype(), stored.shape(), target -> {
            double[] numbers = base.toDoubles();
            double[] added = branch.toDoubles();
            for (int i = 0; i < numbers.length; i++) {
                target.set(i, numbers[i] + module.scale() * added[i]);
            }
        });
    }

    /** A weight as stored; a tied head is the embedding. */
    private static Tensor base(ModelFolder model, String name) {
        WeightNames names = model.config().names();
        boolean embedding = model.config().tiedHead() && name.equals(WeightNames.weight(names.head()));
        return model.stored(embedding ? WeightNames.weight(names.embedding()) : name);
    }

    private static Deferred rounded(Memory memory, DType dtype, Tensor trained) {
        return Deferred.made(memory, dtype, trained.shape(), target -> {
            try (Scope scope = memory.processScope()) {
                Tensor here = trained.inProcess(scope);
                for (long i = 0; i < target.elements(); i++) {
                    target.set(i, here.get(i));
                }
            }
        });
    }
}
