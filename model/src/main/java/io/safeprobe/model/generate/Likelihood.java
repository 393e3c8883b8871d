package io.safeprobe.model.generate;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.PackedTokens;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** How likely a model finds what it did not generate itself. */
public final class Likelihood {
    private final Memory memory;
    private final Kernels kernels;
    private final DecoderConfig config;
    private final Function<Graph, Forward> model;

    /** Of the model whose forward computation {@code model} makes in a graph. */
    public Likelihood(Memory memory, Kernels kernels, DecoderConfig config, Function<Graph, Forward> model) {
        this.memory = memory;
        this.kernels = kernels;
        this.config = config;
        this.model = model;
    }

    /**
     * The log-probability of each token from {@code from} on, in nats, given all before it: the negative of its cross-entropy loss.
     *
     * @param ids prompt and response
     * @param from tokens of the prompt, at least 1
     * @throws ModelException when they are too long for the model, or its logits are not finite
     */
    public List<Double> logProbabilities(int[] ids, int from) {
        if (from < 1 || from >= ids.length) {
            throw new ModelException("a prompt of " + from + " and a response of " + (ids.length - from) + " tokens leave nothing to measure; both need at least one");
        }
        if (ids.length > config.maxPositions()) {
            throw new ModelException("prompt and response have " + ids.length + " tokens, but the model's context holds " + config.maxPositions() + "; shorten them");
        }
        try (Scope scope = memory.scope()) {
            Forward forward = model.apply(new Graph(kernels, scope));
            int[] rows = IntStream.range(from - 1, ids.length - 1).toArray();
            double[] losses = forward.losses(forward.hidden(PackedTokens.of(List.of(ids)), rows), Arrays.copyOfRange(ids, from, ids.length)).tensor().toDoubles();
            for (double loss : losses) {
                if (!Double.isFinite(loss)) {
                    throw new ModelException("the model's loss is " + loss + ": its weights, or those of its adapter, are damaged or have diverged; there is nothing to measure");
                }
            }
            return Arrays.stream(losses).map(loss -> -loss).boxed().toList();
        }
    }
}
