package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Device;

/** A device has no kernel for an operation. */
public final class MissingKernelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Names the operation, the device and the reason. */
    public MissingKernelException(Object operation, Device device, String reason) {
        super("device " + device + " has no kernel for " + operation + ": " + reason);
    }
}
