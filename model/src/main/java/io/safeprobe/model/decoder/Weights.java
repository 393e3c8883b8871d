package io.safeprobe.model.decoder;

import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** The frozen weights of a model by their Hugging Face names, and the tables of angles that lie beside them. */
public final class Weights {
    private final Scope scope;
    private final Map<String, Tensor> tensors;
    private final Map<Angles, RotaryTable> angles = new HashMap<>();

    private record Angles(DecoderConfig config, DType dtype, boolean local) {
        /** Without the configuration, which is large; there is one to a model. */
        @Override
        public int hashCode() {
            return Objects.hash(dtype, local);
        }
    }

    /**
     * Weights by name.
     *
     * @param scope takes what a computation needs besides, for as long as the weights are used
     */
    public Weights(Scope scope, Map<String, Tensor> tensors) {
        this.scope = scope;
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /** Angles of the rotary embedding; {@code local} for the layers with a window, where those have a base of their own. */
    RotaryTable rotary(DecoderConfig config, DType dtype, boolean local) {
        return angles.computeIfAbsent(new Angles(config, dtype, local), _ -> new RotaryTable(scope, config, dtype, local));
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
