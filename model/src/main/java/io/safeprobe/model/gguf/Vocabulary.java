package io.safeprobe.model.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.chat.Chat;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.hub.ModelFolder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The tokens of a model as llama.cpp wants them: texts, kinds, special ids, chat template; how texts become tokens is {@link Splitting}'s part. */
final class Vocabulary {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    private final ModelFolder model;
    private final JsonNode tokenizer;
    private final Splitting splitting;
    private final String[] tokens;
    private final int[] kinds;
    private final Map<String, Integer> ids = new HashMap<>();

    private Vocabulary(ModelFolder model, JsonNode tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.splitting = Splitting.of(tokenizer);
        this.tokens = new String[model.config().vocabulary()];
        this.kinds = new int[tokens.length];
        tokenizer.path("model").path("vocab").properties().forEach(item -> put(item.getKey(), item.getValue().asInt(), kind(item.getKey())));
        tokenizer.path("added_tokens").forEach(token -> {
            String text = token.path("content").asText();
            boolean unknown = text.equals(tokenizer.path("model").path("unk_token").asText(""));
            int kind = unknown && !splitting.byteLevel() ? UNKNOWN : token.path("special").asBoolean() ? CONTROL : USER_DEFINED;
            put(text, token.path("id").asInt(), kind);
        });
        for (int id = 0; id < tokens.length; id++) {
            if (kinds[id] == 0) {
                put("[PAD" + id + "]", id, UNUSED);
            }
        }
        Set<String> distinct = new HashSet<>();
        for (String token : tokens) {
            if (!distinct.add(token)) {
                throw new ModelException("the tokenizer has the token '" + token + "' twice, which llama.cpp does not load; " + Splitting.WITHOUT);
            }
        }
    }

    /** Reads the tokenizer of a folder. */
    static Vocabulary of(ModelFolder model) {
        if (!model.hasTokenizer()) {
            throw new ModelException(model.path() + " has no tokenizer.json; " + Splitting.WITHOUT);
        }
        return new Vocabulary(model, ConfigFile.json(model.path().resolve("tokenizer.json")));
    }

    private int kind(String token) {
        boolean bytes = !splitting.byteLevel() && token.matches("<0x[0-9A-F]{2}>");
        return bytes ? BYTE : NORMAL;
    }

    private void put(String text, int id, int kind) {
        if (id < 0 || id >= tokens.length) {
            throw new ModelException("the tokenizer gives '" + text + "' the id " + id + ", but the model has " + tokens.length + " tokens");
        }
        tokens[id] = text;
        kinds[id] = kind;
        ids.put(text, id);
    }

    void describe(Metadata metadata) {
        metadata.text("tokenizer.ggml.model", splitting.byteLevel() ? "gpt2" : "llama").text("tokenizer.ggml.pre", splitting.name());
        metadata.texts("tokenizer.ggml.tokens", Arrays.asList(tokens)).integers("tokenizer.ggml.token_type", kinds);
        JsonNode merges = tokenizer.path("model").path("merges");
        if (splitting.byteLevel()) {
            metadata.texts("tokenizer.ggml.merges", Splitting.merges(merges).stream().map(pair -> pair.left() + " " + pair.right()).toList());
        } else {
            metadata.reals("tokenizer.ggml.scores", Splitting.scores(merges, tokens, kinds, NORMAL)).flag("tokenizer.ggml.add_space_prefix", splitting.spaceFirst());
        }
        JsonNode config = ConfigFile.json(model.path().resolve("config.json"));
        int begin = special(metadata, config, "bos");
        int end = special(metadata, config, "eos");
        named(metadata, "unk_token", "unknown");
        named(metadata, "pad_token", "padding");
        around(metadata, begin, end);
        String template = Chat.findTemplate(model.path());
        if (template != null && !template.isEmpty()) {
            metadata.text("tokenizer.chat_template", template);
        }
    }

    /** As tokenizer_config.json names it, else the first id of config.json; -1 for none. */
    private int special(Metadata metadata, JsonNode config, String which) {
        int named = named(metadata, which + "_token", which);
        JsonNode given = config.path(which + "_token_id");
        JsonNode first = given.isArray() ? given.path(0) : given;
        if (named >= 0 || !first.canConvertToInt()) {
            return named;
        }
        metadata.number("tokenizer.ggml." + which + "_token_id", first.asInt());
        return first.asInt();
    }

    private int named(Metadata metadata, String name, String key) {
        Integer id = ids.get(model.tokenizer().namedTokens().getOrDefault(name, ""));
        if (id == null) {
            return -1;
        }
        metadata.number("tokenizer.ggml." + key + "_token_id", id);
        return id;
    }

    /** What the tokenizer puts around a text: asked of itself, since several places of its files may say so. */
    private void around(Metadata metadata, int begin, int end) {
        List<Integer> bare = Arrays.stream(model.tokenizer().encode("a", false)).boxed().toList();
        List<Integer> whole = Arrays.stream(model.tokenizer().encode("a", true)).boxed().toList();
        boolean first = begin >= 0 && whole.size() > bare.size() && whole.getFirst() == begin;
        boolean last = end >= 0 && whole.size() > bare.size() + (first ? 1 : 0) && whole.getLast() == end;
        if (whole.size() != bare.size() + (first ? 1 : 0) + (last ? 1 : 0)) {
            throw new ModelException("the tokenizer puts the ids " + whole + " in place of " + bare
                    + " around a text; llama.cpp can put the begin and the end token only; " + Splitting.WITHOUT);
        }
        metadata.flag("tokenizer.ggml.add_bos_token", first).flag("tokenizer.ggml.add_eos_token", last);
    }
}
