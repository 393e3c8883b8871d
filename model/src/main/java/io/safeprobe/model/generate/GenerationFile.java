package io.safeprobe.model.generate;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * generation_config.json of a model folder, obeyed as transformers does. It is read when something is to be generated, so that a folder can be opened and
 * trained whatever it says; a key that would change what is generated and is not supported, or not known, is then refused by name.
 *
 * <p>Where it says nothing: greedy; top-k 50 once sampling is asked for; responses of at most {@value #MOST} tokens, where transformers has 20. The end tokens
 * are its own, or else those of config.json, and always that of the tokenizer, with which a response of the chat template ends.
 */
public final class GenerationFile {
    private static final int MOST = 128;
    private static final int TOP_K = 50;

    private static final Set<String> SUPPORTED = Set.of(
            "do_sample", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "no_repeat_ngram_size", "bad_words_ids", "min_length", "min_new_tokens",
            "suppress_tokens", "begin_suppress_tokens", "max_new_tokens", "max_length", "eos_token_id", "stop_strings");

    /**
     * Keys that change no response: provenance, what is returned beside it, how it is computed, what only beam search or assistants ask for, and normalised
     * logits, which are the same probabilities. (Logits that are not finite are always an error, whatever remove_invalid_values says.)
     */
    private static final Set<String> HARMLESS = Set.of(
            "transformers_version", "_from_model_config", "_commit_hash", "_name_or_path", "bos_token_id", "pad_token_id", "decoder_start_token_id", "output_attentions",
            "output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate", "return_dict", "return_legacy_cache", "use_cache", "cache_config",
            "max_cache_len", "compile_config", "disable_compile", "continuous_batching_config", "prefill_chunk_size", "low_memory", "early_stopping", "length_penalty",
            "renormalize_logits", "remove_invalid_values", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold",
            "assistant_lookbehind", "target_lookbehind", "prompt_lookup_num_tokens", "max_matching_ngram_size", "trust_remote_code", "chat_format");

    private final JsonNode json;
    private final Set<Integer> endIds;
    private final Set<Integer> tokenizerEnd;

    /**
     * The file.
     *
     * @param json what is in it; missing where there is no file
     * @param endIds end tokens that config.json names
     * @param tokenizerEnd that of the tokenizer, if it has one
     */
    public GenerationFile(JsonNode json, Set<Integer> endIds, Set<Integer> tokenizerEnd) {
        this.json = json;
        this.endIds = Set.copyOf(endIds);
        this.tokenizerEnd = Set.copyOf(tokenizerEnd);
    }

    /**
     * What it asks for; what is not supported is left out, and {@link #requireSupported} says whether there is any.
     *
     * @param ignored keys to be passed over
     * @param greedy whether the likeliest token is to be taken even where the file says do_sample; top-k and so on stay, for a caller that sets a temperature
     * @throws ModelException naming the key whose value makes no sense
     */
    public GenerationConfig read(Set<String> ignored, boolean greedy) {
        GenerationKeys keys = new GenerationKeys(json, ignored);
        double temperature = keys.number("temperature", 1, Double.MIN_VALUE, Double.MAX_VALUE);
        Sampling sampling = new Sampling(
                keys.flag("do_sample") && !greedy ? temperature : 0, keys.count("top_k", TOP_K), keys.number("top_p", 1, 0, 1), keys.number("min_p", 0, 0, 1));
        TokenRules rules = new TokenRules(
                keys.number("repetition_penalty", 1, Float.MIN_NORMAL, Float.MAX_VALUE), keys.count("no_repeat_ngram_size", 0), keys.idLists("bad_words_ids"),
                keys.count("min_length", 0), keys.count("min_new_tokens", 0), keys.idList("suppress_tokens"), keys.idList("begin_suppress_tokens"));
        int maxLength = keys.count("max_length", 0);
        int maxNewTokens = keys.count("max_new_tokens", 0);
        Set<Integer> ends = new HashSet<>(keys.ids("eos_token_id", endIds));
        ends.addAll(tokenizerEnd);
        return new GenerationConfig(sampling, rules, maxNewTokens == 0 && maxLength == 0 ? MOST : maxNewTokens, maxLength, ends, keys.texts("stop_strings"), false);
    }

    /**
     * Refuses what would change the response and is not supported.
     *
     * @param greedy whether the likeliest token is taken, so that keys of sampling do not matter
     * @throws ModelException naming all such keys
     */
    public void requireSupported(Set<String> ignored, boolean greedy) {
        List<String> refused = new ArrayList<>();
        List<String> names = new ArrayList<>();
        json.properties().forEach(item -> {
            String key = item.getKey();
            if (!ignored.contains(key)) {
                reason(key, item.getValue(), greedy).ifPresent(reason -> {
                    refused.add(key + " = " + ConfigFile.shortened(item.getValue()) + " (" + reason + ")");
                    names.add(key);
                });
            }
        });
        if (!refused.isEmpty()) {
            throw new ModelException("generation_config.json sets " + String.join(", ", refused) + ", which is not supported; 'set ignore " + String.join(",", names)
                    + "' generates without");
        }
    }

    private static Optional<String> reason(String key, JsonNode value, boolean greedy) {
        if (key.equals("cache_implementation")) {
            return value.asText().equals("quantized") ? Optional.of("rounded keys and values") : Optional.empty();
        }
        for (UnsupportedKey known : UnsupportedKey.ALL) {
            if (known.key().equals(key)) {
                return known.matters(value) && !(greedy && known.sampling()) ? Optional.of(known.what()) : Optional.empty();
            }
        }
        return SUPPORTED.contains(key) || HARMLESS.contains(key) || !ConfigFile.isSet(value) ? Optional.empty() : Optional.of("not known");
    }
}
