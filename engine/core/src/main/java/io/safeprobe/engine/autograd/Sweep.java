package io.safeprobe.engine.autograd;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.memory.Block;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Tensor;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Gives back, during a backward pass that is the last use of its graph, what no later node needs. Nodes are visited in falling order, so
 * once one has been, nobody asks for its outputs again; and of the gradients only those still in the pass's table are alive.
 */
final class Sweep {
    private final Scope scope;
    private final Set<Block> made = new LinkedHashSet<>();

    Sweep(Scope scope) {
        this.scope = scope;
    }

    /** A tensor that was computed in this pass. */
    void made(Tensor tensor) {
        made.add(tensor.block());
    }

    /**
     * @param node the node whose derivative has just been taken
     * @param ys what was differentiated, which stays
     * @param gradients those that wait for their node, or are the result
     */
    void after(Node node, List<Value> ys, Collection<Value> gradients) {
        Set<Block> alive = Collections.newSetFromMap(new IdentityHashMap<>());
        gradients.forEach(gradient -> alive.add(gradient.tensor().block()));
        ys.forEach(y -> alive.add(y.tensor().block()));
        made.removeIf(block -> {
            boolean dead = !alive.contains(block);
            if (dead) {
                scope.release(block);
            }
            return dead;
        });
        if (node.op() instanceof Op.Reshape) {
            return; // its output is the memory of its input
        }
        for (Value output : node.outputs()) {
            Block block = output.tensor().block();
            if (scope.owns(block) && alive.add(block)) { // else the pass forward has given it back
                scope.release(block);
            }
        }
    }
}
