package io.safeprobe.model.hub;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Deferred;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraModule;
import java.util.HashMap;
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
        Map<String, LoraModule> branches = new HashMap<>();
        if (adapter != null) {
            adapter.modules().forEach(module -> branches.put(WeightNames.weight(module.module()), module));
        }
        Map<String, Deferred> all = new LinkedHashMap<>();
        for (String name : model.config().weightShapes().keySet()) {
            Tensor base = model.stored(name);
            DType dtype = base.dtype();
            LoraModule branch = branches.get(name);
            Tensor trained = weights.get(name);
            if (branch != null && adapter != null) {
                all.put(name, Deferred.made(memory, dtype, base.shape(), target -> adapter.mergeInto(branch, base, target)));
            } else if (trained != null) {
                all.put(name, Deferred.made(memory, dtype, base.shape(), target -> copy(trained, target)));
            } else {
                all.put(name, Deferred.of(base));
            }
        }
        return all;
    }

    private static void copy(Tensor from, Tensor to) {
        for (long i = 0; i < to.elements(); i++) {
            to.set(i, from.get(i));
        }
    }
}
