package uk.ac.manchester.tornado.api;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/**
 * Executes graphs. Kernels wait until something is to come back, while what is sent arrives at once: a device is as free to have launches
 * overtaken by the arguments of later ones.
 */
public final class TornadoExecutionPlan implements AutoCloseable {
    private final List<ImmutableTaskGraph> graphs;
    private final DeviceMemory memory = new DeviceMemory();
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private final int[] launches;
    private final Thread owner = Thread.currentThread();
    private GridScheduler grids = new GridScheduler();
    private List<Object> onDevice = List.of();
    private int next;
    private boolean closed;

    public TornadoExecutionPlan(ImmutableTaskGraph... graphs) {
        this.graphs = List.of(graphs);
        launches = new int[graphs.length];
    }

    public TornadoExecutionPlan withDevice(TornadoDevice device) {
        return this;
    }

    public TornadoExecutionPlan withGridScheduler(GridScheduler scheduler) {
        grids = scheduler;
        return this;
    }

    public TornadoExecutionPlan withGraph(int index) {
        next = index;
        return this;
    }

    public void execute() {
        if (!Thread.currentThread().equals(owner) || closed) {
            throw new IllegalStateException("a plan serves the thread that made it, until it is closed");
        }
        ImmutableTaskGraph graph = graphs.get(next);
        ImmutableTaskGraph.Task task = graph.task;
        List<Object> unwritten = task.arguments().stream().filter(array -> !graph.consumed.contains(array) && !graph.sent.contains(array)).toList();
        if (!onDevice.containsAll(graph.consumed) || unwritten.stream().anyMatch(onDevice::contains)) {
            throw new IllegalStateException("task " + task.name() + " does not consume exactly those of its arrays that the graph before left on the device");
        }
        graph.sent.forEach(memory::send);
        Consumer<KernelContext> kernel = task.kernel().apply(memory);
        WorkerGrid1D grid = grids.grid(task.name());
        int groups = grid.groups();
        int lanes = grid.lanes();
        boolean backwards = launches[next]++ % 2 == 1;
        waiting.add(() -> {
            unwritten.forEach(memory::forget);
            launch(task.name(), kernel, groups, lanes, backwards);
        });
        onDevice = graph.kept;
        if (!graph.fetched.isEmpty()) {
            finish();
            graph.fetched.forEach(memory::fetch);
        }
    }

    private void finish() {
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    /** Every other launch of a graph has its work-groups and lanes in reverse, so that what depends on their order is wrong in one of two. */
    private static void launch(String name, Consumer<KernelContext> kernel, int groups, int lanes, boolean backwards) {
        try {
            for (int i = 0; i < groups; i++) {
                new WorkGroup(kernel, backwards ? groups - 1 - i : i, groups, lanes, backwards).run();
            }
        } catch (RuntimeException failure) {
            throw new IllegalStateException(name + ", " + failure.getMessage(), failure);
        }
    }

    /** What waits is done first: it would be on a device, and an error in it must be seen. */
    public TornadoExecutionPlan freeDeviceMemory() {
        finish();
        memory.free();
        onDevice = List.of();
        return this;
    }

    @Override
    public void close() throws TornadoExecutionPlanException {
        if (closed) {
            throw new TornadoExecutionPlanException("the plan was closed before");
        }
        closed = true;
    }
}
