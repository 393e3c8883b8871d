package io.safeprobe.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.config.ModelException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a folder by id: those of the model in tokenizer.json and the added ones, of tokenizer.json and of the files that transformers reads beside it.
 */
final class Vocabulary {
    private final Map<String, Integer> model = new HashMap<>();
    private final Map<Integer, AddedToken> added = new LinkedHashMap<>();
    private final Map<String, Integer> addedIds = new HashMap<>();
    private boolean changed;

    /** The vocabulary of tokenizer.json alone. */
    Vocabulary(JsonNode tokenizer) {
        JsonNode tokens = tokenizer.path("model").path("vocab");
        if (tokens.isArray()) {
            for (int i = 0; i < tokens.size(); i++) {
                model.put(tokens.get(i).path(0).asText(), i);
            }
        } else {
            tokens.properties().forEach(token -> model.put(token.getKey(), token.getValue().asInt()));
        }
        tokenizer.path("added_tokens").forEach(token -> put(token.path("id").asInt(), AddedToken.of(token, false)));
    }

    private void put(int id, AddedToken token) {
        added.put(id, token);
        addedIds.put(token.content(), id);
    }

    /**
     * Takes the added tokens of the other files, as transformers 5 does: the definitions of tokenizer_config.json come before those of tokenizer.json, named
     * tokens are control tokens, and tokens that are not there yet get the next ids.
     */
    void complete(TokenizerSettings settings, Path folder) {
        settings.definitions().forEach((id, token) -> {
            Integer known = addedIds.get(token.content());
            AddedToken wanted = settings.isNamed(token.content()) ? token.asSpecial(true) : token;
            define(wanted);
            int given = Objects.requireNonNull(addedIds.get(token.content()));
            if (known == null && given != id) {
                throw new ModelException(folder + ": the token '" + token.content() + "' has the id " + id + " in tokenizer_config.json or added_tokens.json,"
                        + " but after tokenizer.json the next id is " + given + "; save the tokenizer again with save_pretrained");
            }
        });
        if (!settings.definesTokens()) {
            List.copyOf(added.values()).stream().filter(token -> settings.isNamed(token.content())).forEach(token -> define(token.asSpecial(true)));
        }
        settings.control().stream().filter(token -> !addedIds.containsKey(token.content())).forEach(this::define);
    }

    private void define(AddedToken token) {
        Integer known = addedIds.get(token.content());
        if (known == null) {
            put(model.getOrDefault(token.content(), next()), token);
            changed = true;
            return;
        }
        AddedToken old = Objects.requireNonNull(added.get(known));
        // What was a control token once stays one in the library.
        AddedToken merged = token.asSpecial(token.special() || old.special());
        changed |= !merged.equals(old);
        put(known, merged);
    }

    private int next() {
        int highest = added.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
        return Math.max(model.size(), highest + 1);
    }

    /** Whether the added tokens differ from those of tokenizer.json. */
    boolean changed() {
        return changed;
    }

    /** Added tokens by id. */
    Map<Integer, AddedToken> added() {
        return added;
    }

    /** Ids of the tokens that stand for a byte each, such as {@code <0x0A>}. */
    Set<Integer> bytes() {
        Set<Integer> bytes = new HashSet<>();
        for (int value = 0; value < 256; value++) {
            for (String token : List.of(String.format(Locale.ROOT, "<0x%02X>", value), String.format(Locale.ROOT, "<0x%02x>", value))) {
                Integer id = id(token);
                if (id != null) {
                    bytes.add(id);
                }
            }
        }
        return bytes;
    }

    /** The ids that have a token. */
    BitSet known() {
        BitSet known = new BitSet();
        model.values().forEach(known::set);
        addedIds.values().forEach(known::set);
        return known;
    }

    /** Id of a token, or null. */
    @Nullable Integer id(String content) {
        Integer id = addedIds.get(content);
        return id == null ? model.get(content) : id;
    }
}
