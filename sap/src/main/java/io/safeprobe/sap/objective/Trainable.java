package io.safeprobe.sap.objective;

import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.Weights;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.engine.autograd.Value;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** The weights W that are trained: what a LoRA adapter holds, or a float32 copy of all weights of the model. */
public sealed interface Trainable {
    /** The tensors by name, always in the same order. */
    Map<String, Tensor> tensors();

    /** Puts the tensors into a forward computation; {@code leaf} makes each a variable or a constant. */
    void attach(Forward forward, Function<Tensor, Value> leaf);

    /** LoRA matrices (arXiv 2106.09685), with the magnitudes, biases and copies of weights that go with them. */
    record Lora(LoraAdapter adapter) implements Trainable {
        @Override
        public Map<String, Tensor> tensors() {
            return adapter.tensors();
        }

        @Override
        public void attach(Forward forward, Function<Tensor, Value> leaf) {
            forward.with(adapter, leaf);
        }
    }

    /** All weights, in float32 so that small updates are not rounded away. */
    record Full(Map<String, Tensor> tensors) implements Trainable {
        /** Keeps the order. */
        public Full {
            tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        }

        /** Copies all weights of a model. */
        public static Full copyOf(Kernels kernels, Scope scope, Weights weights) {
            Map<String, Tensor> copies = new LinkedHashMap<>();
            weights.all().forEach((name, tensor) -> {
                Tensor copy = Tensor.allocate(scope, DType.F32, tensor.shape());
                kernels.apply(new Update.Copy(), copy, tensor);
                copies.put(name, copy);
            });
            return new Full(copies);
        }

        @Override
        public void attach(Forward forward, Function<Tensor, Value> leaf) {
            tensors.forEach((name, tensor) -> forward.with(name, leaf.apply(tensor)));
        }
    }
}
