package io.safeprobe.engine.kernel;

/** A device failed, or cannot do what is asked: names the device, the operation and the shapes. */
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** A message for the user. */
    public DeviceException(String message) {
        super(message);
    }

    /** A message for the user, and what the driver said. */
    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
