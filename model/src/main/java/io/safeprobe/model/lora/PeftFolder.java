package io.safeprobe.model.lora;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.safetensors.SafetensorsWriter;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;

/** An adapter on disk as PEFT writes it: adapter_config.json and adapter_model.safetensors. */
public final class PeftFolder {
    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";
    private static final String PICKLE = "adapter_model.bin";

    private PeftFolder() {}

    /** Whether a folder holds an adapter. */
    public static boolean isAdapter(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG));
    }

    /**
     * Reads an adapter for a model.
     *
     * @param weights the frozen weights of the model by name
     * @throws ModelException when the folder is no LoRA adapter, uses what is not supported (named), or belongs to another model
     */
    public static LoraAdapter read(Memory memory, DecoderConfig model, Function<String, Tensor> weights, Path folder) {
        if (!isAdapter(folder)) {
            throw new ModelException(folder + " is not an adapter folder: it has no " + CONFIG);
        }
        LoraConfig config = AdapterConfigFile.read(folder.toString(), ConfigFile.json(folder.resolve(CONFIG)), model);
        if (!Files.exists(folder.resolve(TENSORS)) && Files.exists(folder.resolve(PICKLE))) {
            throw new ModelException(folder + ": " + PICKLE + " is a pickle, which can run any program when it is read, and is not supported; open it once in PEFT"
                    + " and save it again by save_pretrained, which writes " + TENSORS);
        }
        try (SafetensorsFile file = SafetensorsFile.open(memory, folder.resolve(TENSORS))) {
            StoredTensors stored = new StoredTensors(folder.toString(), file.tensors());
            LoraAdapter adapter = copied(memory, model, config, stored, folder);
            try {
                stored.refuseTheRest(model, name -> weights.apply(LoraAdapter.stored(model, name)));
            } catch (RuntimeException failure) {
                adapter.close();
                throw failure;
            }
            return adapter;
        }
    }

    /** Of several adapters that are opened, the message names the one at fault. */
    private static LoraAdapter copied(Memory memory, DecoderConfig model, LoraConfig config, StoredTensors stored, Path folder) {
        try {
            return LoraAdapter.copyOf(memory, model, config, stored::get);
        } catch (ModelException misfit) {
            String message = String.valueOf(misfit.getMessage());
            throw message.startsWith(folder.toString()) ? misfit : new ModelException(folder + ": " + message, misfit);
        }
    }

    /** Writes an adapter so that PEFT loads it. The folder is made; files of the same names are replaced whole. */
    public static void write(LoraAdapter adapter, Path folder) {
        try {
            Files.createDirectories(folder);
            SafetensorsWriter.write(folder.resolve(TENSORS), adapter.tensors(), Map.of("format", "pt"));
            Files.writeString(folder.resolve(CONFIG), AdapterConfigFile.write(adapter.config(), adapter.transposed()));
        } catch (IOException failure) {
            throw new ModelException(folder + " cannot be written: " + failure.getMessage() + "; free some space or choose another folder", failure);
        }
    }
}
