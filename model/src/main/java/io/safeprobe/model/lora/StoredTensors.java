package io.safeprobe.model.lora;

import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The tensors of an adapter file under the names that PEFT 0.21 gives them. Versions and ways of saving differ: with or without the adapter's name
 * ({@code .default}), magnitudes with or without {@code .weight}, biases of adapted layers with or without {@code .base_layer}.
 */
final class StoredTensors {
    private static final String PREFIX = "base_model.model.";
    private static final long ROWS = 256;

    private final String folder;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, Tensor> frozen = new LinkedHashMap<>();
    private final Set<String> unused = new HashSet<>();

    StoredTensors(String folder, Map<String, Tensor> stored) {
        this.folder = folder;
        stored.forEach((name, tensor) -> {
            String plain = name.replaceFirst("\\.(lora_[AB]|lora_magnitude_vector|modules_to_save)\\.default(?=\\.|$)", ".$1")
                    .replaceFirst("\\.lora_magnitude_vector\\.weight$", ".lora_magnitude_vector")
                    .replaceFirst("\\.modules_to_save\\.", ".");
            if (plain.contains(".original_module.")) {
                return;
            }
            if (plain.endsWith(".base_layer.weight")) {
                frozen.put(plain.replace(".base_layer.weight", ".weight"), tensor);
            } else {
                tensors.put(plain, tensor);
            }
        });
        unused.addAll(tensors.keySet());
    }

    /** @throws ModelException when it is not there */
    Tensor get(String name) {
        String found = tensors.containsKey(name) ? name : name.replace(".base_layer.bias", ".bias");
        Tensor tensor = tensors.get(found);
        if (tensor == null) {
            throw new ModelException(folder + ": tensor '" + name + "' is missing; " + (name.endsWith(".base_layer.bias")
                    ? "some versions of PEFT did not save biases with lora_only: set bias to none in adapter_config.json to use the adapter without them"
                    : "the adapter belongs to another model, or to other target_modules; it has tensors for "
                            + tensors.keySet().stream().filter(stored -> stored.contains("lora_A")).count() + " adapted layers"));
        }
        unused.remove(found);
        return tensor;
    }

    /**
     * Refuses what nobody has asked for. Weights of the model that were stored along with the adapter are no part of it and pass where they are those
     * of the model.
     *
     * @param weights those of the model by name
     */
    void refuseTheRest(DecoderConfig model, Function<String, Tensor> weights) {
        Map<String, Tensor> copies = new HashMap<>(frozen);
        for (String name : List.of(PREFIX + WeightNames.weight(model.names().embedding()), PREFIX + WeightNames.weight(model.names().head()))) {
            if (unused.remove(name)) {
                copies.put(name, get(name));
            }
        }
        Map<String, long[]> shapes = AdapterShape.weightShapes(model);
        copies.forEach((name, tensor) -> requireSame(name, tensor, shapes, weights));
        if (!unused.isEmpty()) {
            throw new ModelException(folder + ": tensors that this model or adapter_config.json has no place for: " + unused.stream().sorted().limit(4).toList()
                    + "; the adapter belongs to another model");
        }
    }

    private void requireSame(String name, Tensor tensor, Map<String, long[]> shapes, Function<String, Tensor> weights) {
        String weight = name.substring(Math.min(name.length(), PREFIX.length()));
        long[] shape = shapes.get(weight);
        Tensor own = shape == null ? null : weights.apply(weight);
        if (own == null || !own.shape().equals(tensor.shape())) {
            throw new ModelException(folder + ": the adapter was stored with '" + name + "' " + tensor.shape() + ", but this model has " + (own == null ? "none" : own.shape())
                    + "; its vocabulary was resized, or it belongs to another model: open the model it was trained on, saved as a folder");
        }
        if (!alike(own, tensor)) {
            throw new ModelException(folder + ": the adapter was stored with another '" + name + "' than this model has; if it was trained, name it in modules_to_save,"
                    + " otherwise the adapter belongs to another model");
        }
    }

    /** Equal but for roundings to 16 bits, of either. Some rows at a time: the model's may have to be fetched from a device. */
    private static boolean alike(Tensor own, Tensor stored) {
        long rows = own.shape().dim(0);
        for (long from = 0; from < rows; from += ROWS) {
            double[] expected = own.rows(from, Math.min(ROWS, rows - from)).toDoubles();
            double[] found = stored.rows(from, Math.min(ROWS, rows - from)).toDoubles();
            for (int i = 0; i < expected.length; i++) {
                if (!(Math.abs(found[i] - expected[i]) <= 0x1p-7 * Math.abs(expected[i]) + 1e-7)) {
                    return false;
                }
            }
        }
        return true;
    }
}
