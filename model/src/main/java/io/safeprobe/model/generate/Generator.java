package io.safeprobe.model.generate;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.KvCache;
import io.safeprobe.model.decoder.PackedTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/** Generates responses, a batch of prompts at a time over one key/value cache. */
public final class Generator {
    private final Memory memory;
    private final Kernels kernels;
    private final DecoderConfig config;
    private final Function<Graph, Forward> model;
    private final Set<Integer> stopIds;

    /**
     * A generator.
     *
     * @param model makes the forward computation of the model, with adapter or without, in a graph
     * @param stopIds tokens that end a response; they are not part of it
     */
    public Generator(Memory memory, Kernels kernels, DecoderConfig config, Function<Graph, Forward> model, Set<Integer> stopIds) {
        this.memory = memory;
        this.kernels = kernels;
        this.config = config;
        this.model = model;
        this.stopIds = Set.copyOf(stopIds);
    }

    /** Takes each token as it comes. */
    public interface Listener {
        /** Prompt {@code sequence} got the token {@code id}. */
        void token(int sequence, int id);
    }

    /** One response: its tokens, and whether a stop token ended it rather than the limit. */
    public record Response(List<Integer> ids, boolean finished) {
        /** The tokens as an array. */
        public int[] toArray() {
            return ids.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    /**
     * Responses to prompts of any lengths, each independent of its neighbours: the random numbers of prompt i depend on the seed and i
     * only.
     *
     * @param maxNew the most tokens of a response; one also ends, unfinished, where the model's context is full
     * @param cancelled asked before every step; when true, what there is so far is returned
     */
    public List<Response> generate(List<int[]> prompts, int maxNew, Sampling sampling, long seed, Listener listener, BooleanSupplier cancelled) {
        int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
        if (longest > config.maxPositions()) {
            throw new ModelException("a prompt has " + longest + " tokens, but the model's context holds " + config.maxPositions() + "; shorten it");
        }
        List<Sampler> samplers = new ArrayList<>();
        List<List<Integer>> found = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            samplers.add(new Sampler(sampling, random(seed, i)));
            found.add(new ArrayList<>());
        }
        boolean[] finished = new boolean[prompts.size()];
        try (Scope lasting = memory.scope()) {
            int context = Math.min(longest + maxNew, config.maxPositions());
            KvCache cache = new KvCache(lasting, config, prompts.size(), context);
            int[] open = IntStream.range(0, prompts.size()).toArray();
            int[] past = new int[prompts.size()];
            List<int[]> next = new ArrayList<>(prompts);
            for (int step = 0; step < maxNew && open.length > 0 && !cancelled.getAsBoolean(); step++) {
                int[] slots = open;
                restartWhereRotationChanges(prompts, found, past, next, slots);
                float[][] logits = step(cache, slots, past, next);
                for (int i = 0; i < slots.length; i++) {
                    int slot = slots[i];
                    past[slot] += next.get(slot).length;
                    requireFinite(logits[i]);
                    int id = samplers.get(slot).choose(logits[i]);
                    if (stopIds.contains(id)) {
                        finished[slot] = true;
                    } else {
                        found.get(slot).add(id);
                        next.set(slot, new int[] {id});
                        listener.token(slot, id);
                    }
                }
                open = Arrays.stream(open).filter(slot -> !finished[slot] && past[slot] < context).toArray();
            }
        }
        List<Response> responses = new ArrayList<>();
        for (int i = 0; i < finished.length; i++) {
            responses.add(new Response(List.copyOf(found.get(i)), finished[i]));
        }
        return responses;
    }

    /**
     * Where the rotary frequencies depend on the length of the sequence, and the next token changes them, the cached keys are of no use: the
     * sequence is computed again as a whole.
     */
    private void restartWhereRotationChanges(List<int[]> prompts, List<List<Integer>> found, int[] past, List<int[]> next, int[] slots) {
        for (int slot : slots) {
            int whole = past[slot] + next.get(slot).length;
            if (past[slot] > 0 && config.ropeScaling().span(past[slot]) != config.ropeScaling().span(whole)) {
                next.set(slot, IntStream.concat(Arrays.stream(prompts.get(slot)), found.get(slot).stream().mapToInt(Integer::intValue)).toArray());
                past[slot] = 0;
            }
        }
    }

    private static void requireFinite(float[] logits) {
        for (float logit : logits) {
            if (!Float.isFinite(logit)) {
                throw new ModelException("the model's logits are not finite: its weights, or those of its adapter, are damaged or have diverged; nothing it says can be used");
            }
        }
    }

    private float[][] step(KvCache cache, int[] slots, int[] past, List<int[]> next) {
        try (Scope scope = memory.scope()) {
            Forward forward = model.apply(new Graph(kernels, scope));
            PackedTokens tokens = PackedTokens.continuing(
                    Arrays.stream(slots).mapToObj(next::get).toList(), Arrays.stream(slots).map(slot -> past[slot]).toArray());
            Value hidden = forward.hidden(tokens, cache, slots);
            Tensor logits = forward.logits(hidden, tokens.lastRows()).tensor();
            float[][] rows = new float[slots.length][];
            for (int i = 0; i < slots.length; i++) {
                rows[i] = logits.rows(i, 1).toFloats();
            }
            return rows;
        }
    }

    private static RandomGenerator random(long seed, int sequence) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 0x9E3779B97F4A7C15L + sequence);
    }
}
