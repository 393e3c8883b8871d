package io.safeprobe.engine.tornado;

import io.safeprobe.engine.memory.DeviceHeap.Kind;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntConsumer;

/** Where things lie in the arrays of the device, counted in elements: tensors, indices, tables and scratch. */
final class Places {
    private final Arena arena;
    private final Index index;
    private final int bf16Table;
    private final int f16Table;

    Places(Arena arena, Launcher launcher) {
        this.arena = arena;
        this.index = new Index(launcher);
        bf16Table = table(launcher, DType.BF16);
        f16Table = table(launcher, DType.F16);
    }

    private int table(Launcher launcher, DType type) {
        float[] values = new float[StoredLanes.TABLE];
        for (int bits = 0; bits < values.length; bits++) {
            values[bits] = type == DType.BF16 ? DType.fromBf16((short) bits) : Float.float16ToFloat((short) bits);
        }
        int at = Math.toIntExact(arena.take(Kind.F32, (long) values.length * Float.BYTES) / Float.BYTES);
        launcher.send(MemorySegment.ofArray(values), at);
        return at;
    }

    /** The first element of a tensor of the device in the array of its kind. */
    int of(Tensor tensor) {
        return Math.toIntExact((tensor.block().position() + tensor.offset()) / tensor.dtype().bytes());
    }

    /** The table that widens a tensor. */
    int table(Tensor tensor) {
        return switch (tensor.dtype()) {
            case BF16 -> bf16Table;
            case F16 -> f16Table;
            default -> StoredLanes.WIDE;
        };
    }

    /** Where a copy of the numbers of an I32 tensor begins. */
    int index(Tensor tensor) {
        return index.at(tensor);
    }

    /** Lends so many float32 to kernels that are launched meanwhile; whoever gets them next comes after those in the queue. */
    void scratch(long elements, IntConsumer use) {
        long bytes = elements * ValueLayout.JAVA_FLOAT.byteSize();
        long position = arena.take(Kind.F32, bytes);
        try {
            use.accept(Math.toIntExact(position / Float.BYTES));
        } finally {
            arena.giveBack(Kind.F32, position, bytes);
        }
    }
}
