package io.safeprobe.model.hub;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.safetensors.SafetensorsWriter;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraModule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes a full model folder: the weights of a model, an adapter folded in or trained weights in place of its own. */
public final class MergedFolder {
    private MergedFolder() {}

    /**
     * Writes {@code model} with {@code adapter} folded in, in the base's types, with its configuration and tokenizer.
     *
     * @param trained full weights that replace those of the model, by name; rounded to the type the model stores
     * @throws ModelException when the folder exists and is not empty, or cannot be written
     */
    public static void write(Memory memory, ModelFolder model, @Nullable LoraAdapter adapter, Map<String, Tensor> trained, Path target) {
        try (Scope scope = memory.scope()) {
            if (Files.isDirectory(target)) {
                try (var entries = Files.list(target)) {
                    if (entries.findAny().isPresent()) {
                        throw new ModelException(target + " exists and is not empty; choose another folder");
                    }
                }
            }
            Map<String, Tensor> tensors = new LinkedHashMap<>(model.weights().all());
            trained.forEach((name, tensor) -> tensors.put(name, rounded(scope, model, name, tensor)));
            if (adapter != null) {
                for (LoraModule module : adapter.modules()) {
                    String name = WeightNames.weight(module.module());
                    Tensor base = model.weights().get(name);
                    Tensor merged = Tensor.allocate(scope, model.storedType(name), base.shape());
                    adapter.mergeInto(module, base, merged);
                    tensors.put(name, merged);
                }
            }
            Files.createDirectories(target);
            SafetensorsWriter.write(target.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
            for (Path file : model.companions()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        } catch (IOException failure) {
            throw new ModelException(target + " cannot be written: " + failure.getMessage() + "; free some space or choose another folder", failure);
        }
    }

    private static Tensor rounded(Scope scope, ModelFolder model, String name, Tensor tensor) {
        Tensor copy = Tensor.allocate(scope, model.storedType(name), tensor.shape());
        for (long i = 0; i < copy.elements(); i++) {
            copy.set(i, tensor.get(i));
        }
        return copy;
    }
}
