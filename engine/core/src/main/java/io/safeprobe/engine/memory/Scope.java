package io.safeprobe.engine.memory;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Supplier;

/** Owns blocks until it is closed, then gives back all that are left. One thread at a time. */
public final class Scope implements AutoCloseable {
    private final Memory memory;
    private final boolean inProcess;
    private final Set<Block> blocks = new LinkedHashSet<>();
    private boolean open = true;

    Scope(Memory memory, boolean inProcess) {
        this.memory = memory;
        this.inProcess = inProcess;
    }

    /** A block of the process, of at least {@code bytes} bytes with undefined content, aligned to 64 bytes. */
    public Block allocate(long bytes) {
        return keep(() -> memory.allocate(bytes));
    }

    /** A block for numbers of that kind: of the device where the memory is a device's, unless this scope is one of the process. */
    public Block allocate(DeviceHeap.Kind kind, long bytes) {
        return keep(() -> inProcess ? memory.allocate(bytes) : memory.allocate(kind, bytes));
    }

    private Block keep(Supplier<Block> taken) {
        if (!open) {
            throw new MemoryException("a closed scope cannot allocate");
        }
        Block block = taken.get();
        blocks.add(block);
        return block;
    }

    /**
     * Gives one block back before the others; its later use is an error.
     *
     * @throws MemoryException when the block is not, or no longer, of this scope
     */
    public void release(Block block) {
        if (!blocks.remove(block)) {
            throw new MemoryException("a scope was asked to release memory that is not its own, or was released before");
        }
        memory.giveBack(block);
    }

    /** Whether a block is of this scope and has not been released. */
    public boolean owns(Block block) {
        return blocks.contains(block);
    }

    /** Hands a block over to another scope of the same memory; nothing happens to a block that is not of this scope. */
    public void hand(Block block, Scope other) {
        if (blocks.remove(block)) {
            other.blocks.add(block);
        }
    }

    /** The memory this scope draws from. */
    public Memory memory() {
        return memory;
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            blocks.forEach(memory::giveBack);
            blocks.clear();
        }
    }
}
