package io.safeprobe.model.generate;

import io.safeprobe.model.config.ModelException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * What changes or forbids single tokens before one is chosen, be it greedily or by sampling; transformers calls these logits processors. They see the prompt as
 * well as the response, and are applied in the order of the components.
 *
 * @param repetitionPenalty logits of tokens seen before are divided by it, or multiplied where negative (arXiv 1909.05858); 1 for none
 * @param noRepeatNgramSize no so many tokens in a row may occur twice; 0 for no such rule
 * @param badWords sequences of tokens that may not occur in the response; an end token by itself is never forbidden by this
 * @param minLength tokens of prompt and response before which no end token may come; what {@code minNewTokens} says comes before it
 * @param minNewTokens tokens of the response before which no end token may come; 0 for no such rule
 * @param suppressed tokens that may never occur
 * @param suppressedAtBegin tokens with which a response may not begin
 */
public record TokenRules(
        double repetitionPenalty, int noRepeatNgramSize, List<List<Integer>> badWords, int minLength, int minNewTokens, List<Integer> suppressed,
        List<Integer> suppressedAtBegin) {
    /** No rules. */
    public static final TokenRules NONE = new TokenRules(1, 0, List.of(), 0, 0, List.of(), List.of());

    /** Checks the numbers. */
    public TokenRules {
        if (!(repetitionPenalty > 0 && Double.isFinite(repetitionPenalty)) || noRepeatNgramSize < 0 || minLength < 0 || minNewTokens < 0) {
            throw new IllegalArgumentException("rules need a repetition penalty > 0 and lengths >= 0, not " + repetitionPenalty + ", " + noRepeatNgramSize + ", " + minLength
                    + ", " + minNewTokens);
        }
        if (badWords.stream().anyMatch(List::isEmpty)) {
            throw new IllegalArgumentException("a sequence of bad words has no tokens");
        }
        badWords = badWords.stream().map(List::copyOf).toList();
        suppressed = List.copyOf(suppressed);
        suppressedAtBegin = List.copyOf(suppressedAtBegin);
    }

    /** The same with another repetition penalty. */
    public TokenRules withRepetitionPenalty(double penalty) {
        return new TokenRules(penalty, noRepeatNgramSize, badWords, minLength, minNewTokens, suppressed, suppressedAtBegin);
    }

    /**
     * Changes the logits {@code [vocabulary]} of what follows {@code ids}; negative infinity is what may not be chosen.
     *
     * @param prompt tokens of the prompt, with which {@code ids} begins
     * @throws ModelException when nothing is left
     */
    void apply(float[] logits, int[] ids, int prompt, Set<Integer> endIds) {
        if (equals(NONE)) {
            return;
        }
        penalize(logits, ids);
        forbidNgrams(logits, ids);
        forbidBadWords(logits, ids, endIds);
        if (minNewTokens > 0 ? ids.length - prompt < minNewTokens : ids.length < minLength) {
            forbid(logits, endIds);
        }
        forbid(logits, suppressed);
        if (ids.length == prompt) {
            forbid(logits, suppressedAtBegin);
        }
        for (float logit : logits) {
            if (logit > Float.NEGATIVE_INFINITY) {
                return;
            }
        }
        throw new ModelException("after " + ids.length + " tokens every token is forbidden by what generation_config.json or 'set' says (" + this + "); take something of it away");
    }

    private void penalize(float[] logits, int[] ids) {
        if (repetitionPenalty == 1) {
            return;
        }
        float penalty = (float) repetitionPenalty;
        BitSet seen = new BitSet(logits.length);
        for (int id : ids) {
            if (!seen.get(id)) {
                seen.set(id);
                logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
            }
        }
    }

    private void forbidNgrams(float[] logits, int[] ids) {
        int n = noRepeatNgramSize;
        if (n == 0 || ids.length < n) {
            return;
        }
        int last = ids.length - n + 1;
        for (int from = 0; from + n <= ids.length; from++) {
            if (Arrays.equals(ids, from, from + n - 1, ids, last, ids.length)) {
                logits[ids[from + n - 1]] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private void forbidBadWords(float[] logits, int[] ids, Set<Integer> endIds) {
        for (List<Integer> word : badWords) {
            int before = word.size() - 1;
            int id = word.getLast();
            if (id < logits.length && before <= ids.length && !(before == 0 && endIds.contains(id)) && endsWith(ids, word.subList(0, before))) {
                logits[id] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private static boolean endsWith(int[] ids, List<Integer> end) {
        for (int i = 0; i < end.size(); i++) {
            if (ids[ids.length - end.size() + i] != end.get(i)) {
                return false;
            }
        }
        return true;
    }

    /** Ids beyond the vocabulary cannot be chosen anyway. */
    private static void forbid(float[] logits, Iterable<Integer> ids) {
        for (int id : ids) {
            if (id >= 0 && id < logits.length) {
                logits[id] = Float.NEGATIVE_INFINITY;
            }
        }
    }
}
