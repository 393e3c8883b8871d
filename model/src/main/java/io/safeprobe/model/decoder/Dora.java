package io.safeprobe.model.decoder;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.lora.LoraModule;

/**
 * What DoRA (arXiv 2402.09353, eq. 5) multiplies each output of a branch by: {@code m_i / ||W_i + scale B_i A||}. The norm follows A and B but is a
 * constant to the gradient (section 4.3), as in PEFT.
 */
final class Dora {
    private Dora() {}

    /**
     * The factors {@code [out]}.
     *
     * @param squares {@code ||W_i||^2}. The rest of {@code ||W_i + s B_i A||^2 = ||W_i||^2 + 2 s B_i (A W_i) + s^2 B_i (A A^T) B_i^T} needs products of
     *     the size of A and B only, never a sum of the size of W.
     */
    static Value factors(Graph graph, LoraModule module, Value weight, Value a, Value b, Value magnitude, double[] squares) {
        Value rows = graph.constant(a.tensor());
        Value columns = graph.constant(b.tensor());
        double[] onWeight = rows.matmul(graph.constant(weight.tensor()), false, !module.transposed()).tensor().toDoubles();
        double[] onItself = columns.matmul(rows.linear(rows), false, false).tensor().toDoubles();
        double[] ofB = b.tensor().toDoubles();
        int rank = module.rank();
        Tensor inverse = Tensor.of(graph.scope(), magnitude.tensor().dtype(), magnitude.shape(), at -> {
            int i = (int) at;
            double square = squares[i];
            for (int r = 0; r < rank; r++) {
                double factor = module.scale() * ofB[i * rank + r];
                square += factor * (2 * onWeight[r * squares.length + i] + module.scale() * onItself[i * rank + r]);
            }
            return 1 / Math.sqrt(square);
        });
        return magnitude.mul(graph.constant(inverse));
    }
}
