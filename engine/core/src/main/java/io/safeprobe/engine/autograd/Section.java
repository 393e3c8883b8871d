package io.safeprobe.engine.autograd;

import io.safeprobe.engine.memory.Block;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Tensor;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Gives back, at the end of a part of the pass forward, what it has made and no derivative will read. */
final class Section {
    private final Scope scope;
    private final Set<Block> made = new LinkedHashSet<>();
    private final Set<Block> read = new HashSet<>();

    Section(Scope scope) {
        this.scope = scope;
    }

    /** A tensor that was computed in this part. */
    void made(Tensor tensor) {
        made.add(tensor.block());
    }

    /** An operation of this part that a gradient may flow through. */
    void recorded(Node node) {
        Reads.of(node).forEach(value -> read.add(value.tensor().block()));
    }

    /** {@code results} is what the part gives out. */
    void end(List<Value> results) {
        results.forEach(result -> read.add(result.tensor().block()));
        made.stream().filter(block -> !read.contains(block)).forEach(scope::release);
    }
}
