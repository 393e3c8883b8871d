package io.safeprobe.engine.memory;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ForeignAllocation;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.memory.rounding.RoundingPolicy;
import org.jspecify.annotations.Nullable;

/**
 * All tensor memory of a program: one Arrow root allocator with one limit on what is handed out; mapped files are counted apart,
 * since the operating system can drop their pages. Blocks that a {@link Scope} gives back are kept for the next scope, because
 * fresh pages of the size of an activation cost more than the arithmetic on them. Safe for use by several threads.
 */
public final class Memory implements AutoCloseable {
    private static final RoundingPolicy EXACT = size -> size;
    private static final long SMALLEST = 64;
    private static final long KEPT = 16L << 20;
    /**
     * How much larger a spare block may be than what it serves. Batches differ in length, so at 1.5 a step of a training had most of its memory
     * mapped anew: 1.63 million page faults in 40 steps, 0.43 million at 4. What a block has too much is hardly ever touched.
     */
    private static final long FITS = 4;

    private final RootAllocator root;
    private final BufferAllocator tensors;
    private final BufferAllocator files;
    private final TreeMap<Long, Deque<ArrowBuf>> spare = new TreeMap<>();
    private final @Nullable DeviceHeap device;
    private final long limit;
    private long inUse;
    private long inProcess;
    private long peak;
    private long highest;

    private Memory(long limit, @Nullable DeviceHeap device) {
        this.limit = limit;
        this.device = device;
        root = new RootAllocator(org.apache.arrow.memory.AllocationListener.NOOP, Long.MAX_VALUE, EXACT);
        tensors = root.newChildAllocator("tensors", 0, Long.MAX_VALUE);
        files = root.newChildAllocator("files", 0, Long.MAX_VALUE);
    }

    /** Memory that holds at most {@code limit} bytes of tensors. */
    public static Memory ofLimit(long limit) {
        if (limit <= 0) {
            throw new IllegalArgumentException("memory limit must be positive, not " + limit);
        }
        return new Memory(limit, null);
    }

    /**
     * Memory whose real numbers lie on a device. What is counted and limited is the device's; the little that stays in the process (ids, scalars)
     * may take as much again.
     */
    public static Memory onDevice(DeviceHeap heap) {
        return new Memory(heap.capacity(), heap);
    }

    /** Memory limited to what the machine has, less a quarter for the JVM and the page cache. */
    public static Memory ofMachine() {
        return ofLimit(machineBytes() / 4 * 3);
    }

    /** Physical memory of the machine (or of the container the JVM runs in), in bytes. */
    public static long machineBytes() {
        var system = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        return system.getTotalMemorySize();
    }

    /** A new scope for tensors; closing it gives their memory back. */
    public Scope scope() {
        return new Scope(this, false);
    }

    /** A new scope for tensors that lie in the process, whatever the device: what is read, written and computed there. */
    public Scope processScope() {
        return new Scope(this, true);
    }

    /** Maps a file read-only; the block lives until the returned scope is closed. Costs no copy, whatever the size. */
    public MappedFile map(Path file) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            ArrowBuf buffer = files.wrapForeignAllocation(new ForeignAllocation(mapped.byteSize(), mapped.address()) {
                @Override
                protected void release0() {
                    arena.close();
                }
            });
            return new MappedFile(Block.readOnly(buffer));
        } catch (IOException | RuntimeException failure) {
            if (arena.scope().isAlive()) {
                arena.close();
            }
            throw failure;
        }
    }

    /** Bytes of tensors in use now. */
    public synchronized long inUse() {
        return inUse;
    }

    /** Bytes taken from the system: those in use, and those kept for the next scope. */
    public synchronized long held() {
        return tensors.getAllocatedMemory();
    }

    /** The most bytes of tensors that were in use at once since the start or the last {@link #resetPeak()}. */
    public synchronized long peak() {
        return peak;
    }

    /** Starts a new measurement of {@link #peak()}. */
    public synchronized void resetPeak() {
        peak = inUse;
    }

    /** The most bytes of tensors this memory will hand out. */
    public long limit() {
        return limit;
    }

    /** Bytes left for numbers that are computed, which are 32-bit floats on a device. */
    public synchronized long available() {
        return device == null ? limit - inUse : device.unused(DeviceHeap.Kind.F32);
    }

    synchronized Block allocate(long bytes) {
        long size = bytes > limit ? bytes : sizeClass(bytes);
        if (size > limit - inProcess) {
            throw exhausted(size);
        }
        ArrowBuf kept = takeSpare(size);
        ArrowBuf buffer = kept == null ? fresh(size) : kept;
        inProcess += size;
        if (device == null) {
            count(size);
        }
        highest = Math.max(highest, inUse);
        return Block.of(buffer, size);
    }

    /** The smallest spare buffer that fits and is not far too large. */
    private @Nullable ArrowBuf takeSpare(long size) {
        Map.Entry<Long, Deque<ArrowBuf>> fitting = spare.ceilingEntry(size);
        return fitting == null || fitting.getKey() > FITS * size ? null : take(fitting);
    }

    private ArrowBuf take(Map.Entry<Long, Deque<ArrowBuf>> entry) {
        ArrowBuf buffer = entry.getValue().pop();
        if (entry.getValue().isEmpty()) {
            spare.remove(entry.getKey());
        }
        return buffer;
    }

    synchronized Block allocate(DeviceHeap.Kind kind, long bytes) {
        if (device == null) {
            return allocate(bytes);
        }
        long size = sizeClass(bytes);
        Block block = Block.away(device, kind, device.take(kind, size), size);
        count(size);
        return block;
    }

    private void count(long size) {
        inUse += size;
        peak = Math.max(peak, inUse);
    }

    synchronized void giveBack(Block block) {
        switch (block.retire()) {
            case Block.Place.Here here -> {
                inUse -= device == null ? block.size() : 0;
                inProcess -= block.size();
                spare.computeIfAbsent(here.buffer().capacity(), size -> new ArrayDeque<>()).push(here.buffer());
            }
            case Block.Place.Away away -> {
                inUse -= block.size();
                away.heap().giveBack(away.kind(), away.position(), block.size());
            }
        }
    }

    private ArrowBuf fresh(long size) {
        // Batches of many lengths leave spare buffers of many sizes; together with what is in use they may not be much more than was ever in use. (At an eighth
        // more, 0.51 million page faults in 40 steps of a training, at a quarter 0.38 for the same memory, at half 0.30 for a tenth more.)
        long bound = Math.min(limit, Math.max(KEPT, highest + highest / 4));
        while (tensors.getAllocatedMemory() + size > bound && !spare.isEmpty()) {
            take(spare.lastEntry()).close();
        }
        try {
            return tensors.buffer(size);
        } catch (OutOfMemoryException full) {
            throw exhausted(size);
        }
    }

    private MemoryException exhausted(long wanted) {
        return new MemoryException("tensor memory is exhausted: " + wanted + " bytes wanted, " + inUse + " of " + limit
                + " in use; use a smaller batch, fewer tokens a row, or raise SAP_MEMORY");
    }

    /** Gives every block that no scope uses back to the system. */
    public synchronized void dropSpare() {
        spare.values().forEach(blocks -> blocks.forEach(ArrowBuf::close));
        spare.clear();
    }

    /** Size classes an eighth of a power of two apart, so that there are few; at most 12.5% is wasted. */
    static long sizeClass(long bytes) {
        if (bytes <= SMALLEST) {
            return SMALLEST;
        }
        long step = Math.max(SMALLEST, Long.highestOneBit(bytes - 1) >>> 3);
        return (bytes + step - 1) / step * step;
    }

    /**
     * Gives all memory back.
     *
     * @throws MemoryException when a scope or a mapped file is still open, naming the bytes
     */
    @Override
    public synchronized void close() {
        dropSpare();
        long leakedTensors = device == null ? tensors.getAllocatedMemory() : Math.max(inUse, tensors.getAllocatedMemory());
        long leakedFiles = files.getAllocatedMemory();
        if (leakedTensors + leakedFiles > 0) {
            throw new MemoryException("memory closed while in use: " + leakedTensors + " bytes of tensors and " + leakedFiles
                    + " bytes of mapped files; close every scope and model first");
        }
        tensors.close();
        files.close();
        root.close();
    }
}
