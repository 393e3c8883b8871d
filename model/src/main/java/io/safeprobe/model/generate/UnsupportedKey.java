package io.safeprobe.model.generate;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.model.config.ConfigFile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A key of generation_config.json that changes what is generated and that is not supported.
 *
 * @param what it would do
 * @param neutral the number that changes nothing; null where only null, false and what is empty do
 * @param sampling whether it changes nothing as long as the likeliest token is taken
 */
record UnsupportedKey(String key, String what, @Nullable Double neutral, boolean sampling) {
    /** All of them, as of transformers 5.18. */
    static final List<UnsupportedKey> ALL = List.of(
            always("num_beams", "beam search", 1.0),
            always("num_beam_groups", "diverse beam search", 1.0),
            always("diversity_penalty", "diverse beam search", 0.0),
            always("constraints", "constrained beam search", null),
            always("force_words_ids", "constrained beam search", null),
            always("penalty_alpha", "contrastive search", 0.0),
            always("dola_layers", "DoLa decoding", null),
            always("guidance_scale", "classifier-free guidance", 1.0),
            always("sequence_bias", "biased sequences", null),
            always("encoder_repetition_penalty", "a penalty on what is not in the prompt", 1.0),
            always("encoder_no_repeat_ngram_size", "no n-gram of the prompt", 0.0),
            always("forced_bos_token_id", "a forced first token", null),
            always("forced_eos_token_id", "a forced last token", null),
            always("exponential_decay_length_penalty", "a growing chance of the end token", null),
            always("watermarking_config", "watermarks", null),
            always("token_healing", "healed prompts", null),
            always("max_time", "a time limit", null),
            always("num_return_sequences", "several responses to a prompt", 1.0),
            always("assistant_early_exit", "assisted decoding", null),
            always("assistant_ensemble_weight", "a mixture with an assistant", null),
            always("speculation_type", "speculative decoding", null),
            always("use_mtp", "prediction of several tokens", null),
            sampling("top_h", "top-h sampling", null),
            sampling("typical_p", "typical sampling", 1.0),
            sampling("epsilon_cutoff", "epsilon sampling", 0.0),
            sampling("eta_cutoff", "eta sampling", 0.0));

    private static UnsupportedKey always(String key, String what, @Nullable Double neutral) {
        return new UnsupportedKey(key, what, neutral, false);
    }

    private static UnsupportedKey sampling(String key, String what, @Nullable Double neutral) {
        return new UnsupportedKey(key, what, neutral, true);
    }

    /** Whether the value changes what is generated. */
    boolean matters(JsonNode value) {
        return ConfigFile.isSet(value) && !(neutral != null && value.isNumber() && value.asDouble() == neutral);
    }
}
