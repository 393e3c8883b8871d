package io.safeprobe.model.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.ValueNode;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** adapter_config.json, key by key, as PEFT 0.5 to 0.21 writes it. What is set and not known is refused, for it may change every result. */
final class AdapterConfigFile {
    /** Read below, or without influence on what a trained adapter computes: provenance, and how it was initialised. */
    private static final Set<String> KNOWN = Set.of(
            "peft_type", "r", "lora_alpha", "lora_dropout", "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "rank_pattern",
            "alpha_pattern", "use_rslora", "use_dora", "lora_bias", "bias", "modules_to_save", "init_lora_weights", "base_model_name_or_path",
            "ensure_weight_tying", "auto_mapping", "inference_mode", "peft_version", "revision", "task_type", "runtime_config", "megatron_core",
            "qalora_group_size", "fan_in_fan_out", "loftq_config", "eva_config", "corda_config", "lora_ga_config");

    /** Initialisations that leave the weights of the model alone, so that the stored matrices say everything. */
    private static final Set<String> HARMLESS_INITS = Set.of("true", "false", "gaussian", "eva", "orthogonal");

    private static final Map<String, String> NOT_SUPPORTED = Map.of(
            "trainable_token_indices", "tokens trained one by one",
            "target_parameters", "branches on parameters that are no layers",
            "layer_replication", "a model with repeated layers",
            "megatron_config", "layers of Megatron",
            "alora_invocation_tokens", "activated LoRA",
            "use_qalora", "QALoRA",
            "use_bdlora", "block-diagonal LoRA",
            "arrow_config", "Arrow routing",
            "kasa_config", "KaSA, which changes the weights of the model",
            "monteclora_config", "MonteCLoRA");

    private final String folder;
    private final JsonNode json;

    private AdapterConfigFile(String folder, JsonNode json) {
        this.folder = folder;
        this.json = json;
    }

    /**
     * Reads a configuration.
     *
     * @param folder named in errors
     * @throws ModelException naming the key that is not understood or not supported
     */
    static LoraConfig read(String folder, JsonNode json, DecoderConfig model) {
        return new AdapterConfigFile(folder, json).config(model);
    }

    private LoraConfig config(DecoderConfig model) {
        if (!json.isObject()) {
            throw fault("adapter_config.json is no JSON object; get it again");
        }
        String type = json.path("peft_type").asText("LORA");
        if (!type.equals("LORA")) {
            throw fault("adapters of type " + type + " are not supported; LORA is");
        }
        // PEFT sets it for layers that store their matrices [in, out], said or not, and for no others.
        if (json.path("fan_in_fan_out").asBoolean(false) && !model.variant().projection().transposed()) {
            throw fault("fan_in_fan_out is true, but the linear layers of " + model.architecture() + " are not stored transposed; the adapter belongs to another model");
        }
        refuse();
        LoraConfig.Init init = init();
        List<String> saved = strings("modules_to_save");
        try {
            LoraConfig config = new LoraConfig(rank("r", json.path("r")), number("lora_alpha", json.path("lora_alpha")), number("lora_dropout", json.path("lora_dropout")),
                    where(), patterns(),
                    flag("use_rslora"), flag("use_dora"), flag("lora_bias"), bias(), saved, init, json.path("base_model_name_or_path").asText(""));
            boolean embedding = saved.stream().anyMatch(name -> model.names().embedding().endsWith(name) || model.names().head().endsWith(name));
            if (model.tiedHead() && flag("ensure_weight_tying") && embedding) {
                throw fault("ensure_weight_tying, a trained embedding that stays tied to the head, is not supported; without it each is trained for itself");
            }
            return config;
        } catch (ModelException misfit) {
            throw misfit.getMessage() != null && misfit.getMessage().startsWith(folder) ? misfit : fault(misfit.getMessage() + "");
        }
    }

    private void refuse() {
        NOT_SUPPORTED.forEach((key, meaning) -> {
            if (ConfigFile.isSet(json.path(key))) {
                throw fault(key + " (" + meaning + ") is not supported");
            }
        });
        if (ConfigFile.isSet(json.path("velora_config"))) {
            throw fault("velora_config (gradients of VeLoRA) is not supported; to use the trained adapter as it is, remove that key");
        }
        List<String> unknown = json.properties().stream()
                .filter(item -> !KNOWN.contains(item.getKey()) && ConfigFile.isSet(item.getValue()))
                .map(item -> item.getKey() + " = " + item.getValue())
                .toList();
        if (!unknown.isEmpty()) {
            throw fault("adapter_config.json sets " + String.join(", ", unknown)
                    + ", which is not known and may change results; where you know that it does not, remove it from adapter_config.json");
        }
    }

    private LoraConfig.Init init() {
        String init = json.path("init_lora_weights").asText("true");
        if (init.startsWith("pissa") || Set.of("olora", "corda", "loftq", "lora_ga").contains(init)) {
            throw fault("init_lora_weights '" + init + "' changes the weights of the model, which is not supported; save the adapter in PEFT with"
                    + " path_initial_model_for_weight_conversion, which makes it a plain one, or merge it there");
        }
        if (!HARMLESS_INITS.contains(init)) {
            throw fault("init_lora_weights '" + init + "' is not supported; true, false, gaussian, eva and orthogonal are");
        }
        return init.equals("gaussian") ? LoraConfig.Init.GAUSSIAN : LoraConfig.Init.DEFAULT;
    }

    private LoraConfig.Bias bias() {
        return switch (json.path("bias").asText("none")) {
            case "none" -> LoraConfig.Bias.NONE;
            case "all" -> LoraConfig.Bias.ALL;
            case "lora_only" -> LoraConfig.Bias.LORA_ONLY;
            default -> throw fault("bias '" + json.path("bias").asText() + "' is not supported; none, all and lora_only are");
        };
    }

    private LoraConfig.Where where() {
        Targets targets = targets("target_modules");
        if (targets == null) {
            throw fault("target_modules must be a list of names, a regular expression or \"all-linear\", not " + json.path("target_modules"));
        }
        JsonNode layers = json.path("layers_to_transform");
        List<Integer> numbers = new ArrayList<>();
        (layers.isArray() ? layers : JsonNodeFactory.instance.arrayNode().add(layers)).forEach(layer -> {
            if (layer.isIntegralNumber()) {
                numbers.add(layer.asInt());
            } else if (ConfigFile.isSet(layer)) {
                throw fault("layers_to_transform must be a whole number or a list of them, not " + layers);
            }
        });
        return new LoraConfig.Where(targets, targets("exclude_modules"), numbers, strings("layers_pattern"));
    }

    private @Nullable Targets targets(String key) {
        JsonNode value = json.path(key);
        if (value.isTextual() && !value.asText().isEmpty()) {
            return Targets.ofText(value.asText());
        }
        return ConfigFile.isSet(value) ? new Targets.Names(strings(key)) : null;
    }

    private LoraConfig.Patterns patterns() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        Map<String, Double> alphas = new LinkedHashMap<>();
        pattern("rank_pattern").properties().forEach(item -> ranks.put(item.getKey(), rank("rank_pattern of " + item.getKey(), item.getValue())));
        pattern("alpha_pattern").properties().forEach(item -> alphas.put(item.getKey(), number("alpha_pattern of " + item.getKey(), item.getValue())));
        return new LoraConfig.Patterns(ranks, alphas);
    }

    private JsonNode pattern(String key) {
        JsonNode value = json.path(key);
        if (ConfigFile.isSet(value) && !value.isObject()) {
            throw fault(key + " must map names to numbers, not be " + value);
        }
        return value;
    }

    private int rank(String key, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw fault(key + " must be a whole number, not " + shown(value));
        }
        return value.asInt();
    }

    /** A number; one that is not there is 0, which is refused where it cannot be. */
    private double number(String key, JsonNode value) {
        if (ConfigFile.isSet(value) && !(value.isNumber() && Double.isFinite(value.asDouble()))) {
            throw fault(key + " must be a number, not " + shown(value));
        }
        return value.asDouble(0);
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? "missing" : value.toString();
    }

    private boolean flag(String key) {
        JsonNode value = json.path(key);
        if (ConfigFile.isSet(value) && !value.isBoolean()) {
            throw fault(key + " must be true or false, not " + value);
        }
        return value.asBoolean(false);
    }

    /** A list of texts, or one text. */
    private List<String> strings(String key) {
        JsonNode value = json.path(key);
        List<String> texts = new ArrayList<>();
        (value.isArray() ? value : JsonNodeFactory.instance.arrayNode().add(value)).forEach(item -> {
            if (item.isTextual()) {
                texts.add(item.asText());
            } else if (ConfigFile.isSet(item)) {
                throw fault(key + " must be a list of names, not " + value);
            }
        });
        return texts;
    }

    private ModelException fault(String message) {
        return new ModelException(folder + ": " + message);
    }

    /**
     * The file that PEFT reads.
     *
     * @param transposed fan_in_fan_out
     */
    static String write(LoraConfig config, boolean transposed) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("peft_type", "LORA").put("task_type", "CAUSAL_LM").put("base_model_name_or_path", config.baseModel());
        json.put("r", config.rank()).put("lora_dropout", config.dropout());
        json.set("lora_alpha", wholeIfPossible(config.alpha()));
        put(json, "target_modules", config.where().targets());
        put(json, "exclude_modules", config.where().exclude());
        if (config.where().layers().isEmpty()) {
            json.putNull("layers_to_transform").putNull("layers_pattern");
        } else {
            config.where().layers().forEach(json.putArray("layers_to_transform")::add);
            config.where().layersPattern().forEach(json.putArray("layers_pattern")::add);
        }
        ObjectNode ranks = json.putObject("rank_pattern");
        config.patterns().rank().forEach(ranks::put);
        ObjectNode alphas = json.putObject("alpha_pattern");
        config.patterns().alpha().forEach((key, value) -> alphas.set(key, wholeIfPossible(value)));
        json.put("bias", config.bias().toString()).put("use_rslora", config.rankStabilised()).put("use_dora", config.dora());
        json.put("lora_bias", config.branchBias()).put("fan_in_fan_out", transposed).put("inference_mode", true);
        if (config.init() == LoraConfig.Init.GAUSSIAN) {
            json.put("init_lora_weights", config.init().toString());
        } else {
            json.put("init_lora_weights", true);
        }
        if (config.modulesToSave().isEmpty()) {
            json.putNull("modules_to_save");
        } else {
            config.modulesToSave().forEach(json.putArray("modules_to_save")::add);
        }
        return json.toPrettyString() + "\n";
    }

    private static void put(ObjectNode json, String key, @Nullable Targets targets) {
        switch (targets) {
            case null -> json.putNull(key);
            case Targets.Names(var names) -> names.forEach(json.putArray(key)::add);
            case Targets.Regex(var regex) -> json.put(key, regex);
            case Targets.AllLinear _ -> json.put(key, Targets.ALL_LINEAR);
        }
    }

    /** PEFT writes lora_alpha as a whole number, and some readers insist. */
    private static ValueNode wholeIfPossible(double alpha) {
        return alpha == Math.rint(alpha) ? JsonNodeFactory.instance.numberNode((int) alpha) : JsonNodeFactory.instance.numberNode(alpha);
    }
}
