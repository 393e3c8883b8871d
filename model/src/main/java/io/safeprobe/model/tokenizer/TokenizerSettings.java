package io.safeprobe.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What stands beside tokenizer.json: tokenizer_config.json, and where that defines no tokens special_tokens_map.json and added_tokens.json, read as
 * transformers 5 does. {@code add_bos_token} and {@code add_eos_token} have no say where there is a tokenizer.json: its post-processor has.
 */
final class TokenizerSettings {
    /** Classes that transformers 5 makes anew from the vocabulary, with a blank in front of a text but not after its control tokens. */
    private static final Set<String> MADE_ANEW = Set.of("LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer", "CodeLlamaTokenizerFast");

    private final JsonNode config;
    private final Map<String, AddedToken> named = new LinkedHashMap<>();
    private final Set<AddedToken> extra = new LinkedHashSet<>();
    private final Map<Integer, AddedToken> definitions = new TreeMap<>();

    TokenizerSettings(Path folder) {
        config = json(folder.resolve("tokenizer_config.json"));
        if (config.path("split_special_tokens").asBoolean()) {
            throw new ModelException(folder + ": tokenizer_config.json asks for split_special_tokens, which is not supported; set it to false");
        }
        names(config);
        JsonNode more = config.path("extra_special_tokens");
        extra(more.isMissingNode() || more.isEmpty() ? config.path("additional_special_tokens") : more);
        config.path("added_tokens_decoder").properties().forEach(entry -> definitions.put(id(folder, entry.getKey()), AddedToken.of(entry.getValue(), false)));
        if (!definesTokens()) {
            JsonNode map = json(folder.resolve("special_tokens_map.json"));
            names(map);
            extra(map.path("additional_special_tokens"));
            extra(map.path("extra_special_tokens"));
            json(folder.resolve("added_tokens.json")).properties().forEach(entry -> {
                boolean special = isNamed(entry.getKey()) || extra.stream().anyMatch(token -> token.content().equals(entry.getKey()));
                definitions.put(entry.getValue().asInt(), new AddedToken(entry.getKey(), false, false, false, !special, special));
            });
        }
    }

    private static JsonNode json(Path file) {
        return Files.isRegularFile(file) ? ConfigFile.json(file) : MissingNode.getInstance();
    }

    private static int id(Path folder, String key) {
        try {
            return Integer.parseInt(key);
        } catch (NumberFormatException failure) {
            throw new ModelException(folder + ": added_tokens_decoder of tokenizer_config.json has the key '" + key + "', which is no token id", failure);
        }
    }

    private void names(JsonNode settings) {
        settings.properties().forEach(entry -> {
            if (entry.getKey().endsWith("_token")) {
                name(entry.getKey(), entry.getValue());
            }
        });
    }

    private void name(String key, JsonNode token) {
        if (!(token.isObject() ? token.path("content") : token).asText("").isEmpty() && (token.isTextual() || token.isObject())) {
            named.put(key, AddedToken.of(token, true));
        }
    }

    /** A list of tokens, or tokens by name such as {@code image_token}. */
    private void extra(JsonNode tokens) {
        tokens.properties().forEach(entry -> name(entry.getKey(), entry.getValue()));
        if (tokens.isArray()) {
            tokens.forEach(token -> extra.add(AddedToken.of(token, true)));
        }
    }

    /** Whether tokenizer_config.json has added_tokens_decoder, be it empty. */
    boolean definesTokens() {
        return config.has("added_tokens_decoder");
    }

    /** Added tokens by the id they are said to have. */
    Map<Integer, AddedToken> definitions() {
        return definitions;
    }

    boolean isNamed(String content) {
        return named.values().stream().anyMatch(token -> token.content().equals(content));
    }

    /** Texts of bos_token, eos_token and so on, and of whatever else ends in {@code _token}: what templates see. */
    Map<String, String> namedTokens() {
        Map<String, String> texts = new LinkedHashMap<>();
        named.forEach((name, token) -> texts.put(name, token.content()));
        return texts;
    }

    /** Tokens that must be control tokens even where no file defines them. */
    Set<AddedToken> control() {
        Set<AddedToken> control = new LinkedHashSet<>(named.values());
        control.addAll(extra);
        return control;
    }

    /** What transformers 5 does otherwise than {@code tokenizer}, the content of tokenizer.json, which is followed; nothing where that is the same. */
    Optional<String> difference(JsonNode tokenizer) {
        String name = config.path("tokenizer_class").asText("");
        boolean legacy = name.startsWith("Llama") && config.path("legacy").asBoolean(false);
        boolean everywhere = tokenizer.path("normalizer").findValuesAsText("type").contains("Prepend")
                || tokenizer.path("pre_tokenizer").path("prepend_scheme").asText("").equals("always");
        return MADE_ANEW.contains(name) && everywhere && !legacy
                ? Optional.of("tokenizer.json is followed, as by transformers 4; transformers 5 makes a " + name
                        + " anew and gives other ids to what follows a control token within a text")
                : Optional.empty();
    }

    /** Whether decoded text is cleaned of the blanks before punctuation; transformers leaves BPE, which would suffer, alone. */
    boolean cleansUp(boolean bytePairs) {
        return config.path("clean_up_tokenization_spaces").asBoolean()
                && (!bytePairs || config.path("clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output").asBoolean());
    }
}
