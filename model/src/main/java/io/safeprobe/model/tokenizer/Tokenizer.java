package io.safeprobe.model.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/** The tokenizer of a model folder: tokenizer.json, and the special tokens of the files beside it. */
public final class Tokenizer implements AutoCloseable {
    static {
        // The library unpacks its native part below the user's home and counts its users over the network unless told not to.
        System.setProperty("OPT_OUT_TRACKING", "true");
        if (System.getProperty("DJL_CACHE_DIR") == null && System.getenv("DJL_CACHE_DIR") == null) {
            System.setProperty("DJL_CACHE_DIR", Path.of(System.getProperty("user.home"), ".cache", "safeprobe").toString());
        }
    }

    private final HuggingFaceTokenizer library;
    private final Set<Integer> special;
    private final Map<String, Integer> specialTexts;
    private final Set<Integer> bytes;
    private final BitSet known;
    private final Map<String, String> named;
    private final OptionalInt end;
    private final boolean cleansUp;
    private final Optional<String> difference;

    private Tokenizer(HuggingFaceTokenizer library, JsonNode json, Vocabulary vocabulary, TokenizerSettings settings) {
        this.library = library;
        this.special = vocabulary.added().entrySet().stream().filter(token -> token.getValue().special()).map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
        this.specialTexts = vocabulary.added().entrySet().stream().filter(token -> token.getValue().special())
                .collect(Collectors.toUnmodifiableMap(token -> token.getValue().content(), Map.Entry::getKey, Math::min));
        this.bytes = json.path("decoder").findValuesAsText("type").contains("ByteFallback") ? Set.copyOf(vocabulary.bytes()) : Set.of();
        this.known = vocabulary.known();
        this.named = Map.copyOf(settings.namedTokens());
        Integer id = vocabulary.id(named.getOrDefault("eos_token", ""));
        this.end = id == null ? OptionalInt.empty() : OptionalInt.of(id);
        this.difference = settings.difference(json);
        JsonNode model = json.path("model");
        this.cleansUp = settings.cleansUp(model.path("type").asText(model.has("merges") ? "BPE" : "").equals("BPE"));
    }

    /**
     * Opens the tokenizer of a model folder. {@code padding} and {@code truncation} of tokenizer.json are passed over, as transformers does on a plain call.
     *
     * @throws ModelException when tokenizer.json is missing or not understood
     */
    public static Tokenizer open(Path folder) {
        Path file = folder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            refuseOtherFormats(folder);
        }
        JsonNode json = ConfigFile.json(file);
        TokenizerSettings settings = new TokenizerSettings(folder);
        Vocabulary vocabulary = new Vocabulary(json);
        vocabulary.complete(settings, folder);
        try (InputStream content = vocabulary.changed() ? new ByteArrayInputStream(completed(json, vocabulary)) : Files.newInputStream(file)) {
            HuggingFaceTokenizer library = HuggingFaceTokenizer.newInstance(content, Map.of("padding", "false", "truncation", "false"));
            return new Tokenizer(library, json, vocabulary, settings);
        } catch (IOException | RuntimeException failure) {
            throw new ModelException(file + " is not understood: " + failure.getMessage(), failure);
        }
    }

    private static void refuseOtherFormats(Path folder) {
        for (String name : List.of("tokenizer.model", "spiece.model", "tekken.json", "tiktoken.model", "vocab.json", "vocab.txt")) {
            if (Files.isRegularFile(folder.resolve(name))) {
                throw new ModelException(folder.resolve("tokenizer.json") + " is missing; " + name + " alone is not supported. Make tokenizer.json of it once,"
                        + " in Python: AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)");
            }
        }
    }

    private static byte[] completed(JsonNode json, Vocabulary vocabulary) {
        ObjectNode whole = (ObjectNode) json;
        whole.putArray("added_tokens").addAll(vocabulary.added().entrySet().stream().sorted(Map.Entry.comparingByKey())
                .map(token -> token.getValue().json(token.getKey())).toList());
        return whole.toString().getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Token ids of a text; {@code addSpecialTokens} lets tokenizer.json add what it adds around a text, such as a beginning token.
     *
     * @throws ModelException when the text has half a surrogate pair, which has no UTF-8
     */
    public int[] encode(String text, boolean addSpecialTokens) {
        requireWhole(text);
        Encoding encoding = library.encode(text, addSpecialTokens, false);
        long[] ids = encoding.getIds();
        int[] narrow = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            narrow[i] = Math.toIntExact(ids[i]);
        }
        return narrow;
    }

    private static void requireWhole(String text) {
        for (int i = 0; i < text.length(); i++) {
            // A whole pair is a code point beyond the surrogates, and its second half is passed over by the half before it.
            boolean second = i > 0 && Character.isSurrogatePair(text.charAt(i - 1), text.charAt(i));
            if (!second && Character.isSurrogate(text.charAt(i)) && Character.charCount(text.codePointAt(i)) == 1) {
                throw new ModelException("the text has half a surrogate pair (\\u" + Integer.toHexString(text.charAt(i)) + " at position " + i
                        + "), which is no character; mend the text");
            }
        }
    }

    /**
     * The text of token ids; ids that no token has are passed over. An added token that is looked for in normalized text is written as its definition has it;
     * tokenizers 0.22 and newer write it normalized.
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        String text = library.decode(wide, skipSpecialTokens);
        return cleansUp ? cleanedUp(text) : text;
    }

    /** {@code clean_up_tokenization} of transformers. */
    private static String cleanedUp(String text) {
        return text.replace(" .", ".").replace(" ?", "?").replace(" !", "!").replace(" ,", ",").replace(" ' ", "'").replace(" n't", "n't")
                .replace(" 'm", "'m").replace(" 's", "'s").replace(" 've", "'ve").replace(" 're", "'re");
    }

    /** Texts of bos_token, eos_token, unk_token, pad_token and so on, as far as the folder names them. */
    public Map<String, String> namedTokens() {
        return named;
    }

    /** Id of the end-of-sequence token, if the folder names one. */
    public OptionalInt endId() {
        return end;
    }

    /** Id of the control token with that text, if it is one. */
    public OptionalInt specialId(String text) {
        Integer id = specialTexts.get(text);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** In what ids of this tokenizer differ from those of transformers 5, for people; nothing where they do not. */
    public Optional<String> difference() {
        return difference;
    }

    /** Whether an id stands for a control token rather than for text. */
    public boolean isSpecial(int id) {
        return special.contains(id);
    }

    /** Whether an id has a part in the text that is decoded without control tokens. */
    boolean isText(int id) {
        return id >= 0 && known.get(id) && !special.contains(id);
    }

    /** Whether an id stands for a single byte whose character only the bytes around it tell. */
    boolean isByte(int id) {
        return bytes.contains(id);
    }

    /** Whether later tokens may take back blanks of the text. */
    boolean cleansUp() {
        return cleansUp;
    }

    @Override
    public void close() {
        library.close();
    }
}
