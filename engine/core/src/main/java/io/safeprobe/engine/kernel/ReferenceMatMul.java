package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** Matrix products by the definition. */
final class ReferenceMatMul {
    private ReferenceMatMul() {}

    static void matmul(Op.MatMul op, Tensor a, Tensor b, Tensor y) {
        long rows = y.shape().dim(0);
        long columns = y.shape().dim(1);
        long inner = a.shape().dim(op.transposeA() ? 0 : 1);
        for (long i = 0; i < rows; i++) {
            for (long j = 0; j < columns; j++) {
                double sum = 0;
                for (long k = 0; k < inner; k++) {
                    double left = a.get(op.transposeA() ? k * rows + i : i * inner + k);
                    double right = b.get(op.transposeB() ? j * inner + k : k * columns + j);
                    sum += left * right;
                }
                y.set(i * columns + j, sum);
            }
        }
    }

    static void lora(Op.LoraLinear op, List<Tensor> in, Tensor y, Tensor h) {
        Op.MatMul product = new Op.MatMul(false, op.transpose());
        matmul(product, in.get(2), in.get(3), h);
        matmul(product, in.get(0), in.get(1), y);
        Tensor b = in.get(4);
        long columns = y.shape().dim(1);
        long rank = h.shape().dim(1);
        for (long i = 0; i < y.elements(); i++) {
            double sum = 0;
            for (long r = 0; r < rank; r++) {
                sum += h.get(i / columns * rank + r) * b.get(op.transpose() ? i % columns * rank + r : r * columns + i % columns);
            }
            y.set(i, y.get(i) + op.scale() * sum);
        }
    }
}
