package uk.ac.manchester.tornado.api;

/** A device with no more than the least that the backend needs. */
public final class TornadoTargetDevice {
    /** Lanes of the largest work-group. */
    static final int MOST_LANES = 256;

    public String getDeviceName() {
        return "work-groups on the JVM";
    }

    public long getDeviceGlobalMemorySize() {
        return 1L << 30;
    }

    public long getDeviceMaxAllocationSize() {
        return 1L << 29;
    }

    public long[] getDeviceMaxWorkGroupSize() {
        return new long[] {MOST_LANES, 1, 1};
    }
}
