package io.safeprobe.engine.memory;

import java.util.ArrayList;
import java.util.List;

/** Owns blocks until it is closed, then gives all of them back at once. One thread at a time. */
public final class Scope implements AutoCloseable {
    private final Memory memory;
    private final List<Block> blocks = new ArrayList<>();
    private boolean open = true;

    Scope(Memory memory) {
        this.memory = memory;
    }

    /** A block of at least {@code bytes} bytes with undefined content, aligned to 64 bytes. */
    public Block allocate(long bytes) {
        if (!open) {
            throw new MemoryException("a closed scope cannot allocate");
        }
        Block block = memory.allocate(bytes);
        blocks.add(block);
        return block;
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
