package io.safeprobe.engine.kernel.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Inference;
import io.safeprobe.engine.kernel.MissingKernelException;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is particular to this backend: the same bits for every number of threads, block boundaries, and what it refuses. */
final class VectorKernelsTest {
    private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    private final Memory memory = Memory.ofLimit(512L << 20);
    private final Scope scope = memory.scope();
    private final VectorKernels one = new VectorKernels(1);
    private final VectorKernels two = new VectorKernels(2);
    private final VectorKernels five = new VectorKernels(5);
    private Tensor x;
    private Tensor y;

    @BeforeEach
    void makeInputs() {
        x = normal(DType.F32, 67, 577);
        y = normal(DType.F32, 67, 577);
    }

    @AfterEach
    void close() {
        scope.close();
        memory.close();
        one.close();
        two.close();
        five.close();
    }

    private Tensor normal(DType type, long... extents) {
        Tensor tensor = Tensor.allocate(scope, type, Shape.of(extents));
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, random.nextGaussian());
        }
        return tensor;
    }

    private List<Tensor> outputs(Op op, List<Tensor> in) {
        List<Tensor> out = new ArrayList<>();
        for (Inference.Output output : Inference.outputs(op, in, Device.CPU)) {
            Tensor tensor = Tensor.allocate(scope, output.dtype(), output.shape());
            tensor.data().fill((byte) 0x7f); // outputs come undefined: what a kernel forgets to write must show
            out.add(tensor);
        }
        return out;
    }

    private List<Tensor> expectSameBits(Op op, Tensor... inputs) {
        List<Tensor> in = List.of(inputs);
        List<Tensor> expected = outputs(op, in);
        one.run(op, in, expected);
        for (VectorKernels kernels : List.of(two, five)) {
            List<Tensor> actual = outputs(op, in);
            kernels.run(op, in, actual);
            for (int i = 0; i < actual.size(); i++) {
                assertThat(actual.get(i).data().mismatch(expected.get(i).data())).as("first differing byte of output %d of %s", i, op).isEqualTo(-1);
            }
        }
        return expected;
    }

    @Test
    void matrixProductsHaveTheSameBits() {
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                Tensor a = transposeA ? normal(DType.F32, 1100, 130) : normal(DType.F32, 130, 1100);
                Tensor b = transposeB ? normal(DType.BF16, 291, 1100) : normal(DType.BF16, 1100, 291);
                expectSameBits(new Op.MatMul(transposeA, transposeB), a, b);
            }
        }
        wideProducts().forEach(this::expectSameBits);
        tallProducts().forEach(this::expectSameBits);
        expectSameBits(new Op.MatMul(false, true), normal(DType.F32, 3, 577), normal(DType.F16, 1001, 577));
        expectSameBits(new Op.MatMul(true, false), x, normal(DType.F32, 67, 8));
        expectSameBits(new Op.MatMul(true, false), normal(DType.F32, 67, 8), x);
        expectSameBits(new Op.LoraLinear(0.5, true), x, normal(DType.F32, 111, 577), y, normal(DType.F32, 8, 577), normal(DType.F32, 111, 8));
        expectSameBits(new Op.LoraLinear(0.5, false), x, normal(DType.F32, 577, 111), y, normal(DType.F32, 577, 8), normal(DType.F32, 8, 111));
    }

    /** So wide that one and two threads share out columns; five share out rows. */
    private Map<Op, Tensor[]> wideProducts() {
        return products(40, 2101);
    }

    /** So tall that one and two threads pack a B of their own; five pack one together. */
    private Map<Op, Tensor[]> tallProducts() {
        return products(800, 101);
    }

    /** In more than one block of k. */
    private Map<Op, Tensor[]> products(int rows, int columns) {
        Map<Op, Tensor[]> products = new LinkedHashMap<>();
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                Tensor a = transposeA ? normal(DType.F32, 1030, rows) : normal(DType.F32, rows, 1030);
                Tensor b = transposeB ? normal(DType.BF16, columns, 1030) : normal(DType.F32, 1030, columns);
                products.put(new Op.MatMul(transposeA, transposeB), new Tensor[] {a, b});
            }
        }
        Tensor a = normal(DType.F32, rows, 1030);
        products.put(
                new Op.LoraLinear(0.5, true), new Tensor[] {a, normal(DType.BF16, columns, 1030), a, normal(DType.F32, 8, 1030), normal(DType.F32, columns, 8)});
        products.put(
                new Op.LoraLinear(0.5, false), new Tensor[] {a, normal(DType.F32, 1030, columns), a, normal(DType.F32, 1030, 8), normal(DType.F32, 8, columns)});
        return products;
    }

    @Test
    void wideAndTallProductsAreThoseOfTheReference() {
        wideProducts().forEach((op, in) -> expectReference(op, 1030, in));
        tallProducts().forEach((op, in) -> expectReference(op, 1030, in));
    }

    @Test
    void attentionHasTheSameBits() {
        Tensor q = normal(DType.F32, 203, 4 * 24);
        Tensor k = normal(DType.F32, 260, 2 * 24);
        Tensor v = normal(DType.F32, 260, 2 * 24);
        Tensor segments = Tensor.of(scope, Shape.of(3, 4), 0, 150, 0, 170, 150, 52, 165, 60, 202, 1, 230, 20);
        Tensor g = normal(DType.F32, 203, 4 * 24);
        for (double softcap : new double[] {0, 1.5}) {
            List<Tensor> out = expectSameBits(new Op.Attention(4, 2, 0.2, softcap), q, k, v, segments);
            expectSameBits(new Op.AttentionGrad(4, 2, 0.2, softcap), q, k, v, segments, out.get(0), out.get(1), g);
        }
    }

    @Test
    void rowAndPointwiseOperationsHaveTheSameBits() {
        Tensor row = normal(DType.F32, 577);
        Tensor column = normal(DType.F32, 67);
        expectSameBits(new Op.SumRows(), x);
        expectSameBits(new Op.SumColumns(), x);
        expectSameBits(new Op.RmsNorm(1e-6), x, row);
        expectSameBits(new Op.RmsNormGrad(1e-6), x, row, y);
        expectSameBits(new Op.LogSoftmax(), x);
        expectSameBits(new Op.AddScaled(0.3), x, y);
        expectSameBits(new Op.Pad(3, 70, 5, 600), x);
        expectSameBits(new Op.Slice(3, 60, 5, 500), x);
        int[] targets = random.ints(67, 0, 577).toArray();
        targets[7] = -100;
        Tensor ids = Tensor.of(scope, Shape.of(67), targets);
        expectSameBits(new Op.CrossEntropy(-100), x, ids);
        expectSameBits(new Op.CrossEntropyGrad(-100), x, ids, column);
        expectSameBits(new Op.ScatterAdd(20), x, Tensor.of(scope, Shape.of(67), random.ints(67, 0, 20).toArray()));
        for (Curve curve : Curve.values()) {
            for (int order = 0; order <= Curve.MAX_ORDER; order++) {
                expectSameBits(new Op.Gate(curve, order), x, y);
            }
            expectSameBits(new Op.GateGrad(curve, 0), x, y, normal(DType.F32, 67, 577));
        }
    }

    @Test
    void theLossOfALinearHeadHasTheSameBits() {
        Tensor targets = Tensor.of(scope, Shape.of(150), random.ints(150, 0, 1201).toArray());
        Tensor hidden = normal(DType.F32, 150, 101);
        for (DType type : new DType[] {DType.F32, DType.BF16}) {
            Tensor head = normal(type, 1201, 101);
            for (double softcap : new double[] {0, 15}) {
                expectSameBits(new Op.LinearCrossEntropy(false, softcap), hidden, head, targets);
                expectSameBits(new Op.LinearCrossEntropy(true, softcap), hidden, head, targets);
            }
        }
    }

    /** {@code softmax - onehot} in float32 would be wrong by some percent here. */
    @Test
    void aTokenThatTheModelIsSureOfKeepsItsSmallGradient() {
        int vocabulary = 700;
        Tensor hidden = Tensor.of(scope, Shape.of(1, 2), 20f, 1f);
        Tensor head = Tensor.zeros(scope, DType.F32, Shape.of(vocabulary, 2));
        for (int v = 0; v < vocabulary; v++) {
            head.set(2L * v, v == 600 ? 1 : 0.001 * (v % 7));
            head.set(2L * v + 1, 0.5 - 0.002 * (v % 11));
        }
        for (double softcap : new double[] {0, 30}) {
            Op op = new Op.LinearCrossEntropy(true, softcap);
            List<Tensor> in = List.of(hidden, head, Tensor.of(scope, Shape.of(1), 600));
            List<Tensor> expected = outputs(op, in);
            new ReferenceKernels().run(op, in, expected);
            List<Tensor> actual = outputs(op, in);
            two.run(op, in, actual);
            for (int i = 0; i < 2; i++) {
                assertThat(Math.abs(expected.get(i).get(0))).isBetween(1e-7, 1e-3);
                assertThat(actual.get(i).get(0) / expected.get(i).get(0)).isCloseTo(1, within(1e-5));
            }
        }
    }

    @Test
    void updatesHaveTheSameBits() {
        Tensor total = Tensor.zeros(scope, DType.F64, Shape.of(1));
        one.apply(new Update.SumSquares(), total, x);
        double expected = total.item();
        five.apply(new Update.SumSquares(), total, x);
        assertThat(total.item()).isEqualTo(expected).isPositive();
        List<Tensor> state = List.of(x, y, normal(DType.F32, 67, 577), Tensor.zeros(scope, DType.F32, x.shape()));
        List<Tensor> copy = new ArrayList<>();
        for (Tensor tensor : state) {
            Tensor same = Tensor.allocate(scope, DType.F32, tensor.shape());
            five.apply(new Update.Copy(), same, tensor);
            copy.add(same);
        }
        Update.AdamW step = new Update.AdamW(1e-3, 0.9, 0.999, 1e-8, 0.01, 5);
        one.update(step, state);
        five.update(step, copy);
        for (int i = 0; i < 4; i++) {
            assertThat(copy.get(i).data().mismatch(state.get(i).data())).isEqualTo(-1);
        }
    }

    /** Sizes around the edges of tiles and blocks: one row or column more or less than a whole tile, and more than one block of k. */
    @Test
    void productsAtTheEdgesOfTilesAndBlocks() {
        int[] sizes = {1, GemmTile.ROWS - 1, GemmTile.ROWS + 1, GemmTile.COLUMNS, GemmTile.COLUMNS + 1};
        for (int rows : sizes) {
            for (int columns : sizes) {
                for (int inner : new int[] {1, 1025}) {
                    expectReference(new Op.MatMul(false, true), inner, normal(DType.F32, rows, inner), normal(DType.F32, columns, inner));
                    expectReference(new Op.MatMul(true, false), inner, normal(DType.F32, inner, rows), normal(DType.F16, inner, columns));
                    expectReference(new Op.MatMul(true, false), inner, normal(DType.F32, inner, rows), normal(DType.F32, inner, columns));
                }
            }
        }
        for (int few : new int[] {OuterKernel.MAX_FEW, OuterKernel.MAX_FEW + 1}) {
            expectReference(new Op.MatMul(true, false), 1030, normal(DType.F32, 1030, few), normal(DType.F32, 1030, 288));
            expectReference(new Op.MatMul(true, false), 1030, normal(DType.F32, 1030, 288), normal(DType.F32, 1030, few));
        }
        for (int few : new int[] {FewColumnsKernel.MAX_COLUMNS, FewColumnsKernel.MAX_COLUMNS + 1}) {
            expectReference(new Op.MatMul(false, true), 70, normal(DType.F32, 131, 70), normal(DType.F16, few, 70));
            expectReference(new Op.MatMul(false, false), 70, normal(DType.F32, 131, 70), normal(DType.BF16, 70, few));
        }
        expectReference(new Op.MatMul(false, false), 3, normal(DType.F32, 2, 3), normal(DType.F32, 3, 2100));
        expectReference(new Op.MatMul(true, true), 3, normal(DType.F32, 3, 1700), normal(DType.F32, 7, 3));
    }

    private void expectReference(Op op, int inner, Tensor... inputs) {
        List<Tensor> in = List.of(inputs);
        List<Tensor> references = outputs(op, in);
        List<Tensor> results = outputs(op, in);
        new ReferenceKernels().run(op, in, references);
        two.run(op, in, results);
        Tensor expected = references.getFirst();
        Tensor actual = results.getFirst();
        double tolerance = 2e-6 * Math.sqrt(inner);
        for (long i = 0; i < expected.elements(); i++) {
            if (!(Math.abs(actual.get(i) - expected.get(i)) < tolerance * (2 + Math.abs(expected.get(i))))) {
                fail("element %d of %s of %s is %s, not %s", i, op, in, actual.get(i), expected.get(i));
            }
        }
    }

    @Test
    void anEmptyInnerExtentGivesZeros() {
        Tensor product = outputs(new Op.MatMul(false, false), List.of(normal(DType.F32, 6, 0), normal(DType.F32, 0, 5))).getFirst();
        two.run(new Op.MatMul(false, false), List.of(normal(DType.F32, 6, 0), normal(DType.F32, 0, 5)), List.of(product));
        assertThat(product.toFloats()).containsOnly(0f);
    }

    /** Keys that no query reaches have a gradient of zero, and keys of two segments the sum. */
    @Test
    void gradientsOfUnusedAndSharedKeys() {
        List<Tensor> gradients = expectGradients(4, 9, Tensor.of(scope, Shape.of(2, 4), 0, 2, 2, 3, 2, 2, 3, 4));
        assertThat(gradients.get(1).rows(0, 2).toFloats()).containsOnly(0f);
        assertThat(gradients.get(2).rows(7, 2).toFloats()).containsOnly(0f);
    }

    /** Where each key has a query of its own, gradients are not cleared before; with keys besides, as of a cache, a block ends within a panel of keys. */
    @Test
    void gradientsWithAndWithoutClearing() {
        expectGradients(331, 331, Tensor.of(scope, Shape.of(3, 4), 0, 130, 0, 130, 130, 1, 130, 1, 131, 200, 131, 200));
        expectGradients(200, 202, Tensor.of(scope, Shape.of(1, 4), 0, 200, 0, 202));
        expectGradients(3, 7, Tensor.of(scope, Shape.of(1, 4), 0, 3, 2, 3));
        expectGradients(10, 5, Tensor.of(scope, Shape.of(2, 4), 0, 5, 0, 5, 5, 5, 0, 5));
    }

    private List<Tensor> expectGradients(int queries, int keys, Tensor segments) {
        Tensor q = normal(DType.F32, queries, 16);
        Tensor k = normal(DType.F32, keys, 8);
        Tensor v = normal(DType.F32, keys, 8);
        Op.Attention forward = new Op.Attention(2, 1, 0.3, 0);
        List<Tensor> out = outputs(forward, List.of(q, k, v, segments));
        two.run(forward, List.of(q, k, v, segments), out);
        List<Tensor> in = List.of(q, k, v, segments, out.get(0), out.get(1), normal(DType.F32, queries, 16));
        Op.AttentionGrad backward = new Op.AttentionGrad(2, 1, 0.3, 0);
        List<Tensor> expected = outputs(backward, in);
        List<Tensor> actual = outputs(backward, in);
        new ReferenceKernels().run(backward, in, expected);
        two.run(backward, in, actual);
        for (int i = 0; i < 3; i++) {
            float[] reference = expected.get(i).toFloats();
            assertThat(actual.get(i).toFloats()).containsExactly(reference, org.assertj.core.data.Offset.offset(1e-5f));
        }
        return actual;
    }

    @Test
    void float64IsRefusedWithTheRemedy() {
        Tensor wide = normal(DType.F64, 2, 2);
        Tensor result = Tensor.allocate(scope, DType.F64, wide.shape());
        assertThatThrownBy(() -> one.run(new Op.Scale(2), List.of(wide), List.of(result)))
                .isInstanceOf(MissingKernelException.class)
                .hasMessageContaining("Scale")
                .hasMessageContaining("cpu")
                .hasMessageContaining("use ReferenceKernels for F64");
        assertThatThrownBy(() -> one.apply(new Update.Sgd(0.1, 0, 0), wide, wide, wide)).isInstanceOf(MissingKernelException.class);
    }
}
