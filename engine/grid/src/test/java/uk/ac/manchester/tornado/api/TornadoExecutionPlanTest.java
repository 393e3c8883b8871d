package uk.ac.manchester.tornado.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** What is wrong on a device is wrong here: tests of kernels are worth no more than the grid they run on. */
class TornadoExecutionPlanTest {
    private static final int GROUPS = 3;
    private static final int LANES = 8;

    private final FloatArray x = new FloatArray(GROUPS * LANES);
    private final FloatArray y = new FloatArray(GROUPS * LANES);
    private final IntArray numbers = new IntArray(4);
    private final GridScheduler grids = new GridScheduler();
    private final WorkerGrid1D grid = new WorkerGrid1D(GROUPS * LANES);

    TornadoExecutionPlanTest() {
        grid.setLocalWork(LANES, 1, 1);
        for (int i = 0; i < x.getSize(); i++) {
            x.set(i, i);
        }
    }

    private TaskGraph graph(String name, Task4<KernelContext, FloatArray, FloatArray, IntArray> kernel) {
        grids.addWorkerGrid(name + ".t", grid);
        return new TaskGraph(name).task("t", kernel, new KernelContext(), x, y, numbers);
    }

    private TornadoExecutionPlan plan(TaskGraph... graphs) {
        ImmutableTaskGraph[] fixed = new ImmutableTaskGraph[graphs.length];
        for (int i = 0; i < fixed.length; i++) {
            fixed[i] = graphs[i].snapshot();
        }
        return new TornadoExecutionPlan(fixed).withGridScheduler(grids);
    }

    /** A graph that sends x and the numbers, and fetches y. */
    private TaskGraph whole(Task4<KernelContext, FloatArray, FloatArray, IntArray> kernel) {
        return graph("whole", kernel).transferToDevice(DataTransferMode.EVERY_EXECUTION, x, numbers).transferToHost(DataTransferMode.EVERY_EXECUTION, y);
    }

    private float[] result(Task4<KernelContext, FloatArray, FloatArray, IntArray> kernel) {
        plan(whole(kernel)).execute();
        return floats(y);
    }

    private static float[] floats(FloatArray array) {
        float[] copy = new float[array.getSize()];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = array.get(i);
        }
        return copy;
    }

    private static void sum(KernelContext c, FloatArray x, FloatArray y, boolean waits) {
        float[] shared = c.allocateFloatLocalArray(LANES);
        double[] twice = c.allocateDoubleLocalArray(LANES);
        shared[c.localIdx] = x.get(c.globalIdx);
        twice[c.localIdx] = 2 * x.get(c.globalIdx);
        if (waits) {
            c.localBarrier();
        }
        double sum = 0;
        for (int i = 0; i < LANES; i++) {
            sum += shared[i] + twice[i];
        }
        y.set(c.globalIdx, (float) sum);
    }

    @Test
    void lanesOfAGroupShareWhatTheyWroteBeforeABarrier() {
        float[] sums = result((c, from, to, _) -> sum(c, from, to, true));
        for (int i = 0; i < sums.length; i++) {
            int group = i / LANES;
            assertThat(sums[i]).isEqualTo(3f * LANES * (group * LANES + (LANES - 1) / 2f));
        }
    }

    @Test
    void withoutTheBarrierTheyReadWhatWasNotWritten() {
        float[] sums = result((c, from, to, _) -> sum(c, from, to, false));
        assertThat(sums[0]).isNaN();
        assertThat(sums[LANES - 1]).isEqualTo(3f * LANES * (LANES - 1) / 2f);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, LANES - 1})
    void aLaneThatEndsWhereOthersWaitIsAnError(int lane) {
        assertThatThrownBy(() -> result((c, _, _, _) -> {
            if (c.localIdx != lane) {
                c.localBarrier();
            }
        })).isInstanceOf(IllegalStateException.class).hasMessageContaining("whole.t").hasMessageContaining("barrier");
    }

    @Test
    void everyOtherLaunchGoesBackwards() {
        List<Integer> order = new ArrayList<>();
        TornadoExecutionPlan plan = plan(whole((c, _, _, _) -> order.add(c.globalIdx)));
        plan.execute();
        assertThat(order).hasSize(GROUPS * LANES).isSorted();
        List<Integer> first = List.copyOf(order);
        order.clear();
        plan.execute();
        assertThat(order).isEqualTo(first.reversed());
    }

    @Test
    void nothingCrossesUnasked() {
        x.set(0, 5);
        plan(graph("whole", (_, from, to, _) -> to.set(0, from.get(0))).transferToDevice(DataTransferMode.EVERY_EXECUTION, x)
                .transferToHost(DataTransferMode.EVERY_EXECUTION, x)).execute();
        assertThat(y.get(0)).isZero();
        plan(graph("whole", (_, from, to, _) -> to.set(0, from.get(0))).transferToHost(DataTransferMode.EVERY_EXECUTION, y)).execute();
        assertThat(y.get(0)).isNaN();
        assertThat(y.get(1)).isNaN();
        plan(graph("whole", (_, _, to, whole) -> to.set(0, whole.get(0) == 0 ? 1 : 2)).transferToHost(DataTransferMode.EVERY_EXECUTION, y)).execute();
        assertThat(y.get(0)).isEqualTo(2);
    }

    @Test
    void sixteenBitsThatNobodyWroteAreNoNumber() {
        ShortArray bits = new ShortArray(1);
        grids.addWorkerGrid("bits.t", grid);
        plan(new TaskGraph("bits").task("t", (_, from, to, _) -> to.set(0, Float.float16ToFloat(from.get(0))), new KernelContext(), bits, y, numbers)
                .transferToHost(DataTransferMode.EVERY_EXECUTION, y)).execute();
        assertThat(y.get(0)).isNaN();
    }

    /** Memory of the process that only stands for that of the device is neither sent nor fetched. */
    @Test
    void arraysWithoutNumbersDoNotCross() {
        FloatArray none = FloatArray.fromSegmentShallow(MemorySegment.ofArray(new float[4 + 3]));
        grids.addWorkerGrid("none.t", grid);
        TaskGraph sent = new TaskGraph("none").task("t", (_, from, _, _) -> from.set(2, 1), new KernelContext(), none, y, numbers);
        assertThat(none.getSize()).isEqualTo(3);
        plan(sent).execute();
        assertThatThrownBy(() -> none.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> plan(sent.transferToHost(DataTransferMode.EVERY_EXECUTION, none)).execute()).hasMessageContaining("none of these");
    }

    @Test
    void whatStaysIsThereForTheNextGraphOnly() {
        TornadoExecutionPlan plan = plan(
                graph("keeps", (_, from, _, _) -> from.set(0, 7)).persistOnDevice(x),
                graph("takes", (_, from, to, _) -> to.set(0, from.get(0))).consumeFromDevice(x).transferToHost(DataTransferMode.EVERY_EXECUTION, y));
        plan.withGraph(0).execute();
        plan.withGraph(1).execute();
        assertThat(y.get(0)).isEqualTo(7);
        assertThat(x.get(0)).isZero();
        assertThatThrownBy(() -> plan.withGraph(1).execute()).isInstanceOf(IllegalStateException.class).hasMessageContaining("takes.t");
        plan.withGraph(0).execute();
        assertThatThrownBy(() -> plan.withGraph(0).execute()).isInstanceOf(IllegalStateException.class).hasMessageContaining("keeps.t");
    }

    /** Two launches write what the numbers say; nothing waits for the first. */
    @Test
    void argumentsOfTheNextLaunchMayComeBeforeThisOneRuns() {
        TornadoExecutionPlan plan = plan(
                graph("writes", (_, _, to, whole) -> to.set(whole.get(0), 1)).transferToDevice(DataTransferMode.EVERY_EXECUTION, numbers).persistOnDevice(y),
                graph("more", (_, _, to, whole) -> to.set(whole.get(0), 1)).consumeFromDevice(y)
                        .transferToDevice(DataTransferMode.EVERY_EXECUTION, numbers).transferToHost(DataTransferMode.EVERY_EXECUTION, y));
        plan.withGraph(0).execute();
        numbers.set(0, 1);
        plan.withGraph(1).execute();
        assertThat(y.get(0)).isNaN();
        assertThat(y.get(1)).isEqualTo(1);
    }

    @Test
    void errorsOfKernelsNameTaskLaneAndGroupAndThePlanGoesOn() {
        TornadoExecutionPlan plan = plan(whole((c, _, to, whole) -> to.set(c.globalIdx * whole.get(0), 1)));
        numbers.set(0, 2);
        assertThatThrownBy(plan::execute).hasMessageContaining("whole.t, lane 4 of work-group 1").hasRootCauseInstanceOf(IndexOutOfBoundsException.class);
        numbers.set(0, 1);
        plan.execute();
        assertThat(floats(y)).containsOnly(1);
    }

    @Test
    void gridsAreWholeGroupsOfAtMostWhatTheDeviceTakes() {
        TornadoExecutionPlan plan = plan(whole((_, _, _, _) -> {}));
        grid.setGlobalWork(LANES + 1, 1, 1);
        assertThatThrownBy(plan::execute).hasMessageContaining("9 lanes").hasMessageContaining("groups of 8");
        grid.setGlobalWork(512, 1, 1);
        grid.setLocalWork(512, 1, 1);
        assertThatThrownBy(plan::execute).hasMessageContaining("groups of 512");
        assertThatThrownBy(() -> grid.setLocalWork(8, 8, 1)).hasMessageContaining("8 x 8");
        plan.withGridScheduler(new GridScheduler());
        assertThatThrownBy(plan::execute).hasMessageContaining("whole.t has no grid");
    }

    @Test
    void lanesAgreeOnTheirLocalMemory() {
        assertThatThrownBy(() -> result((c, _, _, _) -> c.allocateFloatLocalArray(1 + c.localIdx))).hasMessageContaining("local array 0");
        assertThatThrownBy(() -> result((c, _, _, _) -> {
            if (c.localIdx == 0) {
                c.allocateFloatLocalArray(1);
            } else {
                c.allocateDoubleLocalArray(1);
            }
        })).hasMessageContaining("local array 0");
        assertThatThrownBy(() -> new KernelContext().localBarrier()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aPlanServesOneThread() throws InterruptedException {
        TornadoExecutionPlan plan = plan(whole((_, _, _, _) -> {}));
        AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        Thread other = new Thread(() -> {
            try {
                plan.execute();
            } catch (RuntimeException refused) {
                failure.set(refused);
            }
        });
        other.start();
        other.join();
        assertThat(failure.get()).hasMessageContaining("the thread that made it");
    }

    /** A device would have run what waits, so an error in it comes to light in the end. */
    @Test
    void whatWaitsIsDoneBeforeTheMemoryIsFree() throws TornadoExecutionPlanException {
        TornadoExecutionPlan plan = plan(graph("writes", (_, _, to, _) -> to.set(-1, 1)));
        plan.execute();
        assertThatThrownBy(plan::freeDeviceMemory).hasMessageContaining("writes.t");
        plan.close();
        assertThatThrownBy(plan::close).isInstanceOf(TornadoExecutionPlanException.class);
        assertThatThrownBy(plan::execute).hasMessageContaining("closed");
    }
}
