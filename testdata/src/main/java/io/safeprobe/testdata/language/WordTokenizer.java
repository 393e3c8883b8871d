package io.safeprobe.testdata.language;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The vocabulary: special tokens, the 256 bytes, and every word of the language as one token. A word outside the language is spelt in bytes, so any text can be encoded and comes back
 * unchanged. In terms of {@code tokenizer.json} this is a byte-level BPE model without merges, with {@code ignore_merges} on (a piece that is in the vocabulary as a whole is taken as it is).
 */
final class WordTokenizer {

    /** How byte-level tokenizers cut text into pieces before any merging (the pattern of GPT-2, which the file format calls {@code ByteLevel} with {@code use_regex}). */
    private static final Pattern PIECE =
            Pattern.compile("'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

    /** The vocabulary's size is a multiple of this, filled up with reserved tokens: an even width of the embedding table. */
    private static final int GRANULE = 64;

    private final Map<String, Integer> ids = new LinkedHashMap<>();
    private final List<String> special = new ArrayList<>(ChatFormat.SPECIAL_TOKENS);

    WordTokenizer(Iterable<String> corpus) {
        SortedSet<String> words = new TreeSet<>();
        for (String text : corpus) {
            String rest = text;
            for (String token : ChatFormat.SPECIAL_TOKENS) {
                rest = rest.replace(token, "\n");
            }
            for (Matcher pieces = PIECE.matcher(rest); pieces.find(); ) {
                String piece = spell(pieces.group());
                if (piece.length() > 1) {
                    words.add(piece);
                }
            }
        }
        int known = ChatFormat.SPECIAL_TOKENS.size() + 256 + words.size();
        for (int i = 0; i < Math.ceilDiv(known, GRANULE) * GRANULE - known; i++) {
            special.add("<|reserved_" + i + "|>");
        }
        for (String token : special) {
            ids.put(token, ids.size());
        }
        for (int b = 0; b < 256; b++) {
            ids.put(String.valueOf(letterOf(b)), ids.size());
        }
        for (String word : words) {
            ids.put(word, ids.size());
        }
    }

    int size() {
        return ids.size();
    }

    int id(String token) {
        Integer id = ids.get(token);
        if (id == null) {
            throw new IllegalArgumentException("the vocabulary has no token '" + token + "'");
        }
        return id;
    }

    /** The content of {@code tokenizer.json}. */
    Map<String, Object> file() {
        List<Object> added = new ArrayList<>();
        for (String token : special) {
            added.add(
                    ordered("id", id(token), "content", token, "single_word", false, "lstrip", false, "rstrip", false, "normalized", false, "special", true));
        }
        return ordered(
                "version", "1.0",
                "truncation", Json.Nothing.NULL,
                "padding", Json.Nothing.NULL,
                "added_tokens", added,
                "normalizer", Json.Nothing.NULL,
                "pre_tokenizer", byteLevel(),
                "post_processor", Json.Nothing.NULL,
                "decoder", byteLevel(),
                "model",
                        ordered(
                                "type", "BPE",
                                "dropout", Json.Nothing.NULL,
                                "unk_token", Json.Nothing.NULL,
                                "continuing_subword_prefix", Json.Nothing.NULL,
                                "end_of_word_suffix", Json.Nothing.NULL,
                                "fuse_unk", false,
                                "byte_fallback", false,
                                "ignore_merges", true,
                                "vocab", ids,
                                "merges", List.of()));
    }

    /** The content of {@code tokenizer_config.json}. */
    Map<String, Object> configuration() {
        return ordered(
                "tokenizer_class", "PreTrainedTokenizerFast",
                "bos_token", ChatFormat.BEGIN,
                "eos_token", ChatFormat.END,
                "pad_token", ChatFormat.PAD,
                "add_bos_token", false,
                "clean_up_tokenization_spaces", false,
                "model_max_length", DemoModel.MAX_POSITIONS,
                "chat_template", ChatFormat.TEMPLATE);
    }

    private static Map<String, Object> byteLevel() {
        return ordered("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", false, "use_regex", true);
    }

    /** The text's bytes, each written as the letter that stands for it in vocabulary files. */
    private static String spell(String text) {
        StringBuilder spelt = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            spelt.append(letterOf(b & 0xff));
        }
        return spelt.toString();
    }

    /** Printable Latin-1 bytes stand for themselves; the others, in order, are the characters from U+0100 on (a space is U+0120). */
    private static char letterOf(int value) {
        if (printable(value)) {
            return (char) value;
        }
        int rank = 0;
        for (int b = 0; b < value; b++) {
            if (!printable(b)) {
                rank++;
            }
        }
        return (char) (0x100 + rank);
    }

    private static boolean printable(int value) {
        return (value >= 0x21 && value <= 0x7e) || (value >= 0xa1 && value <= 0xac) || (value >= 0xae && value <= 0xff);
    }

    private static Map<String, Object> ordered(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
