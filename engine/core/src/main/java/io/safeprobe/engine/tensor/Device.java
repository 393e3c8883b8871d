package io.safeprobe.engine.tensor;

/** Where a tensor lives. Kernels run only on tensors of their own device. */
public record Device(String name) {
    /** The memory of this process. */
    public static final Device CPU = new Device("cpu");

    @Override
    public String toString() {
        return name;
    }
}
