package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.Op;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One recorded step: an operation, or a part of the computation that is run again when its gradient is wanted. Inputs always carry
 * smaller ids, so descending ids are a reverse topological order.
 *
 * @param op the operation; null for such a part
 * @param part that part as a function of its first input
 */
record Node(long id, @Nullable Op op, @Nullable UnaryOperator<Value> part, List<Value> inputs, List<Value> outputs) {
    static Node of(long id, Op op, List<Value> inputs, List<Value> outputs) {
        return new Node(id, op, null, inputs, outputs);
    }

    static Node of(long id, UnaryOperator<Value> part, List<Value> inputs, Value output) {
        return new Node(id, null, part, inputs, List.of(output));
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(id);
    }
}
