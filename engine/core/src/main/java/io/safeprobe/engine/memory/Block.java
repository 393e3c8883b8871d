package io.safeprobe.engine.memory;

import java.lang.foreign.MemorySegment;
import org.apache.arrow.memory.ArrowBuf;

/** One contiguous piece of memory, of the process and then off the Java heap, or of a device; owned by a {@link Scope} or by a mapped file. */
public final class Block {
    /** Whose memory the process's is. */
    public static final String PROCESS = "cpu";

    private final Place place;
    private final long size;
    private volatile boolean live = true;

    sealed interface Place {
        record Here(ArrowBuf buffer, MemorySegment segment) implements Place {}

        record Away(DeviceHeap heap, DeviceHeap.Kind kind, long position) implements Place {}
    }

    private Block(Place place, long size) {
        this.place = place;
        this.size = size;
    }

    /** The first {@code size} bytes of a buffer that may be larger: one that was given back and serves again. */
    static Block of(ArrowBuf buffer, long size) {
        return new Block(new Place.Here(buffer, bytes(buffer).asSlice(0, size)), size);
    }

    /** A block that refuses writes: into the pages of a file mapped read-only they would end the process. */
    static Block readOnly(ArrowBuf buffer) {
        return new Block(new Place.Here(buffer, bytes(buffer).asReadOnly()), buffer.capacity());
    }

    static Block away(DeviceHeap heap, DeviceHeap.Kind kind, long position, long size) {
        return new Block(new Place.Away(heap, kind, position), size);
    }

    @SuppressWarnings("restricted") // the only way to see Arrow memory; bounds are set right here
    private static MemorySegment bytes(ArrowBuf buffer) {
        return MemorySegment.ofAddress(buffer.memoryAddress()).reinterpret(buffer.capacity());
    }

    /** Name of the device whose memory this is; {@link #PROCESS} for that of the process. */
    public String device() {
        return place instanceof Place.Away away ? away.heap().device() : PROCESS;
    }

    /**
     * The bytes of a block of the process. Access is bounds-checked.
     *
     * @throws MemoryException when the owner has been closed or has released it, or the block lies on a device
     */
    public MemorySegment segment() {
        requireLive();
        return switch (place) {
            case Place.Here here -> here.segment();
            case Place.Away _ -> throw new MemoryException("the memory of " + device() + " cannot be reached from the process; copy the tensor first");
        };
    }

    /**
     * Where a block of a device begins in that device's memory of its kind, in bytes.
     *
     * @throws MemoryException when it is a block of the process, or has been given back
     */
    public long position() {
        requireLive();
        return switch (place) {
            case Place.Away away -> away.position();
            case Place.Here _ -> throw new MemoryException("a tensor of the process was taken for one of a device; copy it there first");
        };
    }

    /** Copies bytes from {@code offset} on, wherever the block lies. */
    public void read(long offset, MemorySegment target) {
        requireLive();
        switch (place) {
            case Place.Here here -> target.copyFrom(here.segment().asSlice(offset, target.byteSize()));
            case Place.Away away -> away.heap().read(away.kind(), away.position() + within(offset, target), target);
        }
    }

    /** Replaces bytes from {@code offset} on, wherever the block lies. */
    public void write(long offset, MemorySegment source) {
        requireLive();
        switch (place) {
            case Place.Here here -> here.segment().asSlice(offset, source.byteSize()).copyFrom(source);
            case Place.Away away -> away.heap().write(away.kind(), away.position() + within(offset, source), source);
        }
    }

    private long within(long offset, MemorySegment part) {
        return java.util.Objects.checkFromIndexSize(offset, part.byteSize(), size);
    }

    private void requireLive() {
        if (!live) {
            throw new MemoryException("tensor memory was used after it was given back; copy what must outlive its scope, or the last backward pass");
        }
    }

    /** Size in bytes: what was asked for, in whole size classes. */
    public long size() {
        return size;
    }

    /** Marks the block as given back: later use through an old reference fails instead of reading someone else's data. */
    Place retire() {
        live = false;
        return place;
    }
}
