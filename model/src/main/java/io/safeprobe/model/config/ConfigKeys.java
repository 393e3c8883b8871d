package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * config.json, key by key. It remembers which keys were read: what is set and was neither read nor is known to change nothing is refused in
 * the end, for a key that is passed over may be one that changes every result.
 */
final class ConfigKeys {
    /**
     * Keys without influence on logits, gradients and generation: provenance, storage types, initial weights, fields of tasks that are not decoding,
     * and pretraining_tp, which only cut the same sums into parts.
     */
    private static final Set<String> HARMLESS = Set.of(
            "architectures", "model_type", "_name_or_path", "transformers_version", "auto_map", "unsloth_version", "unsloth_fixed", "is_llama_config",
            "torch_dtype", "dtype", "initializer_range", "use_cache", "pretraining_tp", "bos_token_id", "pad_token_id", "return_dict", "output_hidden_states",
            "output_attentions", "id2label", "label2id", "problem_type", "keys_to_ignore_at_inference", "_attn_implementation_autoset", "tokenizer_class",
            "transformers.js_config", "max_sequence_length", "num_labels");

    private final JsonNode config;
    private final Set<String> read = new HashSet<>(HARMLESS);

    ConfigKeys(JsonNode config) {
        this.config = config;
    }

    /** Any value; missing where the key is not there. */
    JsonNode get(String key) {
        read.add(key);
        return config.path(key);
    }

    /** Whether the key is there, be it as null. */
    boolean has(String key) {
        return config.has(key);
    }

    boolean isSet(String key) {
        return config.hasNonNull(key);
    }

    /** A positive whole number that must be there. */
    int number(String key) {
        JsonNode value = get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() <= 0) {
            throw new ModelException("config.json needs a positive whole number for " + key + ", but has " + (value.isMissingNode() ? "none" : value));
        }
        return value.asInt();
    }

    /** A positive whole number; {@code fallback} where the key is missing or null. */
    int number(String key, int fallback) {
        get(key);
        return isSet(key) ? number(key) : fallback;
    }

    double real(String key, double fallback) {
        JsonNode value = get(key);
        if (value.isMissingNode() || value.isNull()) {
            return fallback;
        }
        if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
            throw new ModelException("config.json needs a number for " + key + ", but has " + value);
        }
        return value.asDouble();
    }

    boolean flag(String key, boolean fallback) {
        JsonNode value = get(key);
        if (value.isMissingNode() || value.isNull()) {
            return fallback;
        }
        if (!value.isBoolean()) {
            throw new ModelException("config.json needs true or false for " + key + ", but has " + value);
        }
        return value.asBoolean();
    }

    /** Those of the keys that ask for dropout, with its probability. It changes nothing but training, where it is not applied. */
    Map<String, Double> dropout(List<String> names) {
        Map<String, Double> asked = new LinkedHashMap<>();
        for (String name : names) {
            double probability = real(name, 0);
            if (probability < 0 || probability >= 1) {
                throw new ModelException("config.json needs a probability from 0 to below 1 for " + name + ", but has " + get(name));
            }
            if (probability > 0) {
                asked.put(name, probability);
            }
        }
        return asked;
    }

    /** A key of which one value is supported: the one that it has where it is missing. */
    void only(String key, double value) {
        if (real(key, value) != value) {
            throw new ModelException("config.json sets " + key + " to " + get(key) + ", which is not supported; " + value + " is");
        }
    }

    /** Keys that change nothing whatever their values. */
    void ignore(String... names) {
        read.addAll(List.of(names));
    }

    /**
     * Names the first key that is set and that nobody has read.
     *
     * @throws ModelException unless there is none; null, false and what is empty count as not set
     */
    void refuseTheRest(String architecture) {
        if (isSet("quantization_config")) {
            throw new ModelException("config.json has a quantization_config; quantised weights are not supported, get the folder in bfloat16, float16 or float32");
        }
        List<String> unknown = config.properties().stream()
                .filter(item -> !read.contains(item.getKey()) && ConfigFile.isSet(item.getValue()))
                .map(item -> item.getKey() + " = " + ConfigFile.shortened(item.getValue()))
                .toList();
        if (!unknown.isEmpty()) {
            throw new ModelException("config.json sets " + String.join(", ", unknown) + ", which is not supported for " + architecture
                    + " and may change its results; where you know that it does not, remove it from config.json");
        }
    }
}
