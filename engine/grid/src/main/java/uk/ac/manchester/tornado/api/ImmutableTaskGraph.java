package uk.ac.manchester.tornado.api;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** A graph that no longer changes. */
public final class ImmutableTaskGraph {
    /** A kernel under its full name, with its arrays of the process and the way to give it those of the device. */
    record Task(String name, List<Object> arguments, Function<DeviceMemory, Consumer<KernelContext>> kernel) {}

    final Task task;
    final List<Object> consumed;
    final List<Object> sent;
    final List<Object> kept;
    final List<Object> fetched;

    ImmutableTaskGraph(Task task, List<Object> consumed, List<Object> sent, List<Object> kept, List<Object> fetched) {
        this.task = task;
        this.consumed = consumed;
        this.sent = sent;
        this.kept = kept;
        this.fetched = fetched;
    }
}
