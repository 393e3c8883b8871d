package io.safeprobe.engine.memory;

/** A file mapped read-only. Closing it invalidates every tensor that views it. */
public final class MappedFile implements AutoCloseable {
    private final Block block;
    private boolean open = true;

    MappedFile(Block block) {
        this.block = block;
    }

    /** All bytes of the file. */
    public Block block() {
        return block;
    }

    @Override
    public synchronized void close() {
        if (open) {
            open = false;
            if (block.retire() instanceof Block.Place.Here here) {
                here.buffer().close();
            }
        }
    }
}
