package uk.ac.manchester.tornado.api;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;

/** One kernel, the arrays that are there before it, and those of which something is left afterwards. */
public final class TaskGraph {
    private final String name;
    private final List<Object> consumed = new ArrayList<>();
    private final List<Object> sent = new ArrayList<>();
    private final List<Object> kept = new ArrayList<>();
    private final List<Object> fetched = new ArrayList<>();
    private final List<ImmutableTaskGraph.Task> tasks = new ArrayList<>();

    public TaskGraph(String name) {
        this.name = name;
    }

    /** These are on the device since the graph before. */
    public TaskGraph consumeFromDevice(Object... arrays) {
        consumed.addAll(List.of(arrays));
        return this;
    }

    /** These are copied to the device. */
    public TaskGraph transferToDevice(int mode, Object... arrays) {
        sent.addAll(List.of(arrays));
        return this;
    }

    /** These stay on the device for the next graph. */
    public TaskGraph persistOnDevice(Object... arrays) {
        kept.addAll(List.of(arrays));
        return this;
    }

    /** These are copied back. */
    public TaskGraph transferToHost(int mode, Object... arrays) {
        fetched.addAll(List.of(arrays));
        return this;
    }

    public <B, C, D> TaskGraph task(String id, Task4<KernelContext, B, C, D> kernel, KernelContext context, B b, C c, D d) {
        return task(id, List.of(b, c, d), memory -> {
            B onB = memory.of(b);
            C onC = memory.of(c);
            D onD = memory.of(d);
            return lane -> kernel.apply(lane, onB, onC, onD);
        });
    }

    public <B, C, D, E, F> TaskGraph task(
            String id, Task6<KernelContext, B, C, D, E, F> kernel, KernelContext context, B b, C c, D d, E e, F f) {
        return task(id, List.of(b, c, d, e, f), memory -> {
            B onB = memory.of(b);
            C onC = memory.of(c);
            D onD = memory.of(d);
            E onE = memory.of(e);
            F onF = memory.of(f);
            return lane -> kernel.apply(lane, onB, onC, onD, onE, onF);
        });
    }

    public <B, C, D, E, F, G> TaskGraph task(
            String id, Task7<KernelContext, B, C, D, E, F, G> kernel, KernelContext context, B b, C c, D d, E e, F f, G g) {
        return task(id, List.of(b, c, d, e, f, g), memory -> {
            B onB = memory.of(b);
            C onC = memory.of(c);
            D onD = memory.of(d);
            E onE = memory.of(e);
            F onF = memory.of(f);
            G onG = memory.of(g);
            return lane -> kernel.apply(lane, onB, onC, onD, onE, onF, onG);
        });
    }

    private TaskGraph task(String id, List<Object> arguments, Function<DeviceMemory, Consumer<KernelContext>> kernel) {
        tasks.add(new ImmutableTaskGraph.Task(name + "." + id, arguments, kernel));
        return this;
    }

    public ImmutableTaskGraph snapshot() {
        return new ImmutableTaskGraph(tasks.getFirst(), List.copyOf(consumed), List.copyOf(sent), List.copyOf(kept), List.copyOf(fetched));
    }
}
