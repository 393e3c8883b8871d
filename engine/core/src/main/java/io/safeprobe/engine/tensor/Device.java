package io.safeprobe.engine.tensor;

import io.safeprobe.engine.memory.Block;

/** Where a tensor lives. Kernels run only on tensors of their own device. */
public record Device(String name) {
    /** The memory of this process. */
    public static final Device CPU = new Device(Block.PROCESS);

    static Device of(Block block) {
        String name = block.device();
        return name.equals(Block.PROCESS) ? CPU : new Device(name);
    }

    @Override
    public String toString() {
        return name;
    }
}
