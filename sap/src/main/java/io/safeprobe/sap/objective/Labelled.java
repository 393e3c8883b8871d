package io.safeprobe.sap.objective;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.RopeScaling;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.model.decoder.PackedTokens;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import java.util.ArrayList;
import java.util.List;

/**
 * Examples packed for the model, with the rows that predict a label: row t predicts token t + 1 of its sequence, so the logits are
 * asked for at exactly those rows.
 */
public final class Labelled {
    /** Marks what is not learnt; its rows are left out. */
    private static final int IGNORED = -100;

    private final PackedTokens tokens;
    private final int[] rows;
    private final int[] targets;
    private final int[] starts;

    private Labelled(PackedTokens tokens, int[] rows, int[] targets, int[] starts) {
        this.tokens = tokens;
        this.rows = rows;
        this.targets = targets;
        this.starts = starts;
    }

    /** Packs examples end to end. */
    public static Labelled of(List<Example> examples) {
        PackedTokens tokens = PackedTokens.of(examples.stream().map(Example::ids).toList());
        List<Integer> rows = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        int[] starts = new int[examples.size() + 1];
        for (int i = 0; i < examples.size(); i++) {
            int[] labels = examples.get(i).labels();
            for (int t = 1; t < labels.length; t++) {
                if (labels[t] != IGNORED) {
                    rows.add(tokens.start(i) + t - 1);
                    targets.add(labels[t]);
                }
            }
            starts[i + 1] = rows.size();
        }
        return new Labelled(tokens, toArray(rows), toArray(targets), starts);
    }

    /** Packs the two responses of each pair, what they have in common computed once; as sequences first all safe ones, then all harmful ones. */
    public static Labelled ofPairs(List<PairExample> pairs, RopeScaling scaling) {
        PackedTokens tokens = PackedTokens.forked(
                pairs.stream().map(pair -> pair.safe().ids()).toList(), pairs.stream().map(pair -> pair.harmful().ids()).toList(), scaling);
        List<Integer> rows = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        int[] starts = new int[2 * pairs.size() + 1];
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < pairs.size(); i++) {
                int[] labels = (side == 0 ? pairs.get(i).safe() : pairs.get(i).harmful()).labels();
                int shared = tokens.length(3 * i);
                for (int t = 1; t < labels.length; t++) {
                    if (labels[t] != IGNORED) {
                        rows.add(t <= shared ? tokens.start(3 * i) + t - 1 : tokens.start(3 * i + 1 + side) + t - 1 - shared);
                        targets.add(labels[t]);
                    }
                }
                starts[side * pairs.size() + i + 1] = rows.size();
            }
        }
        return new Labelled(tokens, toArray(rows), toArray(targets), starts);
    }

    private static int[] toArray(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Tokens of all sequences. */
    public int tokens() {
        return tokens.tokens();
    }

    /** Tokens that are learnt. */
    public int labels() {
        return rows.length;
    }

    /** Negative log-likelihood of every labelled token, {@code [labels]}, sequence after sequence. */
    Value tokenLosses(Forward forward) {
        return forward.losses(forward.hidden(tokens, rows), targets);
    }

    /** What a layer gives out before its probe is added. */
    Value output(Forward forward, int layer) {
        return forward.output(layer, tokens, rows);
    }

    /** {@link #tokenLosses(Forward)} from the {@link #output} of a layer on. */
    Value tokenLosses(Forward forward, int layer, Value output) {
        return forward.losses(forward.hiddenAfter(layer, output, tokens, rows), targets);
    }

    /** Log-probabilities of the whole vocabulary where a label is predicted, {@code [labels, vocabulary]}. */
    Value logProbabilities(Forward forward) {
        return forward.logits(forward.hidden(tokens, rows)).logSoftmax();
    }

    /** Summed negative log-likelihood of each sequence, {@code [sequences]}. */
    Value sequenceLosses(Forward forward, Graph graph) {
        Value borders = graph.constant(Tensor.of(graph.scope(), Shape.of(starts.length), starts));
        return tokenLosses(forward).segmentSum(borders);
    }
}
