package io.safeprobe.engine.kernel.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Rows wherever they may lie in memory: in files they begin at any multiple of 8 bytes, and what lies beside them is not theirs. */
final class MatVecKernelTest {
    private static final int LINE = 64;

    /** @param gap numbers between two rows of w */
    record Product(DType type, int rows, int columns, int inner, int gap, int offset, boolean add, int threads, long seed) {}

    @Provide
    Arbitrary<Product> products() {
        Arbitrary<DType> types = Arbitraries.of(DType.F32, DType.BF16, DType.F16);
        Arbitrary<Integer> gaps = Arbitraries.of(0, 0, 0, 1, 7, 32);
        Arbitrary<Integer> inner = Arbitraries.oneOf(Arbitraries.integers().between(1, 150), Arbitraries.of(32, 64, 96, 128, 256));
        return Combinators.combine(
                        types,
                        Arbitraries.integers().between(1, MatVecKernel.MAX_ROWS),
                        Arbitraries.of(1, 2, 3, 4, 7, 40, 1500),
                        inner,
                        gaps,
                        Arbitraries.integers().between(0, 63),
                        Arbitraries.of(true, false),
                        Arbitraries.longs())
                .as((type, rows, columns, width, gap, offset, add, seed) -> new Product(type, rows, columns, width, gap, offset, add, 1 + (int) (seed & 1), seed));
    }

    /** All that is not of the matrix is NaN or infinite, in the files of numbers before it, between its rows and behind it. */
    @Property
    void isTheProductWhereverRowsLie(@ForAll("products") Product p) {
        SplittableRandom random = new SplittableRandom(p.seed);
        int bytes = p.type.bytes();
        int stride = p.inner + p.gap;
        try (Arena arena = Arena.ofConfined();
                Workers workers = new Workers(p.threads)) {
            long before = (long) p.offset * bytes;
            MemorySegment all = arena.allocate(before + (long) p.columns * stride * bytes + LINE, LINE);
            for (long i = 0; i < all.byteSize() / bytes; i++) {
                put(p.type, all, i, random.nextBoolean() ? Float.NaN : Float.NEGATIVE_INFINITY);
            }
            MemorySegment data = all.asSlice(before, ((long) p.columns * stride - p.gap) * bytes);
            MemorySegment x = arena.allocate(4L * p.rows * p.inner, LINE);
            MemorySegment c = arena.allocate(4L * p.rows * p.columns, LINE);
            for (int i = 0; i < p.rows * p.inner; i++) {
                x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
            }
            for (int i = 0; i < p.rows * p.columns; i++) {
                c.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1);
            }
            for (int j = 0; j < p.columns; j++) {
                for (int k = 0; k < p.inner; k++) {
                    put(p.type, data, (long) j * stride + k, (float) random.nextDouble(-1, 1));
                }
            }
            Matrix w = new Matrix(data, p.type, 0, stride);
            new MatVecKernel(workers).multiply(new Matrix(x, DType.F32, 0, p.inner), p.rows, w, p.columns, p.inner, c, 0.5f, p.add);
            for (int i = 0; i < p.rows; i++) {
                for (int j = 0; j < p.columns; j++) {
                    double expected = p.add ? 1 : 0;
                    for (int k = 0; k < p.inner; k++) {
                        expected += 0.5 * x.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * p.inner + k) * Lanes.widen(p.type, data, (long) j * stride + k);
                    }
                    assertThat((double) c.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * p.columns + j)).isCloseTo(expected, within(2e-5));
                }
            }
        }
    }

    private static void put(DType type, MemorySegment data, long index, float value) {
        switch (type) {
            case F32 -> Lanes.set(data, index, value);
            case BF16 -> Lanes.setShort(data, index, DType.toBf16(value));
            default -> Lanes.setShort(data, index, Float.floatToFloat16(value));
        }
    }
}
