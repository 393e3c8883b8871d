package io.safeprobe.engine.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.DropoutBits;
import io.safeprobe.engine.tensor.DType;
import java.util.function.IntToDoubleFunction;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Lane functions on the JVM, lane after lane, against the definition in float64; with lanes behind the end, which must do nothing. */
class LanesTest {
    private static final Offset<Float> CLOSE = within(2e-5f);

    private final Lanes lanes = Lanes.random(3);
    private final FloatArray heap = lanes.heap;

    private void check(int at, int count, IntToDoubleFunction want) {
        for (int i = 0; i < count; i++) {
            assertThat(heap.get(at + i)).as("element %d", i).isCloseTo((float) want.applyAsDouble(i), CLOSE);
        }
    }

    /** What lies right behind the result must stay. */
    private void run(int y, int count, Runnable kernel) {
        float behind = heap.get(y + count);
        kernel.run();
        assertThat(heap.get(y + count)).isEqualTo(behind);
    }

    private float at(int i) {
        return heap.get(i);
    }

    @Test
    void elements() {
        run(900, 75, () -> Lanes.each(75, i -> PointwiseLanes.linearLane(i, heap, lanes.ints(900, 0, 100, 75), 0, lanes.floats(1, -0.5f), 0)));
        check(900, 75, i -> at(i) - 0.5 * at(100 + i));
        run(900, 75, () -> Lanes.each(75, i -> PointwiseLanes.scaleLane(i, heap, lanes.ints(900, 0, 75), 0, lanes.floats(3), 0)));
        check(900, 75, i -> 3.0 * at(i));
        run(900, 75, () -> Lanes.each(75, i -> PointwiseLanes.mulLane(i, heap, lanes.ints(900, 0, 100, 75), 0)));
        check(900, 75, i -> at(i) * at(100 + i));
        run(900, 75, () -> Lanes.each(75, i -> PointwiseLanes.fillLane(i, heap, lanes.ints(900, 75), 0, lanes.floats(7), 0)));
        check(900, 75, i -> 7);
    }

    @Test
    void broadcasts() {
        run(900, 60, () -> Lanes.each(60, i -> PointwiseLanes.broadcastLane(i, heap, lanes.ints(900, 0, 100, 60, 12, 0, PointwiseLanes.ADD), 0)));
        check(900, 60, i -> at(i) + at(100 + i % 12));
        run(900, 60, () -> Lanes.each(60, i -> PointwiseLanes.broadcastLane(i, heap, lanes.ints(900, 0, 100, 60, 12, 1, PointwiseLanes.MULTIPLY), 0)));
        check(900, 60, i -> at(i) * at(100 + i / 12));
        run(900, 60, () -> Lanes.each(60, i -> PointwiseLanes.broadcastLane(i, heap, lanes.ints(900, -1, 100, 60, 12, 1, PointwiseLanes.REPEAT), 0)));
        check(900, 60, i -> at(100 + i / 12));
    }

    @Test
    void partsOfMatrices() {
        run(900, 6, () -> Lanes.each(6, i -> PointwiseLanes.sliceLane(i, heap, lanes.ints(900, 0, 6, 3, 10, 2, 4), 0)));
        check(900, 6, i -> at((2 + i / 3) * 10 + 4 + i % 3));
        Lanes.each(40, i -> PointwiseLanes.fillLane(i, heap, lanes.ints(900, 40), 0, lanes.floats(0), 0));
        run(900, 40, () -> Lanes.each(6, i -> PointwiseLanes.padLane(i, heap, lanes.ints(900, 0, 6, 3, 10, 2, 4), 0)));
        check(900, 40, i -> i / 10 >= 2 && i % 10 >= 4 && i % 10 < 7 ? at((i / 10 - 2) * 3 + i % 10 - 4) : 0);
    }

    @Test
    void rotation() {
        run(900, 36, () -> Lanes.each(18, i -> PointwiseLanes.rotaryLane(i, heap, lanes.ints(900, 0, 100, 200, 18, 12, 3), 0, lanes.floats(-1), 0)));
        check(900, 36, i -> {
            int row = i / 12;
            int j = i % 3;
            double cos = at(100 + row * 3 + j);
            double sin = -at(200 + row * 3 + j);
            return i % 6 < 3 ? at(i) * cos - at(i + 3) * sin : at(i) * cos + at(i - 3) * sin;
        });
    }

    @ParameterizedTest
    @EnumSource
    void curves(Curve curve) {
        for (int order = 0; order <= Curve.MAX_ORDER; order++) {
            for (double x = -20; x <= 20; x += 0.37) {
                if ((curve == Curve.RSQRT && x < 0.4) || (curve == Curve.EXP && x > 4)) {
                    continue;
                }
                float value = switch (curve) {
                    case SILU -> CurveLanes.silu(order, (float) x);
                    case GELU -> CurveLanes.gelu(order, (float) x);
                    case GELU_TANH -> CurveLanes.geluTanh(order, (float) x);
                    case LOG_SIGMOID -> CurveLanes.logSigmoid(order, (float) x);
                    case EXP -> CurveLanes.exp(order, (float) x);
                    case RSQRT -> CurveLanes.rsqrt(order, (float) x);
                    case TANH -> CurveLanes.tanh(order, (float) x);
                };
                double want = curve.at(order, (float) x);
                assertThat((double) value).as("order %d at %s", order, x).isCloseTo(want, within(2e-6 * (1 + Math.abs(want))));
            }
        }
    }

    @Test
    void curveResultsTakeAFactorWhereThereIsOne() {
        CurveLanes.put(5, heap, lanes.ints(900, 0, 100, 75), 0, 2f);
        CurveLanes.put(6, heap, lanes.ints(900, 0, -1, 75), 0, 2f);
        assertThat(at(905)).isEqualTo(2f * at(105));
        assertThat(at(906)).isEqualTo(2f);
    }

    @Test
    void everyHalfOfEveryFormatSurvivesItsBits() {
        for (int bits = 0; bits < StoredLanes.TABLE; bits++) {
            float bf16 = DType.fromBf16((short) bits);
            float f16 = Float.float16ToFloat((short) bits);
            if (!Float.isNaN(bf16)) {
                assertThat(StoredLanes.bf16(Float.floatToRawIntBits(bf16)) & 0xffff).isEqualTo(bits);
            }
            if (!Float.isNaN(f16)) {
                assertThat(StoredLanes.f16(Float.floatToRawIntBits(f16)) & 0xffff).isEqualTo(bits);
            }
        }
    }

    @Test
    void everythingBetweenHalvesRoundsAsOnTheProcessor() {
        for (int high = 0; high < 1 << 16; high++) {
            for (int low : new int[] {0, 1, 0xfff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0xffff}) {
                int bits = high << 16 | low;
                float value = Float.intBitsToFloat(bits);
                if (!Float.isNaN(value)) {
                    assertThat((short) StoredLanes.bf16(bits)).isEqualTo(DType.toBf16(value));
                    assertThat((short) StoredLanes.f16(bits)).isEqualTo(Float.floatToFloat16(value));
                }
            }
        }
        assertThat(StoredLanes.bf16(Float.floatToRawIntBits(Float.NaN))).isEqualTo(0x7fc0);
        assertThat(Float.isNaN(Float.float16ToFloat((short) StoredLanes.f16(Float.floatToRawIntBits(Float.NaN))))).isTrue();
    }

    @Test
    void storedNumbers() {
        run(900, 70, () -> Lanes.each(70, i -> StoredLanes.widenLane(i, heap, lanes.weights, lanes.ints(900, 10, 70, Lanes.TABLE_AT), 0)));
        check(900, 70, i -> Float.float16ToFloat(lanes.weights.get(10 + i)));
        Lanes.each(70, i -> StoredLanes.takeBitsLane(i, heap, lanes.index, lanes.ints(5, 900, 70), 0));
        Lanes.each(70, i -> StoredLanes.roundBitsLane(i, lanes.weights, lanes.index, lanes.ints(500, 5, 70, 1), 0));
        Lanes.each(70, i -> StoredLanes.copyLane(i, lanes.weights, lanes.ints(600, 500, 70), 0));
        for (int i = 0; i < 70; i++) {
            assertThat(lanes.weights.get(600 + i)).isEqualTo(lanes.weights.get(10 + i));
        }
        Lanes.each(70, i -> StoredLanes.fillLane(i, lanes.weights, lanes.ints(600, 70, 0xbc00), 0));
        assertThat(lanes.weights.get(669)).isEqualTo((short) 0xbc00);
        assertThat(lanes.weights.get(670)).isNotEqualTo((short) 0xbc00);
    }

    @Test
    void gatherAndItsTranspose() {
        int[] ids = {3, 0, 3, 5};
        for (int i = 0; i < ids.length; i++) {
            lanes.index.set(20 + i, ids[i]);
        }
        run(900, 28, () -> Lanes.each(28, i -> StoredLanes.gatherLane(i, heap, lanes.weights, lanes.index, lanes.ints(900, 0, 28, StoredLanes.WIDE, 7, 20), 0)));
        check(900, 28, i -> at(ids[i / 7] * 7 + i % 7));
        Lanes.each(42, i -> PointwiseLanes.fillLane(i, heap, lanes.ints(1000, 42), 0, lanes.floats(0), 0));
        run(1000, 42, () -> Lanes.each(7, i -> RowLanes.scatterAddLane(i, heap, lanes.index, lanes.ints(1000, 100, 4, 7, 20), 0)));
        check(1000, 42, i -> {
            double sum = 0;
            for (int row = 0; row < ids.length; row++) {
                sum += ids[row] == i / 7 ? at(100 + row * 7 + i % 7) : 0;
            }
            return sum;
        });
    }

    @Test
    void sumsOfRowsAndColumns() {
        run(900, 9, () -> Lanes.each(9, i -> RowLanes.sumRowsLane(i, heap, lanes.ints(900, 0, 20, 9), 0)));
        check(900, 9, i -> {
            double sum = 0;
            for (int row = 0; row < 20; row++) {
                sum += at(row * 9 + i);
            }
            return sum;
        });
        double sum = 0;
        double dot = 0;
        double triple = 0;
        double squares = 0;
        float laneSum = 0;
        float laneDot = 0;
        float laneTriple = 0;
        double laneSquares = 0;
        for (int i = 0; i < 150; i++) {
            sum += at(i);
            dot += (double) at(i) * at(200 + i);
            triple += (double) at(i) * at(200 + i) * at(400 + i);
            squares += (double) at(i) * at(i);
        }
        for (int lane = 0; lane < Slot.GROUP; lane++) {
            laneSum += RowLanes.sumLane(lane, heap, 0, 150);
            laneDot += RowLanes.dotLane(lane, heap, 0, 200, 150);
            laneTriple += RowLanes.tripleLane(lane, heap, 0, 200, 400, 150);
            laneSquares += UpdateLanes.squaresLane(lane, Slot.GROUP, heap, 0, 150);
        }
        assertThat(laneSum).isCloseTo((float) sum, CLOSE);
        assertThat(laneDot).isCloseTo((float) dot, within(1e-4f));
        assertThat(laneTriple).isCloseTo((float) triple, within(1e-4f));
        assertThat(laneSquares).isCloseTo(squares, within(1e-12 * squares));
        assertThat(RowLanes.width(3, 4, 9)).isEqualTo(9);
        assertThat(RowLanes.width(4, 4, 9)).isZero();
    }

    @Test
    void normalisation() {
        float inverse = RowLanes.inverse(24f, 100, 0.01f);
        assertThat(inverse).isCloseTo(2f, CLOSE);
        for (int lane = 0; lane < Slot.GROUP; lane++) {
            RowLanes.rmsNormLane(lane, heap, 900, 0, 100, 100, inverse);
            RowLanes.rmsNormGradLane(lane, heap, 1100, 0, 100, 200, 100, inverse, 0.3f);
        }
        check(900, 100, i -> at(i) * inverse * at(100 + i));
        check(1100, 100, i -> inverse * at(100 + i) * at(200 + i) - at(i) * 0.3);
    }

    @Test
    void segments() {
        int[] starts = {0, 4, 4, 90};
        for (int i = 0; i < starts.length; i++) {
            lanes.index.set(i, starts[i]);
        }
        for (int segment = 0; segment < 3; segment++) {
            for (int lane = 0; lane < Slot.GROUP; lane++) {
                RowLanes.segmentExpandLane(lane, segment, heap, lanes.index, lanes.ints(900, 10, 3, 0), 0);
            }
        }
        check(900, 90, i -> at(i < 4 ? 10 : 12));
    }

    @Test
    void losses() {
        double max = -1e9;
        for (int i = 0; i < 100; i++) {
            max = Math.max(max, at(i));
        }
        double sum = 0;
        for (int i = 0; i < 100; i++) {
            sum += Math.exp(at(i) - max);
        }
        float laneMax = LossLanes.LEAST;
        float laneSum = 0;
        for (int lane = 0; lane < Slot.GROUP; lane++) {
            laneMax = Math.max(laneMax, LossLanes.maxLane(lane, heap, 0, 100));
        }
        for (int lane = 0; lane < Slot.GROUP; lane++) {
            laneSum += LossLanes.expLane(lane, heap, 0, 100, laneMax);
        }
        assertThat(laneMax).isEqualTo((float) max);
        assertThat(laneSum).isCloseTo((float) sum, CLOSE);
        double normaliser = max + Math.log(sum);
        lanes.index.set(0, 42);
        lanes.index.set(1, -100);
        for (int lane = 0; lane < Slot.GROUP; lane++) {
            LossLanes.logSoftmaxLane(lane, heap, 900, 0, 100, laneMax, (float) Math.log(sum));
            for (int row = 0; row < 2; row++) {
                LossLanes.crossEntropyGradLane(lane, row, 100, heap, lanes.index, lanes.ints(1100, 0, 2, 100, 0, -100, 500), 0, laneMax, laneSum);
            }
        }
        check(900, 100, i -> at(i) - normaliser);
        check(1100, 100, i -> at(500) * (Math.exp(at(i) - normaliser) - (i == 42 ? 1 : 0)));
        check(1200, 100, i -> 0);
        LossLanes.crossEntropyLane(0, heap, lanes.index, lanes.ints(1500, 0, 2, 100, 0, -100), 0, laneMax, (float) Math.log(sum));
        LossLanes.crossEntropyLane(1, heap, lanes.index, lanes.ints(1500, 0, 2, 100, 0, -100), 0, laneMax, (float) Math.log(sum));
        check(1500, 2, i -> i == 0 ? normaliser - at(42) : 0);
    }

    @Test
    void productsPanelByPanel() {
        // a [3, 20] stored transposed, b [20, 5] stored transposed in 16 bits
        int[] numbers = {900, 0, 100, 3, 5, 20, 1, 3, 1, 20, Lanes.TABLE_AT, 1};
        float[] before = lanes.copy(900, 15);
        for (int row = 0; row < MatMulLanes.TILE; row++) {
            for (int column = 0; column < MatMulLanes.TILE; column++) {
                float sum = 0;
                for (int k = 0; k < 32; k++) {
                    sum += MatMulLanes.left(row, k, heap, lanes.ints(numbers), 0) * MatMulLanes.right(k, column, heap, lanes.weights, lanes.ints(numbers), 0);
                }
                MatMulLanes.store(0.5f * sum, row, column, heap, lanes.ints(numbers), 0);
            }
        }
        check(900, 15, i -> {
            double sum = 0;
            for (int k = 0; k < 20; k++) {
                sum += (double) at(k * 3 + i / 5) * Float.float16ToFloat(lanes.weights.get(100 + i % 5 * 20 + k));
            }
            return before[i] + 0.5 * sum;
        });
        float few = 0;
        for (int lane = 0; lane < Slot.GROUP; lane++) {
            few += MatMulLanes.fewLane(lane, 2, 3, heap, lanes.weights, lanes.ints(numbers), 0);
            assertThat(MatMulLanes.fewLane(lane, 3, 3, heap, lanes.weights, lanes.ints(numbers), 0)).isZero();
        }
        assertThat(before[13] + 0.5f * few).isCloseTo(at(913), CLOSE);
        boolean[] seen = new boolean[MatMulLanes.TILE * 16];
        for (int byInner = 0; byInner < 2; byInner++) {
            java.util.Arrays.fill(seen, false);
            for (int i = 0; i < seen.length; i++) {
                seen[MatMulLanes.along(i, byInner) * MatMulLanes.TILE + MatMulLanes.across(i, byInner)] = true;
            }
            assertThat(seen).doesNotContain(false);
        }
    }

    @Test
    void optimizers() {
        float[] p = lanes.copy(0, 70);
        float[] m = lanes.copy(200, 70);
        float[] v = lanes.copy(300, 70);
        for (int i = 0; i < 70; i++) {
            heap.set(300 + i, Math.abs(v[i]));
        }
        Lanes.each(70, i -> UpdateLanes.adamWLane(
                i, heap, lanes.ints(0, 100, 200, 300, 70), 0, lanes.floats(0.9f, 0.1f, 0.99f, 0.01f, 0.999f, 0.02f, 1.5f, 1e-8f), 0));
        check(200, 70, i -> 0.9 * m[i] + 0.1 * at(100 + i));
        check(300, 70, i -> 0.99 * Math.abs(v[i]) + 0.01 * at(100 + i) * at(100 + i));
        check(0, 70, i -> 0.999 * p[i] - 0.02 * at(200 + i) / (1.5 * Math.sqrt(at(300 + i)) + 1e-8));
        float[] q = lanes.copy(0, 70);
        float[] velocity = lanes.copy(200, 70);
        Lanes.each(70, i -> UpdateLanes.sgdLane(i, heap, lanes.ints(0, 100, 200, 70), 0, lanes.floats(0.9f, 0.01f, 0.1f), 0));
        check(200, 70, i -> 0.9 * velocity[i] + at(100 + i) + 0.01 * q[i]);
        check(0, 70, i -> q[i] - 0.1 * at(200 + i));
    }

    @Test
    void dropoutMasks() {
        int[] numbers = {900, 70, DropoutBits.threshold(0.3), 12345, 678, 0, 65535};
        run(900, 70, () -> Lanes.each(70, i -> UpdateLanes.dropoutMaskLane(i, heap, lanes.ints(numbers), 0, lanes.floats(2f), 0)));
        check(900, 70, i -> DropoutBits.draw(i, 12345, 678, 0, 65535) < DropoutBits.threshold(0.3) ? 0 : 2);
    }

    @Test
    void slotsAreNamedByTheNumberOfGroups() {
        for (int slot = 0; slot < Slot.COUNT; slot++) {
            for (long needed : new long[] {1, 15, 16, 17, 1000}) {
                long groups = Slot.groups(needed, slot);
                assertThat(groups).isBetween(needed, needed + Slot.COUNT - 1);
                assertThat(Slot.ints(Math.toIntExact(groups * Slot.GROUP))).isEqualTo(slot * Slot.INTS);
                assertThat(Slot.floats(Math.toIntExact(groups * Slot.GROUP))).isEqualTo(slot * Slot.FLOATS);
            }
        }
    }
}
