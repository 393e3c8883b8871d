package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * Kernels that time other kernels: by operation how often, how long, and how many bytes of tensors it was given and gave. Every call is also an
 * event of the Java Flight Recorder, with its shapes, for whoever has a recording running. Costs some 0.1 microseconds a call.
 */
public final class Profile implements Kernels {
    private final Kernels kernels;
    private final Map<String, Entry> entries = new HashMap<>();

    /**
     * What one operation came to.
     *
     * @param nanos time in the kernel
     * @param bytes of its inputs and outputs
     */
    public record Entry(String operation, long calls, long nanos, long bytes) {
        private Entry plus(Entry other) {
            return new Entry(operation, calls + other.calls, nanos + other.nanos, bytes + other.bytes);
        }
    }

    /** One call of a kernel. */
    @Name("io.safeprobe.Kernel")
    @Label("Kernel")
    @Category("Safeprobe")
    @StackTrace(false)
    static final class KernelEvent extends Event {
        @Label("Operation")
        String operation = "";

        @Label("Shapes")
        String shapes = "";

        @Label("Bytes of inputs and outputs")
        @DataAmount
        long bytes;
    }

    /** Measures {@code kernels}. */
    public Profile(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public Device device() {
        return kernels.device();
    }

    @Override
    public void run(Op op, List<Tensor> inputs, List<Tensor> outputs) {
        String name = op instanceof Op.MatMul product ? "MatMul " + (product.transposeA() ? "T" : "N") + (product.transposeB() ? "T" : "N") : op.getClass().getSimpleName();
        measure(name, inputs, bytes(inputs) + bytes(outputs), () -> kernels.run(op, inputs, outputs));
    }

    @Override
    public void update(Update update, List<Tensor> tensors) {
        measure(update.getClass().getSimpleName(), tensors, bytes(tensors), () -> kernels.update(update, tensors));
    }

    private void measure(String operation, List<Tensor> inputs, long bytes, Runnable call) {
        KernelEvent event = new KernelEvent();
        event.begin();
        long start = System.nanoTime();
        call.run();
        long nanos = System.nanoTime() - start;
        event.end();
        if (event.shouldCommit()) {
            event.operation = operation;
            event.shapes = inputs.stream().map(tensor -> tensor.dtype() + tensor.shape().toString()).collect(Collectors.joining(" "));
            event.bytes = bytes;
            event.commit();
        }
        entries.merge(operation, new Entry(operation, 1, nanos, bytes), Entry::plus);
    }

    private static long bytes(List<Tensor> tensors) {
        return tensors.stream().mapToLong(tensor -> tensor.elements() * tensor.dtype().bytes()).sum();
    }

    /** By operation, the longest first. */
    public List<Entry> entries() {
        return entries.values().stream().sorted(Comparator.comparingLong(Entry::nanos).reversed().thenComparing(Entry::operation)).toList();
    }

    /** Forgets what was measured. */
    public void reset() {
        entries.clear();
    }
}
