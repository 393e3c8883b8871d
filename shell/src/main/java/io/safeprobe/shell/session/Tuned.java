package io.safeprobe.shell.session;

import io.safeprobe.sap.objective.Trainable;
import org.jspecify.annotations.Nullable;

/**
 * What stands on top of the model: a loaded adapter, or what a training has made.
 *
 * @param origin where it came from, for people
 * @param made how it was trained; null where that is not known
 * @param trained whether this session trained it, rather than loaded it
 * @param memory holds the tensors
 */
public record Tuned(Trainable trainable, String origin, @Nullable Made made, boolean trained, Owner memory) implements AutoCloseable {
    /** Frees what it owns. */
    @FunctionalInterface
    public interface Owner extends AutoCloseable {
        @Override
        void close();
    }

    /** Number of weights. */
    public long parameters() {
        return trainable.tensors().values().stream().mapToLong(tensor -> tensor.elements()).sum();
    }

    @Override
    public void close() {
        memory.close();
    }
}
