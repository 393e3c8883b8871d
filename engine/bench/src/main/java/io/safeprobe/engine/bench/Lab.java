package io.safeprobe.engine.bench;

import io.safeprobe.engine.kernel.Inference;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** What cases work with: our kernels, memory for tensors, the same random numbers in every run, and the peer where there is one. */
final class Lab implements AutoCloseable {
    private final Kernels reference = new ReferenceKernels();
    private final SplittableRandom random = new SplittableRandom(1);
    private final Memory memory = Memory.ofMachine();
    private final Scope scope = memory.scope();
    private final int threads;
    private final VectorKernels kernels;
    private final @Nullable Peer peer;

    Lab(int threads) {
        this.threads = threads;
        kernels = new VectorKernels(threads);
        peer = Peer.isAvailable() ? new Peer() : null;
    }

    Kernels kernels() {
        return kernels;
    }

    /** Threads of our side. */
    int threads() {
        return threads;
    }

    @Nullable Peer peer() {
        return peer;
    }

    /** The other library for matrix products, where there is {@link #peer}. */
    OpenBlas openBlas() {
        return OpenBlas.load(threads);
    }

    /** A new F32 tensor of numbers between -1 and 1. */
    Tensor random(long... extents) {
        Tensor tensor = empty(DType.F32, extents);
        var data = tensor.data();
        for (long i = 0; i < tensor.elements(); i++) {
            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
        }
        return tensor;
    }

    /** A new F32 tensor of one number. */
    Tensor filled(double value, long... extents) {
        Tensor tensor = empty(DType.F32, extents);
        kernels.apply(new Update.Fill(value), tensor);
        return tensor;
    }

    /** A new vector of numbers from 0 to {@code bound - 1}. */
    Tensor indices(int count, int bound) {
        return integers(random.ints(count, 0, bound).toArray(), count);
    }

    /** A new I32 tensor. */
    Tensor integers(int[] values, long... extents) {
        return Tensor.of(scope, Shape.of(extents), values);
    }

    /** A new tensor of undefined content. */
    Tensor empty(DType dtype, long... extents) {
        return Tensor.allocate(scope, dtype, Shape.of(extents));
    }

    /** A copy of another type. */
    Tensor copy(Tensor tensor, DType dtype) {
        Tensor copy = Tensor.allocate(scope, dtype, tensor.shape());
        kernels.apply(new Update.Copy(), copy, tensor);
        return copy;
    }

    /** An operation with new outputs. */
    Call call(Op op, Tensor... in) {
        List<Tensor> inputs = List.of(in);
        return new Call(op, inputs, outputs(op, inputs));
    }

    /** Our side: the calls one after the other. */
    Side ours(List<Call> calls) {
        return () -> calls.forEach(call -> call.run(kernels));
    }

    /** Runs the calls, and compares what each of them makes of its inputs with what the scalar kernels make of them. */
    void check(List<Call> calls) {
        for (Call call : calls) {
            call.run(kernels);
            List<Tensor> expected = outputs(call.op(), call.in());
            reference.run(call.op(), call.in(), expected);
            for (int i = 0; i < expected.size(); i++) {
                Difference.check("output " + i + " of " + call.op(), call.out().get(i), expected.get(i));
            }
        }
    }

    /** Runs the product and compares 64 of its elements, drawn at random, with dot products in float64. */
    void checkProduct(Call product) {
        product.run(kernels);
        Op.MatMul op = (Op.MatMul) product.op();
        Tensor a = product.in().get(0);
        Tensor b = product.in().get(1);
        Tensor y = product.result();
        long rows = y.shape().dim(0);
        long columns = y.shape().dim(1);
        long inner = a.elements() / rows;
        long[] at = random.longs(64, 0, y.elements()).toArray();
        double[] expected = Arrays.stream(at).mapToDouble(index -> {
            long row = index / columns;
            long column = index % columns;
            double sum = 0;
            for (long k = 0; k < inner; k++) {
                double left = a.get(op.transposeA() ? k * rows + row : row * inner + k);
                sum += left * b.get(op.transposeB() ? column * inner + k : k * columns + column);
            }
            return sum;
        }).toArray();
        Difference.check("the product of " + a + " and " + b + " by " + op, Arrays.stream(at).mapToDouble(y::get).toArray(), expected);
    }

    private List<Tensor> outputs(Op op, List<Tensor> in) {
        List<Tensor> outputs = new ArrayList<>();
        for (Inference.Output output : Inference.outputs(op, in, kernels.device())) {
            outputs.add(Tensor.allocate(scope, output.dtype(), output.shape()));
        }
        return List.copyOf(outputs);
    }

    @Override
    public void close() {
        if (peer != null) {
            peer.close();
        }
        kernels.close();
        scope.close();
        memory.close();
    }
}
