package io.safeprobe.model.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** JSON files of a model folder. */
public final class ConfigFile {
    private static final JsonMapper JSON = JsonMapper.builder()
            // Python writes NaN and Infinity where JSON has no word for them.
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private static final int LONGEST = 60;

    private static final List<Architecture> ARCHITECTURES = List.of(new Gemma2(), new Gemma3(), new Gpt2(), new GptNeoX(), new Llama(), new Mistral(),
            new Olmo2(), new Phi3(), new Qwen2(), new Qwen3(), new SmolLm3());

    private ConfigFile() {}

    /** Reads any JSON file of a folder. */
    public static JsonNode json(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new ModelException(file + " is missing; is this a model folder as Hugging Face writes it?");
            }
            return JSON.readTree(file.toFile());
        } catch (JsonProcessingException malformed) {
            throw new ModelException(file + " is not valid JSON: " + malformed.getOriginalMessage(), malformed);
        } catch (IOException failure) {
            throw new ModelException(file + " cannot be read: " + failure.getMessage(), failure);
        }
    }

    /**
     * Reads config.json, also that of a classifier, whose decoder has no head of its own: a use of it as a language model finds none.
     *
     * @throws ModelException when the architecture is not supported, naming those that are, or a key that may change results is not known
     */
    public static DecoderConfig decoder(Path file) {
        JsonNode config = json(file);
        String name = config.path("architectures").path(0).asText("");
        boolean classifies = name.endsWith(Labels.CLASS_SUFFIX);
        for (Architecture architecture : ARCHITECTURES) {
            if (classifies ? architecture.classifierName().equals(name) : architecture.className().equals(name)) {
                ConfigKeys keys = new ConfigKeys(classifies ? untied(config) : config);
                DecoderConfig decoder = architecture.read(keys);
                keys.refuseTheRest(name);
                return decoder;
            }
        }
        throw new ModelException(file + ": architecture '" + name + "' is not supported; supported: "
                + String.join(", ", ARCHITECTURES.stream().map(Architecture::className).toList()) + "; and as classifiers "
                + String.join(", ", ARCHITECTURES.stream().map(Architecture::classifierName).toList()));
    }

    /** The labels of a classifier; empty where config.json describes a language model. */
    public static Optional<Labels> labels(Path file) {
        JsonNode config = json(file);
        String name = config.path("architectures").path(0).asText("");
        return name.endsWith(Labels.CLASS_SUFFIX) ? Optional.of(Labels.read(name, config)) : Optional.empty();
    }

    /** A classifier has no output projection that could be the embedding. */
    private static JsonNode untied(JsonNode config) {
        return config.<ObjectNode>deepCopy().put("tie_word_embeddings", false);
    }

    /** Whether a value is anything but null, false or empty: Python writes keys that ask for nothing, too. */
    public static boolean isSet(JsonNode value) {
        return switch (value.getNodeType()) {
            case NULL, MISSING -> false;
            case BOOLEAN -> value.asBoolean();
            case ARRAY, OBJECT -> !value.isEmpty();
            case STRING -> !value.asText().isEmpty();
            case NUMBER, BINARY, POJO -> true;
        };
    }

    /** A value as an error shows it. */
    public static String shortened(JsonNode value) {
        String text = value.toString();
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 3) + "...";
    }
}
