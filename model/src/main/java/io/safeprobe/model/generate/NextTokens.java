package io.safeprobe.model.generate;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.PackedTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** How likely a model finds some tokens at the end of sequences. Each sequence is computed as if it were alone. */
public final class NextTokens {
    /** Tokens that are computed at once, as long as one sequence does not have more. */
    private static final int BATCH = 2048;

    private final Memory memory;
    private final Kernels kernels;
    private final DecoderConfig config;
    private final Function<Graph, Forward> model;

    /** Of the model whose forward computation {@code model} makes in a graph. */
    public NextTokens(Memory memory, Kernels kernels, DecoderConfig config, Function<Graph, Forward> model) {
        this.memory = memory;
        this.kernels = kernels;
        this.config = config;
        this.model = model;
    }

    /**
     * What follows a position.
     *
     * @param likeliest the id of the likeliest next token
     * @param logProbabilities of the ids that were asked for, in their order, in nats
     */
    public record Next(int likeliest, List<Double> logProbabilities) {
        /** Copies the list. */
        public Next {
            logProbabilities = List.copyOf(logProbabilities);
        }
    }

    /**
     * What follows each of the last {@code positions} tokens of each sequence, in order.
     *
     * @param positions at least 1, and no more than the shortest sequence has tokens
     * @param wanted ids to get the log-probabilities of
     * @param cancelled asked before every batch; when true, the sequences done so far are returned
     * @throws ModelException for a sequence of fewer tokens or more than the model has positions, or logits that are not finite
     */
    public List<List<Next>> of(List<int[]> sequences, int positions, int[] wanted, BooleanSupplier cancelled) {
        for (int i = 0; i < sequences.size(); i++) {
            int length = sequences.get(i).length;
            if (length < positions || length > config.maxPositions()) {
                throw new ModelException("sequence " + (i + 1) + " has " + length + " tokens, but " + positions + " to " + config.maxPositions()
                        + " are needed; " + (length < positions ? "give some text" : "shorten it"));
            }
        }
        List<List<Next>> found = new ArrayList<>();
        while (found.size() < sequences.size() && !cancelled.getAsBoolean()) {
            int end = found.size() + 1;
            int tokens = sequences.get(found.size()).length;
            while (end < sequences.size() && tokens + sequences.get(end).length <= BATCH) {
                tokens += sequences.get(end).length;
                end++;
            }
            found.addAll(batch(sequences.subList(found.size(), end), positions, wanted));
        }
        return found;
    }

    private List<List<Next>> batch(List<int[]> sequences, int positions, int[] wanted) {
        try (Scope scope = memory.scope()) {
            Forward forward = model.apply(new Graph(kernels, scope));
            PackedTokens tokens = PackedTokens.of(sequences);
            int[] rows = new int[sequences.size() * positions];
            for (int row = 0; row < rows.length; row++) {
                rows[row] = tokens.start(row / positions + 1) - positions + row % positions;
            }
            Tensor logits = forward.logits(forward.hidden(tokens, rows)).tensor();
            List<List<Next>> found = new ArrayList<>();
            for (int i = 0; i < sequences.size(); i++) {
                List<Next> next = new ArrayList<>();
                for (int position = 0; position < positions; position++) {
                    next.add(next(logits.rows((long) i * positions + position, 1).toFloats(), wanted));
                }
                found.add(next);
            }
            return found;
        }
    }

    private static Next next(float[] logits, int[] wanted) {
        int likeliest = 0;
        for (int id = 0; id < logits.length; id++) {
            if (!Float.isFinite(logits[id])) {
                throw new ModelException("the model's logits are not finite: its weights are damaged; nothing it says can be used");
            }
            likeliest = logits[id] > logits[likeliest] ? id : likeliest;
        }
        double max = logits[likeliest];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        double total = max + Math.log(sum);
        return new Next(likeliest, Arrays.stream(wanted).mapToObj(id -> logits[id] - total).toList());
    }
}
