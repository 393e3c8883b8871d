package io.safeprobe.engine.kernel;

import io.safeprobe.engine.memory.DeviceHeap;

/** The arithmetic of a device with memory of its own. One owner at a time; closing gives the device back. */
public interface DeviceKernels extends Kernels, AutoCloseable {
    /** The device's memory, for {@link io.safeprobe.engine.memory.Memory#onDevice}. */
    DeviceHeap heap();

    @Override
    void close();
}
