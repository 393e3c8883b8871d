package io.safeprobe.engine.safetensors;

import java.nio.file.Path;

/** A safetensors file that cannot be trusted or written; the message names the file, the fault and what to do. */
public final class SafetensorsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SafetensorsException(Path file, String fault) {
        super(file + ": " + fault);
    }

    SafetensorsException(Path file, String fault, Throwable cause) {
        super(file + ": " + fault, cause);
    }
}
