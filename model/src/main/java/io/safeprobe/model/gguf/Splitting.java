package io.safeprobe.model.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.config.ModelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How a tokenizer makes tokens of a text, as far as llama.cpp can do the same: byte-level BPE behind one of the regular expressions it has built
 * in, found by comparing them, or the BPE of SentencePiece, whose merges become scores. llama.cpp does not normalise: a tokenizer with NFC gives
 * the same tokens for texts that are in NFC.
 *
 * @param byteLevel BPE on bytes rather than on characters
 * @param name tokenizer.ggml.pre
 * @param spaceFirst whether a text gets a space in front
 */
record Splitting(boolean byteLevel, String name, boolean spaceFirst) {
    /** What to do with a tokenizer that llama.cpp lacks. */
    static final String WITHOUT = "write the file with --no-tokenizer, for a program that brings token ids";

    private static final String LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN2 = LLAMA3.replace("\\p{N}{1,3}", "\\p{N}");
    private static final String SPACE = "\u2581";

    /** Two tokens that become one. */
    record Pair(String left, String right) {}

    /** The splitting of a tokenizer.json, or a refusal that says what llama.cpp lacks. */
    static Splitting of(JsonNode tokenizer) {
        JsonNode model = tokenizer.path("model");
        if (!model.path("type").asText("BPE").equals("BPE")) {
            throw refused("is of the kind " + model.path("type").asText());
        }
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.path(affix).asText("").isEmpty() && !model.path(affix).isNull()) {
                throw refused("has a " + affix);
            }
        }
        return model.path("byte_fallback").asBoolean() ? sentencePiece(tokenizer) : byteLevel(tokenizer);
    }

    private static Splitting byteLevel(JsonNode tokenizer) {
        JsonNode normalizer = tokenizer.path("normalizer");
        if (normalizer.isObject() && !normalizer.path("type").asText().equals("NFC")) {
            throw refused("normalises by " + normalizer);
        }
        List<JsonNode> steps = new ArrayList<>();
        JsonNode first = tokenizer.path("pre_tokenizer");
        if (first.path("type").asText().equals("Sequence")) {
            first.path("pretokenizers").forEach(steps::add);
        } else {
            steps.add(first);
        }
        JsonNode bytes = steps.removeLast();
        if (!bytes.path("type").asText().equals("ByteLevel") || bytes.path("add_prefix_space").asBoolean()) {
            throw refused("splits texts by " + first);
        }
        boolean whole = tokenizer.path("model").path("ignore_merges").asBoolean();
        boolean gpt2 = bytes.path("use_regex").asBoolean(true);
        if (steps.isEmpty() && gpt2 && !whole) {
            return new Splitting(true, "gpt-2", false);
        }
        if (steps.size() == 1 && gpt2 && !whole && steps.getFirst().path("type").asText().equals("Digits")
                && steps.getFirst().path("individual_digits").asBoolean()) {
            return new Splitting(true, "smollm", false);
        }
        if (steps.size() == 1 && !gpt2 && isolated(steps.getFirst())) {
            String regex = steps.getFirst().path("pattern").path("Regex").asText();
            if (regex.equals(LLAMA3)) {
                return new Splitting(true, whole ? "llama-bpe" : "dbrx", false);
            }
            if (regex.equals(QWEN2) && !whole) {
                return new Splitting(true, "qwen2", false);
            }
        }
        throw refused("splits texts by " + first + (whole ? " with ignore_merges" : ""));
    }

    private static boolean isolated(JsonNode step) {
        return step.path("type").asText().equals("Split") && step.path("behavior").asText().equals("Isolated") && !step.path("invert").asBoolean();
    }

    private static Splitting sentencePiece(JsonNode tokenizer) {
        JsonNode normalizer = tokenizer.path("normalizer");
        JsonNode steps = normalizer.path("normalizers");
        JsonNode pre = tokenizer.path("pre_tokenizer");
        if (tokenizer.path("model").path("ignore_merges").asBoolean()) {
            throw refused("has ignore_merges");
        }
        if (pre.isObject()) {
            String scheme = pre.path("prepend_scheme").asText("always");
            boolean whole = pre.path("type").asText().equals("Metaspace") && pre.path("replacement").asText().equals(SPACE) && !pre.path("split").asBoolean(true);
            if (whole && !normalizer.isObject() && (scheme.equals("always") || scheme.equals("never"))) {
                return new Splitting(false, "default", scheme.equals("always"));
            }
            throw refused("splits texts by " + pre);
        }
        boolean spaceFirst = steps.size() == 2 && steps.get(0).path("type").asText().equals("Prepend") && steps.get(0).path("prepend").asText().equals(SPACE);
        JsonNode replace = spaceFirst ? steps.get(1) : steps.size() == 1 ? steps.get(0) : normalizer;
        if (!replace.path("type").asText().equals("Replace") || !replace.path("pattern").path("String").asText().equals(" ")
                || !replace.path("content").asText().equals(SPACE)) {
            throw refused("normalises by " + normalizer);
        }
        return new Splitting(false, "default", spaceFirst);
    }

    private static ModelException refused(String fault) {
        return new ModelException("the tokenizer " + fault + ", which llama.cpp has no like of; " + WITHOUT);
    }

    /** Merges as texts with a space between, as they were, or as lists of two, as they are now. */
    static List<Pair> merges(JsonNode merges) {
        List<Pair> pairs = new ArrayList<>();
        merges.forEach(merge -> {
            String text = merge.asText();
            int space = text.indexOf(' ');
            pairs.add(merge.isArray() ? new Pair(merge.path(0).asText(), merge.path(1).asText()) : new Pair(text.substring(0, space), text.substring(space + 1)));
        });
        return pairs;
    }

    /**
     * llama.cpp joins the two neighbours whose token has the highest score. That is what merges do if those of one token follow each other, and
     * if every two tokens that make up a third are a merge; so it is for tokenizers made from a SentencePiece model.
     */
    static float[] scores(JsonNode merges, String[] tokens, int[] kinds, int normal) {
        Set<Pair> known = new HashSet<>();
        Map<String, Integer> rank = new HashMap<>();
        String last = "";
        for (Pair pair : merges(merges)) {
            String made = pair.left() + pair.right();
            known.add(pair);
            if (!made.equals(last) && rank.put(made, rank.size()) != null) {
                throw refused("has merges that make '" + made + "' in two places");
            }
            last = made;
        }
        Set<String> all = new HashSet<>(List.of(tokens));
        float[] scores = new float[tokens.length];
        for (int id = 0; id < tokens.length; id++) {
            String token = tokens[id];
            scores[id] = kinds[id] == normal ? -rank.getOrDefault(token, rank.size()) : 0;
            for (int cut = 1; kinds[id] == normal && cut < token.length(); cut++) {
                Pair pair = new Pair(token.substring(0, cut), token.substring(cut));
                if (all.contains(pair.left()) && all.contains(pair.right()) && !known.contains(pair)) {
                    throw refused("does not merge '" + pair.left() + "' and '" + pair.right() + "' although '" + token + "' is a token");
                }
            }
        }
        return scores;
    }
}
