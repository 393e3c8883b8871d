package io.safeprobe.engine.tensor;

/** Shapes, types or devices that do not fit together; thrown before any kernel runs. */
public final class ShapeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that names the operation and the shapes. */
    public ShapeException(String message) {
        super(message);
    }
}
