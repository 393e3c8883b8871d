package io.safeprobe.engine.kernel.cpu;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Arrays that one worker keeps from task to task; they only grow. Content is undefined. */
final class Scratch {
    private static final int SLOTS = 16;
    private static final int PAGE = 1024;

    private final float[][] slots = new float[SLOTS][0];

    private final @Nullable NativeFloats[] natives = new NativeFloats[SLOTS];

    /** At least {@code size} floats; the same array on the next call with this slot. */
    float[] floats(int slot, int size) {
        if (slots[slot].length < size) {
            slots[slot] = new float[Math.addExact(size, PAGE)];
        }
        return slots[slot];
    }

    /** At least {@code size} floats outside the heap, aligned; the same memory on the next call with this slot that asks for no more. */
    MemorySegment nativeFloats(int slot, long size) {
        NativeFloats known = natives[slot];
        if (known == null) {
            known = new NativeFloats();
            natives[slot] = known;
        }
        return known.room(size);
    }
}
