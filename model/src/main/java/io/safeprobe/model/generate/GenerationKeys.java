package io.safeprobe.model.generate;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Values of generation_config.json; a key that is null is as good as one that is not there.
 *
 * @param ignored keys that are passed over
 */
record GenerationKeys(JsonNode json, Set<String> ignored) {
    private boolean given(String key) {
        return json.hasNonNull(key) && !ignored.contains(key);
    }

    boolean flag(String key) {
        if (!given(key)) {
            return false;
        }
        if (!json.get(key).isBoolean()) {
            throw wrong(key, "true or false");
        }
        return json.get(key).asBoolean();
    }

    double number(String key, double fallback, double least, double most) {
        if (!given(key)) {
            return fallback;
        }
        JsonNode value = json.get(key);
        if (!value.isNumber() || !(value.asDouble() >= least && value.asDouble() <= most)) {
            throw wrong(key, most == Double.MAX_VALUE ? "a number of at least " + least : "a number from " + least + " to " + most);
        }
        return value.asDouble();
    }

    int count(String key, int fallback) {
        if (!given(key)) {
            return fallback;
        }
        JsonNode value = json.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0) {
            throw wrong(key, "a whole number of at least 0");
        }
        return value.asInt();
    }

    /** One id or a list of them; {@code fallback} where the key is not there. */
    Set<Integer> ids(String key, Set<Integer> fallback) {
        if (!given(key)) {
            return fallback;
        }
        JsonNode value = json.get(key);
        return value.isArray() ? new LinkedHashSet<>(list(key, value)) : Set.of(id(key, value));
    }

    List<Integer> idList(String key) {
        return given(key) ? list(key, json.get(key)) : List.of();
    }

    List<List<Integer>> idLists(String key) {
        List<List<Integer>> lists = new ArrayList<>();
        if (given(key)) {
            if (!json.get(key).isArray()) {
                throw wrong(key, "a list of lists of token ids");
            }
            for (JsonNode inner : json.get(key)) {
                if (inner.isEmpty()) {
                    throw wrong(key, "a list of lists of token ids, none of them empty");
                }
                lists.add(list(key, inner));
            }
        }
        return lists;
    }

    /** One text or a list of them. */
    List<String> texts(String key) {
        List<String> texts = new ArrayList<>();
        if (given(key)) {
            JsonNode value = json.get(key);
            for (JsonNode text : value.isArray() ? value : List.of(value)) {
                if (!text.isTextual() || text.asText().isEmpty()) {
                    throw wrong(key, "a text or a list of texts, none of them empty");
                }
                texts.add(text.asText());
            }
        }
        return texts;
    }

    private List<Integer> list(String key, JsonNode array) {
        if (!array.isArray()) {
            throw wrong(key, "a list of token ids");
        }
        List<Integer> ids = new ArrayList<>();
        array.forEach(id -> ids.add(id(key, id)));
        return ids;
    }

    private int id(String key, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0) {
            throw wrong(key, "token ids, which are whole numbers of at least 0");
        }
        return value.asInt();
    }

    private ModelException wrong(String key, String wanted) {
        return new ModelException("generation_config.json needs " + wanted + " for " + key + ", but has " + ConfigFile.shortened(json.get(key))
                + "; mend it, or pass it over with 'set ignore "
                + key + "'");
    }
}
