package io.safeprobe.engine.memory;

/** Tensor memory was exhausted, leaked or used after it was given back. */
public final class MemoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that says what happened and what to do. */
    public MemoryException(String message) {
        super(message);
    }
}
