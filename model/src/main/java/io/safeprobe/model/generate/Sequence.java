package io.safeprobe.model.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** A prompt and as much of its response as there is. */
final class Sequence {
    private final Sampler sampler;
    private final GenerationConfig config;
    private final int prompt;
    private final int most;
    private final int capacity;
    private final List<Double> logProbs = new ArrayList<>();
    private int[] ids;
    private int cached;
    private boolean finished;
    private OptionalInt end = OptionalInt.empty();

    /** A sequence without a response; {@code context} is the most tokens that the model can read. */
    Sequence(int[] prompt, GenerationConfig config, int context, Sampler sampler) {
        this.sampler = sampler;
        this.config = config;
        this.prompt = prompt.length;
        this.ids = prompt.clone();
        this.most = config.most(prompt.length);
        this.capacity = (int) Math.min((long) prompt.length + most, context);
    }

    /** The most tokens that are ever read. */
    int capacity() {
        return capacity;
    }

    /** Tokens whose keys and values are in the cache. */
    int cached() {
        return cached;
    }

    int length() {
        return ids.length;
    }

    /** The tokens that are to be read before the next can be chosen. */
    int[] unread() {
        return Arrays.copyOfRange(ids, cached, ids.length);
    }

    /** Has all tokens read again. */
    void forgetCached() {
        cached = 0;
    }

    boolean open() {
        return !finished && ids.length - prompt < most && cached < capacity;
    }

    /** Takes the logits after the last token, all tokens having been read, and returns the token that follows; empty if that is the end. */
    OptionalInt extend(float[] logits) {
        cached = ids.length;
        float[] allowed = config.logProbs() ? logits.clone() : logits;
        config.rules().apply(allowed, ids, prompt, config.endIds());
        int id = sampler.choose(allowed);
        if (config.logProbs()) {
            logProbs.add(logProbability(logits, id));
        }
        if (config.endIds().contains(id)) {
            finished = true;
            end = OptionalInt.of(id);
            return OptionalInt.empty();
        }
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = id;
        return OptionalInt.of(id);
    }

    /** Ends the response with its last token. */
    void finish() {
        finished = true;
    }

    Generator.Response response() {
        return new Generator.Response(Arrays.stream(ids, prompt, ids.length).boxed().toList(), finished, end, logProbs);
    }

    private static double logProbability(float[] logits, int id) {
        double max = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        return logits[id] - max - Math.log(sum);
    }
}
