package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** What drives the one device. */
public final class TornadoBackend {
    private final TornadoDevice device = new TornadoDevice();

    public int getNumDevices() {
        return 1;
    }

    public TornadoDevice getDevice(int index) {
        return device;
    }

    public String getName() {
        return "JVM";
    }
}
