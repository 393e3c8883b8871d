package uk.ac.manchester.tornado.api.common;

import uk.ac.manchester.tornado.api.TornadoTargetDevice;

/** The one device, which is the JVM. */
public final class TornadoDevice {
    private final TornadoTargetDevice hardware = new TornadoTargetDevice();

    public TornadoTargetDevice getPhysicalDevice() {
        return hardware;
    }

    public String getPlatformName() {
        return "stand-in for TornadoVM";
    }
}
