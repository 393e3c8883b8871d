package io.safeprobe.model.decoder;

import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ModelException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The frozen weights of a model by their Hugging Face names. */
public final class Weights {
    private final Map<String, Tensor> tensors;

    /** Weights by name. */
    public Weights(Map<String, Tensor> tensors) {
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /** One weight. */
    public Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new ModelException("the model has no weight named '" + name + "'");
        }
        return tensor;
    }

    /** All weights. */
    public Map<String, Tensor> all() {
        return tensors;
    }
}
