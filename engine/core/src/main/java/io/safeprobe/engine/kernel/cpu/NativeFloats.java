package io.safeprobe.engine.kernel.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory outside the heap for packed operands, which must be aligned: 64 bytes, a line of the cache. It only grows; content is undefined. */
final class NativeFloats {
    private static final int LINE = 64;

    private MemorySegment memory = MemorySegment.NULL;

    /** At least {@code size} floats; the same memory on the next call that asks for no more. */
    MemorySegment room(long size) {
        if (memory.byteSize() < 4 * size) {
            memory = Arena.ofAuto().allocate(4 * size, LINE);
        }
        return memory;
    }
}
