package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.Op;
import java.util.List;

/** One recorded operation. Inputs always carry smaller ids, so descending ids are a reverse topological order. */
record Node(long id, Op op, List<Value> inputs, List<Value> outputs) {
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(id);
    }
}
