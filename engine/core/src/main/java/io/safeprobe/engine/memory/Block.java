package io.safeprobe.engine.memory;

import java.lang.foreign.MemorySegment;
import org.apache.arrow.memory.ArrowBuf;

/** One contiguous piece of off-heap memory, owned by a {@link Scope} or by a mapped file. */
public final class Block {
    private final ArrowBuf buffer;
    private final MemorySegment segment;
    private final long counted;
    private volatile boolean live = true;

    private Block(ArrowBuf buffer, MemorySegment segment, long counted) {
        this.buffer = buffer;
        this.segment = segment;
        this.counted = counted;
    }

    /** The first {@code size} bytes of a buffer that may be larger: one that was given back and serves again. */
    static Block of(ArrowBuf buffer, long size) {
        return new Block(buffer, bytes(buffer).asSlice(0, size), size);
    }

    /** A block that refuses writes: into the pages of a file mapped read-only they would end the process. */
    static Block readOnly(ArrowBuf buffer) {
        return new Block(buffer, bytes(buffer).asReadOnly(), buffer.capacity());
    }

    @SuppressWarnings("restricted") // the only way to see Arrow memory; bounds are set right here
    private static MemorySegment bytes(ArrowBuf buffer) {
        return MemorySegment.ofAddress(buffer.memoryAddress()).reinterpret(buffer.capacity());
    }

    /**
     * The bytes of this block. Access is bounds-checked.
     *
     * @throws MemoryException when the owner has been closed or has released it
     */
    public MemorySegment segment() {
        if (!live) {
            throw new MemoryException("tensor memory was used after it was given back; copy what must outlive its scope, or the last backward pass");
        }
        return segment;
    }

    /** Size in bytes. */
    public long size() {
        return segment.byteSize();
    }

    /** What was asked for, in whole size classes. */
    long counted() {
        return counted;
    }

    /** Marks the block as given back: later use through an old reference fails instead of reading someone else's data. */
    ArrowBuf retire() {
        live = false;
        return buffer;
    }
}
