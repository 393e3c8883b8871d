package io.safeprobe.engine.kernel.cpu;

import static io.safeprobe.engine.kernel.cpu.Lanes.COUNT;

import io.safeprobe.engine.kernel.DropoutBits;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Optimizer steps and sums of squares. Steps are bound by memory: each tensor is read and written once. Sums of squares are taken in
 * float64 over chunks of {@value #CHUNK}, a number that does not depend on the threads, and the chunks are added in order.
 */
final class UpdateKernel {
    private static final long GRAIN = 16_384;
    private static final int CHUNK = 4_096;
    private static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;

    private static final int HALF_MASK = (1 << Short.SIZE) - 1;

    private final Workers workers;

    UpdateKernel(Workers workers) {
        this.workers = workers;
    }

    /** The numbers of a step that are the same for all elements. */
    private record Adam(float keep1, float add1, float keep2, float add2, float decay, float step, float rootBias, float epsilon) {
        static Adam of(Update.AdamW op) {
            double firstBias = 1 - Math.pow(op.beta1(), (double) op.step());
            double secondBias = 1 - Math.pow(op.beta2(), (double) op.step());
            return new Adam(
                    (float) op.beta1(), (float) (1 - op.beta1()), (float) op.beta2(), (float) (1 - op.beta2()),
                    (float) (1 - op.lr() * op.weightDecay()), (float) (op.lr() / firstBias), (float) (1 / Math.sqrt(secondBias)),
                    (float) op.epsilon());
        }
    }

    void adamW(Update.AdamW op, List<Tensor> tensors) {
        MemorySegment p = tensors.get(0).data();
        MemorySegment g = tensors.get(1).data();
        MemorySegment m = tensors.get(2).data();
        MemorySegment v = tensors.get(3).data();
        Adam adam = Adam.of(op);
        workers.ranges(tensors.getFirst().elements(), GRAIN, (from, to, _) -> adamW(adam, p, g, m, v, from, to));
    }

    private static void adamW(Adam adam, MemorySegment p, MemorySegment g, MemorySegment m, MemorySegment v, long from, long to) {
        long i = from;
        for (; i + COUNT <= to; i += COUNT) {
            FloatVector gradient = Lanes.load(g, i);
            FloatVector first = Lanes.load(m, i).mul(adam.keep1).add(gradient.mul(adam.add1));
            FloatVector second = Lanes.load(v, i).mul(adam.keep2).add(gradient.mul(gradient).mul(adam.add2));
            Lanes.store(first, m, i);
            Lanes.store(second, v, i);
            FloatVector change = first.mul(adam.step).div(second.sqrt().mul(adam.rootBias).add(adam.epsilon));
            Lanes.store(Lanes.load(p, i).mul(adam.decay).sub(change), p, i);
        }
        for (; i < to; i++) {
            float gradient = Lanes.get(g, i);
            float first = Lanes.get(m, i) * adam.keep1 + gradient * adam.add1;
            float second = Lanes.get(v, i) * adam.keep2 + gradient * gradient * adam.add2;
            Lanes.set(m, i, first);
            Lanes.set(v, i, second);
            float change = first * adam.step / ((float) Math.sqrt(second) * adam.rootBias + adam.epsilon);
            Lanes.set(p, i, Lanes.get(p, i) * adam.decay - change);
        }
    }

    void sgd(Update.Sgd op, List<Tensor> tensors) {
        MemorySegment p = tensors.get(0).data();
        MemorySegment g = tensors.get(1).data();
        MemorySegment velocity = tensors.get(2).data();
        workers.ranges(tensors.getFirst().elements(), GRAIN, (from, to, _) -> sgd(op, p, g, velocity, from, to));
    }

    private static void sgd(Update.Sgd op, MemorySegment p, MemorySegment g, MemorySegment velocity, long from, long to) {
        float momentum = (float) op.momentum();
        float decay = (float) op.weightDecay();
        float lr = (float) op.lr();
        long i = from;
        for (; i + COUNT <= to; i += COUNT) {
            FloatVector old = Lanes.load(p, i);
            FloatVector next = Lanes.load(velocity, i).mul(momentum).add(Lanes.load(g, i)).add(old.mul(decay));
            Lanes.store(next, velocity, i);
            Lanes.store(old.sub(next.mul(lr)), p, i);
        }
        for (; i < to; i++) {
            float old = Lanes.get(p, i);
            float next = Lanes.get(velocity, i) * momentum + Lanes.get(g, i) + old * decay;
            Lanes.set(velocity, i, next);
            Lanes.set(p, i, old - next * lr);
        }
    }

    void dropoutMask(Update.DropoutMask op, Tensor y) {
        MemorySegment data = y.data();
        long seed = op.seed();
        int threshold = DropoutBits.threshold(op.probability());
        float kept = DropoutBits.kept(op.probability());
        int[] keys = new int[DropoutBits.ROUNDS];
        for (int round = 0; round < keys.length; round++) {
            keys[round] = DropoutBits.key(DropoutBits.part(seed, round % 4), round);
        }
        workers.ranges(y.elements(), GRAIN, (from, to, _) -> {
            long i = from;
            for (; i + COUNT <= to; i += COUNT) {
                IntVector index = IntVector.broadcast(Lanes.I, (int) i).addIndex(1);
                IntVector left = index.and(HALF_MASK);
                IntVector right = index.lanewise(VectorOperators.ASHR, Short.SIZE);
                for (int round = 0; round < keys.length; round += 2) {
                    left = left.lanewise(VectorOperators.XOR, mixed(right, keys[round]));
                    right = right.lanewise(VectorOperators.XOR, mixed(left, keys[round + 1]));
                }
                IntVector drawn = left.lanewise(VectorOperators.LSHL, 8).or(right.lanewise(VectorOperators.ASHR, 8));
                FloatVector mask = FloatVector.broadcast(Lanes.S, kept).blend(0, drawn.compare(VectorOperators.LT, threshold).cast(Lanes.S));
                Lanes.store(mask, data, i);
            }
            for (; i < to; i++) {
                int drawn = DropoutBits.draw((int) i, DropoutBits.part(seed, 0), DropoutBits.part(seed, 1), DropoutBits.part(seed, 2), DropoutBits.part(seed, 3));
                Lanes.set(data, i, drawn < threshold ? 0 : kept);
            }
        });
    }

    /** {@link DropoutBits#mixed} of every lane. */
    private static IntVector mixed(IntVector half, int key) {
        IntVector product = half.lanewise(VectorOperators.XOR, key).mul(DropoutBits.MULTIPLIER);
        return product.lanewise(VectorOperators.XOR, product.lanewise(VectorOperators.ASHR, 13)).lanewise(VectorOperators.ASHR, 5).and(HALF_MASK);
    }

    void sumSquares(Tensor x, Tensor y) {
        MemorySegment in = x.data();
        long count = x.elements();
        double[] sums = new double[Math.toIntExact((count + CHUNK - 1) / CHUNK)];
        workers.ranges(sums.length, 4, (from, to, _) -> {
            for (int chunk = (int) from; chunk < to; chunk++) {
                sums[chunk] = squares(in, (long) chunk * CHUNK, Math.min(count, (chunk + 1L) * CHUNK));
            }
        });
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        y.set(0, total);
    }

    private static double squares(MemorySegment x, long from, long to) {
        DoubleVector even = DoubleVector.zero(D);
        DoubleVector odd = even;
        int lanes = D.length();
        long i = from;
        // Of each vector of floats the lower half is used: shorter ones would be a second class of them, and to move the upper half down takes twice as long.
        for (; i + lanes + COUNT <= to; i += 2L * lanes) {
            DoubleVector a = (DoubleVector) Lanes.load(x, i).convert(VectorOperators.F2D, 0);
            DoubleVector b = (DoubleVector) Lanes.load(x, i + lanes).convert(VectorOperators.F2D, 0);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        double[] parts = even.add(odd).toArray();
        double total = 0;
        for (double part : parts) {
            total += part;
        }
        for (; i < to; i++) {
            double value = Lanes.get(x, i);
            total += value * value;
        }
        return total;
    }
}
