package io.safeprobe.engine.kernel.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Inference;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Compiled kernels keep their vectors in registers: a vector in the heap is some 100 bytes, and a call of these works on thousands. */
final class ObjectsTest {
    private static final int MOST_CALLS = 20_000;
    private static final int ROUND = 20;
    /** Half of what the shortest loop here makes when its vectors are objects; a method that is not inlined may take some as arguments. */
    private static final long LIMIT = 100_000;
    private static final int TOKENS = 128;
    private static final int HIDDEN = 96;
    private static final int VOCABULARY = 2_000;

    private final VectorKernels kernels = new VectorKernels(1);
    private Memory memory;
    private Scope scope;

    @BeforeEach
    void open() {
        memory = Memory.ofLimit(1L << 28);
        scope = memory.scope();
    }

    @AfterEach
    void close() {
        scope.close();
        memory.close();
        kernels.close();
    }

    private Tensor floats(long... extents) {
        return Tensor.of(scope, DType.F32, Shape.of(extents), i -> Math.sin((double) i));
    }

    private Tensor ints(Shape shape, int... values) {
        return Tensor.of(scope, shape, values);
    }

    /** The compiler needs some calls until it is done; then no round may make more than a few small objects a call. */
    private void expectFew(Op op, Tensor... inputs) {
        List<Tensor> in = List.of(inputs);
        List<Tensor> out = Inference.outputs(op, in, kernels.device()).stream().map(spec -> Tensor.allocate(scope, spec.dtype(), spec.shape())).toList();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().threadId();
        long bytes = Long.MAX_VALUE;
        for (int calls = 0; calls < MOST_CALLS && bytes > LIMIT; calls += ROUND) {
            long before = threads.getThreadAllocatedBytes(thread);
            for (int call = 0; call < ROUND; call++) {
                kernels.run(op, in, out);
            }
            bytes = (threads.getThreadAllocatedBytes(thread) - before) / ROUND;
        }
        assertThat(bytes).as("bytes of objects a call of %s of %s", op, in).isLessThanOrEqualTo(LIMIT);
    }

    @Test
    void headWithCrossEntropy() {
        int[] targets = new int[TOKENS];
        for (int i = 0; i < TOKENS; i++) {
            targets[i] = 7 * i;
        }
        expectFew(new Op.LinearCrossEntropy(true, 0), floats(TOKENS, HIDDEN), floats(VOCABULARY, HIDDEN), ints(Shape.of(TOKENS), targets));
    }

    @Test
    void attentionAndItsGradient() {
        Tensor q = floats(TOKENS, HIDDEN);
        Tensor segments = ints(Shape.of(1, 4), 0, TOKENS, 0, TOKENS);
        expectFew(new Op.Attention(2, 2, 0.1, 0), q, q, q, segments);
        expectFew(new Op.AttentionGrad(2, 2, 0.1, 0), q, q, q, segments, q, floats(TOKENS, 2), q);
    }

    @Test
    void productsAndRows() {
        Tensor x = floats(TOKENS, HIDDEN);
        expectFew(new Op.MatMul(false, true), x, floats(HIDDEN, HIDDEN));
        expectFew(new Op.Gate(Curve.SILU, 0), x, x);
        expectFew(new Op.GateGrad(Curve.SILU, 0), x, x, x);
        expectFew(new Op.RmsNormGrad(1e-5), x, floats(HIDDEN), x);
        expectFew(new Op.SumRows(), x);
        expectFew(new Op.SumColumns(), x);
    }

    @Test
    void decoding() {
        for (DType type : List.of(DType.F32, DType.BF16, DType.F16)) {
            Tensor w = Tensor.of(scope, type, Shape.of(VOCABULARY, HIDDEN), i -> Math.sin((double) i));
            expectFew(new Op.MatMul(false, true), floats(1, HIDDEN), w);
            Tensor odd = Tensor.of(scope, type, Shape.of(VOCABULARY, 9), i -> Math.sin((double) i));
            expectFew(new Op.MatMul(false, true), floats(1, 9), odd);
        }
    }
}
