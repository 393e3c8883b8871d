package io.safeprobe.model.generate;

import io.safeprobe.engine.autograd.Graph;
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
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** Generates responses, a batch of prompts at a time over one key/value cache. */
public final class Generator {
    /** Tokens read at once: enough that reading the weights costs little beside the arithmetic, few enough that what a layer computes in between stays small. */
    private static final int TOKENS_AT_ONCE = 2048;

    private final Memory memory;
    private final Kernels kernels;
    private final DecoderConfig config;
    private final Function<Graph, Forward> model;

    /**
     * A generator.
     *
     * @param model makes the forward computation of the model, with adapter or without, in a graph
     */
    public Generator(Memory memory, Kernels kernels, DecoderConfig config, Function<Graph, Forward> model) {
        this.memory = memory;
        this.kernels = kernels;
        this.config = config;
        this.model = model;
    }

    /** Takes each token as it comes. */
    public interface Listener {
        /** Nobody listens. */
        Listener NONE = (sequence, id) -> false;

        /** Prompt {@code sequence} got the token {@code id}; returns whether its response is to end with it. */
        boolean token(int sequence, int id);
    }

    /**
     * One response.
     *
     * @param ids its tokens, without an end token
     * @param finished whether an end token or the listener ended it rather than a limit
     * @param end the end token, where one was chosen
     * @param logProbs where wanted, the log-probability of each token and then of the end token: of the model itself, before rules and temperature; what
     *     transformers' {@code compute_transition_scores} gives for {@code output_logits} with {@code normalize_logits=True}
     */
    public record Response(List<Integer> ids, boolean finished, OptionalInt end, List<Double> logProbs) {
        /** Copies the lists. */
        public Response {
            ids = List.copyOf(ids);
            logProbs = List.copyOf(logProbs);
        }

        /** The tokens as an array. */
        public int[] toArray() {
            return ids.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    /**
     * Responses to prompts of any lengths, each independent of its neighbours: rows of a batch share no arithmetic, so what a prompt gets with others is what it
     * gets alone. (Products of up to four rows are computed by another kernel than those of more, so logits may differ in their last bits, which
     * decides a token only where two are as good as equal.)
     *
     * @param cancelled asked before every step; when true, what there is so far is returned
     */
    public List<Response> generate(List<int[]> prompts, GenerationConfig generation, Seeds seeds, Listener listener, BooleanSupplier cancelled) {
        List<Sequence> sequences = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            int[] prompt = prompts.get(i);
            if (prompt.length == 0) {
                throw new ModelException("prompt " + (i + 1) + " has no tokens, so there is nothing to go on from; write something");
            }
            if (prompt.length > config.maxPositions()) {
                throw new ModelException("a prompt has " + prompt.length + " tokens, but the model's context holds " + config.maxPositions() + "; shorten it");
            }
            sequences.add(new Sequence(prompt, generation, config.maxPositions(), new Sampler(generation.sampling(), seeds.random(i))));
        }
        try (Scope lasting = memory.scope()) {
            KvCache cache = new KvCache(lasting, config, sequences.stream().mapToInt(Sequence::capacity).toArray());
            List<Integer> open = open(sequences);
            while (!open.isEmpty()) {
                restartWhereRotationChanges(sequences, open);
                for (int from = 0; from < open.size(); ) {
                    if (cancelled.getAsBoolean()) {
                        return responses(sequences);
                    }
                    int to = part(sequences, open, from);
                    step(cache, sequences, open.subList(from, to).stream().mapToInt(Integer::intValue).toArray(), listener);
                    from = to;
                }
                open = open(sequences);
            }
        }
        return responses(sequences);
    }

    private static List<Response> responses(List<Sequence> sequences) {
        return sequences.stream().map(Sequence::response).toList();
    }

    private static List<Integer> open(List<Sequence> sequences) {
        List<Integer> open = new ArrayList<>();
        for (int slot = 0; slot < sequences.size(); slot++) {
            if (sequences.get(slot).open()) {
                open.add(slot);
            }
        }
        return open;
    }

    /** The end of as many sequences from {@code from} on as are read at once; one at least. */
    private static int part(List<Sequence> sequences, List<Integer> open, int from) {
        int to = from;
        long tokens = 0;
        do {
            Sequence next = sequences.get(open.get(to));
            tokens += next.length() - next.cached();
            to++;
        } while (to < open.size() && tokens + sequences.get(open.get(to)).length() - sequences.get(open.get(to)).cached() <= TOKENS_AT_ONCE);
        return to;
    }

    /**
     * Where the rotary frequencies depend on the length of the sequence, and the next token changes them, the cached keys are of no use: the
     * sequence is computed again as a whole.
     */
    private void restartWhereRotationChanges(List<Sequence> sequences, List<Integer> open) {
        for (int slot : open) {
            Sequence sequence = sequences.get(slot);
            if (sequence.cached() > 0 && config.ropeScaling().span(sequence.cached()) != config.ropeScaling().span(sequence.length())) {
                sequence.forgetCached();
            }
        }
    }

    private void step(KvCache cache, List<Sequence> sequences, int[] slots, Listener listener) {
        float[][] logits = logits(cache, sequences, slots);
        for (int i = 0; i < slots.length; i++) {
            int slot = slots[i];
            requireFinite(logits[i]);
            Sequence sequence = sequences.get(slot);
            sequence.extend(logits[i]).ifPresent(id -> {
                if (listener.token(slot, id)) {
                    sequence.finish();
                }
            });
        }
    }

    private static void requireFinite(float[] logits) {
        for (float logit : logits) {
            if (!Float.isFinite(logit)) {
                throw new ModelException("the model's logits are not finite: its weights, or those of its adapter, are damaged or have diverged; nothing it says can be used");
            }
        }
    }

    private float[][] logits(KvCache cache, List<Sequence> sequences, int[] slots) {
        List<int[]> unread = new ArrayList<>();
        int[] cached = new int[slots.length];
        for (int i = 0; i < slots.length; i++) {
            unread.add(sequences.get(slots[i]).unread());
            cached[i] = sequences.get(slots[i]).cached();
        }
        try (Scope scope = memory.scope()) {
            PackedTokens tokens = PackedTokens.continuing(unread, cached);
            Forward forward = model.apply(new Graph(kernels, scope));
            Tensor logits = forward.logits(forward.hidden(tokens, tokens.lastRows(), cache, slots)).tensor();
            float[][] rows = new float[slots.length][];
            for (int i = 0; i < slots.length; i++) {
                rows[i] = logits.rows(i, 1).toFloats();
            }
            return rows;
        }
    }
}
