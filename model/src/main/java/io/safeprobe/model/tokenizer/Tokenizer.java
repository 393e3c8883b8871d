package io.safeprobe.model.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** The tokenizer of a model folder: tokenizer.json, and the special tokens of tokenizer_config.json. */
public final class Tokenizer implements AutoCloseable {
    static {
        // The library unpacks its native part below the user's home and counts its users over the network unless told not to.
        System.setProperty("OPT_OUT_TRACKING", "true");
        if (System.getProperty("DJL_CACHE_DIR") == null && System.getenv("DJL_CACHE_DIR") == null) {
            System.setProperty("DJL_CACHE_DIR", Path.of(System.getProperty("user.home"), ".cache", "safeprobe").toString());
        }
    }

    private final HuggingFaceTokenizer library;
    private final Map<String, Integer> added;
    private final Set<Integer> special;
    private final Map<String, String> named;

    private Tokenizer(HuggingFaceTokenizer library, Map<String, Integer> added, Set<Integer> special, Map<String, String> named) {
        this.library = library;
        this.added = added;
        this.special = special;
        this.named = named;
    }

    /**
     * Opens the tokenizer of a model folder.
     *
     * @throws ModelException when tokenizer.json is missing or not understood
     */
    public static Tokenizer open(Path folder) {
        Path file = folder.resolve("tokenizer.json");
        JsonNode json = ConfigFile.json(file);
        Map<String, Integer> added = new HashMap<>();
        Set<Integer> special = new HashSet<>();
        json.path("added_tokens").forEach(token -> {
            added.put(token.path("content").asText(), token.path("id").asInt());
            if (token.path("special").asBoolean()) {
                special.add(token.path("id").asInt());
            }
        });
        Path settings = folder.resolve("tokenizer_config.json");
        Map<String, String> named = Files.isRegularFile(settings) ? namedTokens(ConfigFile.json(settings)) : Map.of();
        try {
            HuggingFaceTokenizer library = HuggingFaceTokenizer.builder()
                    .optTokenizerPath(file)
                    .optTruncation(false)
                    .optPadding(false)
                    .build();
            return new Tokenizer(library, Map.copyOf(added), Set.copyOf(special), named);
        } catch (IOException | RuntimeException failure) {
            throw new ModelException(file + " is not understood: " + failure.getMessage(), failure);
        }
    }

    private static Map<String, String> namedTokens(JsonNode settings) {
        Map<String, String> named = new LinkedHashMap<>();
        for (String key : List.of("bos_token", "eos_token", "unk_token", "pad_token")) {
            JsonNode token = settings.path(key);
            String text = token.isTextual() ? token.asText() : token.path("content").asText("");
            if (!text.isEmpty()) {
                named.put(key, text);
            }
        }
        return Map.copyOf(named);
    }

    /** Token ids of a text; {@code addSpecialTokens} lets tokenizer.json add what it adds around a text, such as a beginning token. */
    public int[] encode(String text, boolean addSpecialTokens) {
        Encoding encoding = library.encode(text, addSpecialTokens, false);
        long[] ids = encoding.getIds();
        int[] narrow = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            narrow[i] = Math.toIntExact(ids[i]);
        }
        return narrow;
    }

    /** The text of token ids. */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return library.decode(wide, skipSpecialTokens);
    }

    /** Texts of bos_token, eos_token, unk_token and pad_token, as far as tokenizer_config.json names them. */
    public Map<String, String> namedTokens() {
        return named;
    }

    /** Id of the end-of-sequence token, if the folder names one. */
    public OptionalInt endId() {
        Integer id = added.get(named.getOrDefault("eos_token", ""));
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** Whether an id stands for a control token rather than for text. */
    public boolean isSpecial(int id) {
        return special.contains(id);
    }

    @Override
    public void close() {
        library.close();
    }
}
