package io.safeprobe.model.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An adapter on disk as PEFT writes it: adapter_config.json and adapter_model.safetensors. */
public final class PeftFolder {
    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";
    private static final JsonMapper JSON = new JsonMapper();

    private PeftFolder() {}

    /** Whether a folder holds an adapter. */
    public static boolean isAdapter(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG));
    }

    /**
     * Reads an adapter for a model.
     *
     * @throws ModelException when the folder is no LoRA adapter, uses what is not supported (named), or belongs to another model
     */
    public static LoraAdapter read(Memory memory, DecoderConfig model, Path folder) {
        LoraConfig config = config(folder, model);
        try (SafetensorsFile file = SafetensorsFile.open(memory, folder.resolve(TENSORS))) {
            Map<String, Tensor> stored = file.tensors();
            LoraAdapter adapter = LoraAdapter.copyOf(memory, model, config, name -> {
                Tensor tensor = stored.get(name);
                if (tensor == null) {
                    throw new ModelException(folder + ": tensor '" + name + "' is missing; the adapter belongs to another model, which has "
                            + stored.size() / 2 + " adapted layers");
                }
                return tensor;
            });
            Set<String> unused = new HashSet<>(stored.keySet());
            unused.removeAll(adapter.tensors().keySet());
            if (!unused.isEmpty()) {
                adapter.close();
                throw new ModelException(folder + ": tensors that this model has no place for: " + unused.stream().sorted().limit(4).toList()
                        + "; the adapter belongs to another model");
            }
            return adapter;
        }
    }

    private static LoraConfig config(Path folder, DecoderConfig model) {
        if (!isAdapter(folder)) {
            throw new ModelException(folder + " is not an adapter folder: it has no " + CONFIG);
        }
        JsonNode json = ConfigFile.json(folder.resolve(CONFIG));
        if (!json.path("peft_type").asText("LORA").equals("LORA")) {
            throw new ModelException(folder + ": adapters of type " + json.path("peft_type").asText() + " are not supported; LORA is");
        }
        for (String key : List.of("use_dora", "lora_bias")) {
            if (json.path(key).asBoolean(false)) {
                throw new ModelException(folder + ": " + key + " is not supported yet");
            }
        }
        // PEFT sets it for layers that store their matrices [in, out], said or not, and for no others.
        if (json.path("fan_in_fan_out").asBoolean(false) && !model.variant().projection().transposed()) {
            throw new ModelException(folder + ": fan_in_fan_out is true, but the linear layers of " + model.architecture()
                    + " are not stored transposed; the adapter belongs to another model");
        }
        for (String key : List.of("rank_pattern", "alpha_pattern", "modules_to_save", "layers_to_transform", "layers_pattern", "exclude_modules")) {
            JsonNode value = json.path(key);
            boolean unset = value.isMissingNode() || value.isNull() || (value.isContainerNode() && value.isEmpty());
            if (!unset) {
                throw new ModelException(folder + ": " + key + " is not supported yet");
            }
        }
        if (!json.path("bias").asText("none").equals("none")) {
            throw new ModelException(folder + ": bias '" + json.path("bias").asText() + "' is not supported yet; 'none' is");
        }
        return new LoraConfig(json.path("r").asInt(), json.path("lora_alpha").asDouble(), json.path("lora_dropout").asDouble(0),
                targets(folder, json.path("target_modules"), model.names().linear()),
                json.path("use_rslora").asBoolean(false), json.path("base_model_name_or_path").asText(""));
    }

    private static List<String> targets(Path folder, JsonNode json, List<String> linear) {
        if (json.isTextual() && json.asText().equals("all-linear")) {
            return linear;
        }
        if (!json.isArray()) {
            throw new ModelException(folder + ": target_modules must be a list of names or \"all-linear\"; a regular expression is not supported yet");
        }
        List<String> names = new ArrayList<>();
        json.forEach(name -> names.add(name.asText()));
        names.sort(java.util.Comparator.comparingInt(linear::indexOf));
        return names;
    }

    /** Writes an adapter so that PEFT loads it. The folder is made; files of the same names are replaced whole. */
    public static void write(LoraAdapter adapter, Path folder) {
        LoraConfig config = adapter.config();
        ObjectNode json = JSON.createObjectNode();
        json.put("peft_type", "LORA").put("task_type", "CAUSAL_LM").put("base_model_name_or_path", config.baseModel());
        json.put("r", config.rank()).put("lora_dropout", config.dropout());
        json.set("lora_alpha", wholeIfPossible(config.alpha()));
        config.targets().forEach(json.putArray("target_modules")::add);
        json.put("bias", "none").put("use_rslora", config.rankStabilised()).put("use_dora", false).put("fan_in_fan_out", adapter.transposed());
        json.put("inference_mode", true).put("init_lora_weights", true).putNull("modules_to_save");
        json.putObject("rank_pattern");
        json.putObject("alpha_pattern");
        try {
            Files.createDirectories(folder);
            SafetensorsWriter.write(folder.resolve(TENSORS), adapter.tensors(), Map.of("format", "pt"));
            Files.writeString(folder.resolve(CONFIG), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
        } catch (IOException failure) {
            throw new ModelException(folder + " cannot be written: " + failure.getMessage() + "; free some space or choose another folder", failure);
        }
    }

    /** PEFT writes lora_alpha as a whole number, and some readers insist. */
    private static com.fasterxml.jackson.databind.node.ValueNode wholeIfPossible(double alpha) {
        return alpha == Math.rint(alpha) ? JSON.getNodeFactory().numberNode((int) alpha) : JSON.getNodeFactory().numberNode(alpha);
    }
}
