package io.safeprobe.engine.tornado;

import io.safeprobe.engine.kernel.DeviceException;
import io.safeprobe.engine.kernel.DeviceKernels;
import io.safeprobe.engine.kernel.DeviceProvider;
import io.safeprobe.engine.tensor.Device;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices of TornadoVM, named {@code tornado:<backend>:<device>} by its numbers. None where the program was started without its modules. */
public final class TornadoProvider implements DeviceProvider {
    private static final String SCHEME = "tornado";
    private static final String RUNTIME = "tornado.load.runtime.implementation";

    @Override
    public List<Found> devices() {
        List<Found> found = new ArrayList<>();
        if (isPresent()) {
            TornadoRuntime runtime = runtime();
            for (int backend = 0; backend < runtime.getNumBackends(); backend++) {
                TornadoBackend driver = runtime.getBackend(backend);
                for (int i = 0; i < driver.getNumDevices(); i++) {
                    TornadoDevice device = driver.getDevice(i);
                    found.add(new Found(
                            new Device(SCHEME + ":" + backend + ":" + i), driver.getName(), device.getPhysicalDevice().getDeviceName().strip(),
                            device.getPlatformName().strip(),
                            device.getPhysicalDevice().getDeviceGlobalMemorySize()));
                }
            }
        }
        return List.copyOf(found);
    }

    @Override
    public DeviceKernels open(Device device, long bytes) {
        TornadoDevice hardware = find(device);
        Settings.check();
        long lanes = hardware.getPhysicalDevice().getDeviceMaxWorkGroupSize()[0];
        if (lanes < MatMulLanes.LANES) {
            throw new DeviceException("device " + device + " takes work-groups of at most " + lanes + " lanes; matrix products need " + MatMulLanes.LANES);
        }
        return new TornadoKernels(device, hardware, bytes);
    }

    private TornadoDevice find(Device device) {
        List<Found> found = devices();
        if (found.stream().noneMatch(candidate -> candidate.device().equals(device))) {
            throw new DeviceException("there is no device " + device + "; " + (isPresent()
                    ? "there are " + found.stream().map(Found::device).toList()
                    : "the program was started without TornadoVM: set TORNADOVM_HOME to its SDK and start it again"));
        }
        String[] parts = device.name().split(":", -1);
        return runtime().getBackend(Integer.parseInt(parts[1])).getDevice(Integer.parseInt(parts[2]));
    }

    /** Whether the JVM was started with the SDK's argument file, which names the runtime and puts it on the module path. */
    private static boolean isPresent() {
        String runtime = System.getProperty(RUNTIME);
        if (runtime == null) {
            return false;
        }
        try {
            Class.forName(runtime, false, TornadoProvider.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }

    private static TornadoRuntime runtime() {
        Settings.apply();
        return TornadoRuntimeProvider.getTornadoRuntime();
    }
}
