package io.safeprobe.engine.tornado;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * One execution plan with a graph for each kernel. All graphs name the arrays that stay on the device, in the same order, because TornadoVM hands
 * data from one graph to the next only where both name it. A launch sends its arguments and a size; nothing comes back. Only the thread of the
 * device calls this.
 */
final class Launcher implements AutoCloseable {
    /** No real numbers. */
    static final float[] NONE = {};

    private static final String TASK = "t";

    /** One kernel in the plan; {@code waits} says that something comes back, for which everything before has to be done. */
    private record Graph(int index, WorkerGrid1D grid, int lanes, boolean waits) {}

    private final Arrays arrays;
    private final KernelContext context = new KernelContext();
    private final IntArray ints = new IntArray(Slot.COUNT * Slot.INTS);
    private final FloatArray floats = new FloatArray(Slot.COUNT * Slot.FLOATS);
    private final IntArray done = new IntArray(1);
    private final List<ImmutableTaskGraph> graphs = new ArrayList<>();
    private final GridScheduler grids = new GridScheduler();
    private final Map<Kernel, Graph> kernels = new EnumMap<>(Kernel.class);
    private final Graph touch;
    private final Stage<FloatArray> scalars;
    private final Stage<FloatArray> wide;
    private final Stage<ShortArray> bits;
    private final Graph sendIndex;
    private final IntArray indexStage = new IntArray(Stage.INDICES);
    private final TornadoExecutionPlan plan;
    private int slot;

    /** The arrays that stay on the device. */
    record Arrays(FloatArray heap, ShortArray weights, IntArray index) {}

    /** An array that is sent, with the graphs for both ways. */
    private record Stage<T>(T array, Graph up, Graph down) {
        static final int SCALARS = 1 << 8;
        static final int FLOATS = 1 << 20;
        static final int BITS = 1 << 20;
        static final int INDICES = 1 << 14;
    }

    Launcher(TornadoDevice device, Arrays arrays) {
        this.arrays = arrays;
        touch = add(new TaskGraph("touch").task(TASK, TransferLanes::touch, context, arrays.heap, arrays.weights, arrays.index), "touch", Slot.GROUP);
        for (Kernel kernel : Kernel.values()) {
            TaskGraph graph = consuming(kernel.graph())
                    .transferToDevice(DataTransferMode.EVERY_EXECUTION, ints, floats)
                    .task(TASK, kernel.body(), context, arrays.heap, arrays.weights, arrays.index, ints, floats);
            kernels.put(kernel, add(graph, kernel.graph(), kernel.lanes()));
        }
        scalars = floats("scalars", Stage.SCALARS);
        wide = floats("floats", Stage.FLOATS);
        ShortArray shorts = new ShortArray(Stage.BITS);
        bits = new Stage<>(shorts, up("upbits", TransferLanes::upBits, shorts), down("downbits", TransferLanes::downBits, shorts));
        sendIndex = up("upindex", TransferLanes::upIndex, indexStage);
        plan = new TornadoExecutionPlan(graphs.toArray(ImmutableTaskGraph[]::new));
        plan.withDevice(device);
        plan.withGridScheduler(grids);
        touch.grid.setGlobalWork(Slot.GROUP, 1, 1);
        execute(touch);
    }

    private Stage<FloatArray> floats(String name, int elements) {
        FloatArray array = new FloatArray(elements);
        return new Stage<>(array, up("up" + name, TransferLanes::up, array), down("down" + name, TransferLanes::down, array));
    }

    private TaskGraph consuming(String name) {
        return new TaskGraph(name).consumeFromDevice(arrays.heap, arrays.weights, arrays.index);
    }

    /** What is sent is written over by the next transfer, so this one ends when an answer has come back. */
    private <T> Graph up(String name, Task7<KernelContext, T, IntArray, FloatArray, ShortArray, IntArray, IntArray> body, T stage) {
        return add(transfer(name, body, stage, true), name, Slot.GROUP, done);
    }

    private <T> Graph down(String name, Task7<KernelContext, T, IntArray, FloatArray, ShortArray, IntArray, IntArray> body, T stage) {
        return add(transfer(name, body, stage, false), name, Slot.GROUP, stage);
    }

    private <T> TaskGraph transfer(
            String name, Task7<KernelContext, T, IntArray, FloatArray, ShortArray, IntArray, IntArray> body, T stage, boolean up) {
        TaskGraph graph = up
                ? consuming(name).transferToDevice(DataTransferMode.EVERY_EXECUTION, stage, ints)
                : consuming(name).transferToDevice(DataTransferMode.EVERY_EXECUTION, ints);
        return graph.task(TASK, body, context, stage, done, arrays.heap, arrays.weights, arrays.index, ints);
    }

    private Graph add(TaskGraph graph, String name, int lanes, Object... back) {
        graph.persistOnDevice(arrays.heap, arrays.weights, arrays.index);
        if (back.length > 0) {
            graph.transferToHost(DataTransferMode.EVERY_EXECUTION, back);
        }
        WorkerGrid1D grid = new WorkerGrid1D(lanes);
        grid.setLocalWork(lanes, 1, 1);
        grids.addWorkerGrid(name + "." + TASK, grid);
        graphs.add(graph.snapshot());
        return new Graph(graphs.size() - 1, grid, lanes, back.length > 0);
    }

    /** Launches a lane for each of so many elements. */
    void elements(Kernel kernel, long elements, float[] real, int... whole) {
        launch(kernel, (elements + kernel.lanes() - 1) / kernel.lanes(), real, whole);
    }

    /** Launches so many work-groups; nothing where there are none. */
    void launch(Kernel kernel, long groups, float[] real, int... whole) {
        if (groups > 0) {
            launch(Objects.requireNonNull(kernels.get(kernel)), groups, real, whole);
        }
    }

    private void launch(Graph graph, long groups, float[] real, int... whole) {
        if (slot == Slot.COUNT - 1 && !graph.waits) {
            launch(scalars.down, 1, NONE, 0, 0);
        }
        for (int i = 0; i < whole.length; i++) {
            ints.set(slot * Slot.INTS + i, whole[i]);
        }
        for (int i = 0; i < real.length; i++) {
            floats.set(slot * Slot.FLOATS + i, real[i]);
        }
        int lanes = Math.toIntExact(Math.multiplyExact(Slot.groups(groups, slot), (long) graph.lanes)); // kernels count lanes in an int
        graph.grid.setGlobalWork(lanes, 1, 1);
        execute(graph);
        slot = graph.waits ? 0 : slot + 1; // what waits has seen to it that every slot was read
    }

    private void execute(Graph graph) {
        plan.withGraph(graph.index).execute();
    }

    /** Copies floats to the device, from element {@code to} on. */
    void send(MemorySegment source, int to) {
        long count = source.byteSize() / Float.BYTES;
        for (long from = 0; from < count; ) {
            Stage<FloatArray> stage = count - from > Stage.SCALARS ? wide : scalars;
            int part = (int) Math.min(stage.array.getSize(), count - from);
            stage.array.getSegment().copyFrom(source.asSlice(from * Float.BYTES, (long) part * Float.BYTES));
            launch(stage.up, groups(part), NONE, Math.toIntExact(to + from), part);
            from += part;
        }
    }

    /** Copies floats from the device, from element {@code from} on. */
    void fetch(int from, MemorySegment target) {
        long count = target.byteSize() / Float.BYTES;
        for (long to = 0; to < count; ) {
            Stage<FloatArray> stage = count - to > Stage.SCALARS ? wide : scalars;
            int part = (int) Math.min(stage.array.getSize(), count - to);
            launch(stage.down, groups(part), NONE, Math.toIntExact(from + to), part);
            target.asSlice(to * Float.BYTES, (long) part * Float.BYTES).copyFrom(stage.array.getSegment().asSlice(0, (long) part * Float.BYTES));
            to += part;
        }
    }

    /** Copies 16-bit floats to the device. */
    void sendBits(MemorySegment source, int to) {
        long count = source.byteSize() / Short.BYTES;
        for (long from = 0; from < count; from += Stage.BITS) {
            int part = (int) Math.min(Stage.BITS, count - from);
            bits.array.getSegment().copyFrom(source.asSlice(from * Short.BYTES, (long) part * Short.BYTES));
            launch(bits.up, groups(part), NONE, Math.toIntExact(to + from), part);
        }
    }

    /** Copies 16-bit floats from the device. */
    void fetchBits(int from, MemorySegment target) {
        long count = target.byteSize() / Short.BYTES;
        for (long to = 0; to < count; to += Stage.BITS) {
            int part = (int) Math.min(Stage.BITS, count - to);
            launch(bits.down, groups(part), NONE, Math.toIntExact(from + to), part);
            target.asSlice(to * Short.BYTES, (long) part * Short.BYTES).copyFrom(bits.array.getSegment().asSlice(0, (long) part * Short.BYTES));
        }
    }

    /** Copies indices to the device. */
    void sendIndex(int[] source, int to) {
        for (int from = 0; from < source.length; from += Stage.INDICES) {
            int part = Math.min(Stage.INDICES, source.length - from);
            for (int i = 0; i < part; i++) {
                indexStage.set(i, source[from + i]);
            }
            launch(sendIndex, groups(part), NONE, to + from, part);
        }
    }

    private static long groups(int elements) {
        return (elements + Slot.GROUP - 1L) / Slot.GROUP;
    }

    @Override
    public void close() {
        try {
            plan.freeDeviceMemory();
            plan.close();
        } catch (TornadoExecutionPlanException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
