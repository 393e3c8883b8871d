package io.safeprobe.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A token that is found in the text before the tokenizer's model sees it.
 *
 * @param lstrip whether it takes the blanks before it, {@code rstrip} those after it
 * @param singleWord whether it is found only where no letter stands beside it
 * @param normalized whether it is looked for in the normalized text rather than in the text as it is
 * @param special whether it is a control token, which {@code skip_special_tokens} leaves out
 */
record AddedToken(String content, boolean lstrip, boolean rstrip, boolean singleWord, boolean normalized, boolean special) {
    /** A token of which only the text is known: a control token, as transformers takes it. */
    static AddedToken control(String content) {
        return new AddedToken(content, false, false, false, false, true);
    }

    /** A token as tokenizer.json and tokenizer_config.json write it; a plain string is a control token. */
    static AddedToken of(JsonNode token, boolean special) {
        if (token.isTextual()) {
            return control(token.asText());
        }
        boolean control = special || token.path("special").asBoolean();
        return new AddedToken(token.path("content").asText(""), token.path("lstrip").asBoolean(), token.path("rstrip").asBoolean(),
                token.path("single_word").asBoolean(), token.path("normalized").asBoolean(!control), control);
    }

    AddedToken asSpecial(boolean value) {
        return new AddedToken(content, lstrip, rstrip, singleWord, normalized, value);
    }

    /** The entry of tokenizer.json. */
    ObjectNode json(int id) {
        return JsonNodeFactory.instance.objectNode().put("id", id).put("content", content).put("single_word", singleWord).put("lstrip", lstrip)
                .put("rstrip", rstrip).put("normalized", normalized).put("special", special);
    }
}
