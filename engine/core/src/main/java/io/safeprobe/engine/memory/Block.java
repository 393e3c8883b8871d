package io.safeprobe.engine.memory;

import java.lang.foreign.MemorySegment;
import org.apache.arrow.memory.ArrowBuf;

/** One contiguous piece of off-heap memory, owned by a {@link Scope} or by a mapped file. */
public final class Block {
    private final ArrowBuf buffer;
    private final MemorySegment segment;
    private volatile boolean live = true;

    @SuppressWarnings("restricted") // the only way to see Arrow memory; bounds are set right here
    Block(ArrowBuf buffer) {
        this.buffer = buffer;
        this.segment = MemorySegment.ofAddress(buffer.memoryAddress()).reinterpret(buffer.capacity());
    }

    /**
     * The bytes of this block. Access is bounds-checked.
     *
     * @throws MemoryException when the owner has been closed
     */
    public MemorySegment segment() {
        if (!live) {
            throw new MemoryException("tensor memory was used after its scope was closed; copy what must outlive the scope");
        }
        return segment;
    }

    /** Size in bytes. */
    public long size() {
        return segment.byteSize();
    }

    /** Marks the block as given back: later use through an old reference fails instead of reading someone else's data. */
    ArrowBuf retire() {
        live = false;
        return buffer;
    }
}
