package io.safeprobe.sap.objective;

import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.model.decoder.Forward;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.objective.Objective.Gradient;
import io.safeprobe.sap.objective.Objective.Part;
import io.safeprobe.sap.objective.Objective.Wanted;
import io.safeprobe.sap.probe.Probe;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code L_useful} of one batch, differentiated to the probe V and then, at another V, to the weights W, which must not move in between: the same bits as
 * two calls of {@link Objective#useful}.
 *
 * <p>Up to the output of the lowest layer with a probe both are one computation, of the same weights and dropout masks. So that much is computed once, recorded
 * for the gradient to W; the gradient to V comes from a graph of its own that starts there, and is gone before the first goes on. So it needs the memory of the
 * gradient to W, of which what lies below is there sooner. A batch in several parts would need that of all parts at once, which parts are there to save: it is
 * computed anew for each gradient.
 */
public final class ProbeThenWeights implements AutoCloseable {
    private final Objective objective;
    private final List<List<Example>> parts;
    private final Forward.@Nullable Dropout masks;
    private final long step;
    private @Nullable Shared shared;

    /** The graph to W as far as it does not depend on V: up to {@code output}, which is that of {@code layer}. */
    private record Shared(Scope scope, Objective.Pass pass, Labelled rows, int layer, Value output) {}

    ProbeThenWeights(Objective objective, List<List<Example>> parts, Forward.@Nullable Dropout masks, long step) {
        this.objective = objective;
        this.parts = parts;
        this.masks = masks;
        this.step = step;
    }

    /** {@code L_useful(W, V)} with its gradient to V. */
    public Gradient probe(Scope out, Probe probe) {
        if (parts.size() != 1) {
            return objective.useful(out, parts, probe, Wanted.PROBE, step);
        }
        Shared begun = begin(lowest(probe));
        Objective.Sum sum = objective.new Sum(out, probe, Wanted.PROBE);
        sum.add((graph, forward) -> loss(begun, forward.withDropout(masks), graph.constant(begun.output().tensor())));
        return sum.result();
    }

    /**
     * {@code L_useful(W, V)} with its gradient to W, for the last time.
     *
     * @param probe on the layers of the one before
     */
    public Gradient weights(Scope out, Probe probe) {
        Shared begun = shared;
        if (begun == null) {
            return objective.useful(out, parts, probe, Wanted.WEIGHTS, step);
        }
        if (lowest(probe) != begun.layer()) {
            throw new IllegalArgumentException(
                    "the lowest layer of the probe was " + begun.layer() + " and is " + lowest(probe) + " now; give one on the same layers");
        }
        probe.vectors().forEach((layer, v) -> begun.pass().forward().withProbe(layer, begun.pass().graph().constant(v)));
        Objective.Sum sum = objective.new Sum(out, probe, Wanted.WEIGHTS);
        sum.add(begun.pass(), (_, forward) -> loss(begun, forward, begun.output()));
        close();
        return sum.result();
    }

    private Shared begin(int layer) {
        close();
        Scope scope = objective.memory().scope();
        try {
            Objective.Pass pass = objective.pass(scope, Probe.none(objective.kernels()), Wanted.WEIGHTS);
            Labelled rows = Labelled.of(parts.getFirst());
            Shared begun = new Shared(scope, pass, rows, layer, rows.output(pass.forward().withDropout(masks), layer));
            shared = begun;
            return begun;
        } catch (RuntimeException failure) {
            scope.close();
            throw failure;
        }
    }

    private static Part loss(Shared begun, Forward forward, Value output) {
        return Part.mean(begun.rows().tokenLosses(forward, begun.layer(), output), begun.rows().labels());
    }

    private static int lowest(Probe probe) {
        return Collections.min(probe.vectors().keySet());
    }

    @Override
    public void close() {
        if (shared != null) {
            shared.scope().close();
            shared = null;
        }
    }
}
