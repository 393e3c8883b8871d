package io.safeprobe.model.generate;

import io.safeprobe.model.config.ModelException;
import java.util.List;
import java.util.Set;

/**
 * All that decides what is generated from a prompt, besides the model and the random numbers.
 *
 * @param maxNewTokens the most tokens of a response; 0 where {@code maxLength} says it
 * @param maxLength the most tokens of prompt and response together; {@code maxNewTokens} comes before it
 * @param endIds tokens that end a response; they are not part of it
 * @param stopStrings texts that end a response; see {@link TextGenerator}
 * @param logProbs whether the log-probability of each token is wanted as well
 */
public record GenerationConfig(
        Sampling sampling, TokenRules rules, int maxNewTokens, int maxLength, Set<Integer> endIds, List<String> stopStrings, boolean logProbs) {
    /** Checks the numbers. */
    public GenerationConfig {
        if (maxNewTokens < 0 || maxLength < 0 || maxNewTokens + (long) maxLength == 0) {
            throw new IllegalArgumentException("a response needs at least one token, not " + maxNewTokens + ", " + maxLength);
        }
        if (stopStrings.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("a stop string is empty");
        }
        endIds = Set.copyOf(endIds);
        stopStrings = List.copyOf(stopStrings);
    }

    /** The likeliest tokens, that end where the limit is. */
    public static GenerationConfig greedy(int maxNewTokens) {
        return new GenerationConfig(Sampling.GREEDY, TokenRules.NONE, maxNewTokens, 0, Set.of(), List.of(), false);
    }

    /** The same, sampled otherwise. */
    public GenerationConfig with(Sampling other) {
        return new GenerationConfig(other, rules, maxNewTokens, maxLength, endIds, stopStrings, logProbs);
    }

    /** The same with other rules. */
    public GenerationConfig with(TokenRules other) {
        return new GenerationConfig(sampling, other, maxNewTokens, maxLength, endIds, stopStrings, logProbs);
    }

    /** The same with another limit. */
    public GenerationConfig withMaxNewTokens(int most) {
        return new GenerationConfig(sampling, rules, most, maxLength, endIds, stopStrings, logProbs);
    }

    /** The same with other end tokens. */
    public GenerationConfig withEndIds(Set<Integer> ids) {
        return new GenerationConfig(sampling, rules, maxNewTokens, maxLength, ids, stopStrings, logProbs);
    }

    /** The same with other stop strings. */
    public GenerationConfig withStopStrings(List<String> strings) {
        return new GenerationConfig(sampling, rules, maxNewTokens, maxLength, endIds, strings, logProbs);
    }

    /** The same with log-probabilities, or without. */
    public GenerationConfig withLogProbs(boolean wanted) {
        return new GenerationConfig(sampling, rules, maxNewTokens, maxLength, endIds, stopStrings, wanted);
    }

    /**
     * The most tokens of a response to a prompt of {@code prompt} tokens.
     *
     * @throws ModelException when there may be none
     */
    int most(int prompt) {
        if (maxNewTokens == 0 && maxLength <= prompt) {
            throw new ModelException("a prompt has " + prompt + " tokens, but max_length of generation_config.json allows " + maxLength
                    + " for prompt and response together; 'set max-new-tokens' overrides it");
        }
        return maxNewTokens > 0 ? maxNewTokens : maxLength - prompt;
    }
}
