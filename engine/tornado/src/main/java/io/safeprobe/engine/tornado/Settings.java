package io.safeprobe.engine.tornado;

import io.safeprobe.engine.kernel.DeviceException;
import java.util.Map;

/** The properties without which TornadoVM gives wrong numbers or runs out of room. It reads them once, when its first class is loaded. */
final class Settings {
    private static final String BAILOUT = "tornado.recover.bailout";
    private static final Map<String, String> WANTED = Map.of(
            // Else a kernel that does not compile is run on the JVM, where the lanes of a work-group do not exist, and is wrong without a word.
            BAILOUT, "false",
            // The default assumes that there are no infinities and reorders sums.
            "tornado.opencl.compiler.flags", "-cl-mad-enable -w",
            "tornado.enable.fastMathOptimizations", "false",
            "tornado.max.events", "64",
            "tornado.tvm.maxbytecodesize", "65536",
            // The limit is the arena's; this one would be 4 GB whatever the device has.
            "tornado.device.memory", "1024GB");

    private Settings() {}

    /** Sets what is not set. */
    static void apply() {
        WANTED.forEach((key, value) -> {
            if (System.getProperty(key) == null) {
                System.setProperty(key, value);
            }
        });
    }

    /** @throws DeviceException where the command line asked for what gives wrong numbers */
    static void check() {
        if (Boolean.parseBoolean(System.getProperty(BAILOUT))) {
            throw new DeviceException("TornadoVM was started with -D" + BAILOUT
                    + "=true, under which kernels that fail to compile give wrong numbers; start without that option");
        }
    }
}
