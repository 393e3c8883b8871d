package io.safeprobe.model.classify;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.Labels;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.PackedTokens;
import io.safeprobe.model.decoder.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * A decoder with a head over labels in place of tokens: the logits are those of the last token that is not padding (transformers'
 * GenericForSequenceClassification). Each text is computed as if it were alone.
 */
public final class Classifier {
    /** Tokens that are computed at once, as long as one text does not have more. */
    private static final int BATCH = 2048;

    private final Memory memory;
    private final Kernels kernels;
    private final DecoderConfig config;
    private final Weights weights;
    private final Labels labels;

    /** The classifier of a folder that has labels. */
    public Classifier(Memory memory, Kernels kernels, DecoderConfig config, Weights weights, Labels labels) {
        this.memory = memory;
        this.kernels = kernels;
        this.config = config;
        this.weights = weights;
        this.labels = labels;
    }

    /**
     * Logits {@code [labels]} of each text.
     *
     * @param texts token ids
     * @param cancelled asked before every batch; when true, the texts done so far are returned
     * @throws ModelException for a text of no tokens, or of more than the model has positions
     */
    public List<double[]> logits(List<int[]> texts, BooleanSupplier cancelled) {
        for (int i = 0; i < texts.size(); i++) {
            int length = texts.get(i).length;
            if (length == 0 || length > config.maxPositions()) {
                throw new ModelException("text " + (i + 1) + " has " + length + " tokens, but a classifier of this context needs 1 to " + config.maxPositions()
                        + (length == 0 ? "; give some text" : "; shorten it"));
            }
        }
        List<double[]> found = new ArrayList<>();
        while (found.size() < texts.size() && !cancelled.getAsBoolean()) {
            int end = found.size() + 1;
            int tokens = texts.get(found.size()).length;
            while (end < texts.size() && tokens + texts.get(end).length <= BATCH) {
                tokens += texts.get(end).length;
                end++;
            }
            found.addAll(batch(texts.subList(found.size(), end)));
        }
        return found;
    }

    private List<double[]> batch(List<int[]> texts) {
        try (Scope scope = memory.scope()) {
            Graph graph = new Graph(kernels, scope);
            Forward forward = new Forward(graph, config, weights);
            PackedTokens tokens = PackedTokens.of(texts);
            int[] rows = new int[texts.size()];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = tokens.start(i) + last(texts.get(i), labels.padId());
            }
            Value logits = forward.labels(forward.hidden(tokens, rows));
            List<double[]> found = new ArrayList<>();
            for (int i = 0; i < rows.length; i++) {
                Tensor row = logits.tensor().rows(i, 1);
                found.add(row.toDoubles());
            }
            return found;
        }
    }

    /** The last token that is not padding, wherever that stands; the first where all is padding. */
    private static int last(int[] ids, OptionalInt padId) {
        int last = ids.length - 1;
        while (padId.isPresent() && last > 0 && ids[last] == padId.getAsInt()) {
            last--;
        }
        return last;
    }
}
