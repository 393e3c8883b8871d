package io.safeprobe.shell.command;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Says what computes. */
@Command(name = "device", description = "Say what computes: processor, threads, vector width, memory.")
final class DeviceCommand implements Callable<Integer> {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

    private final Session session;

    @Mixin
    private JsonOption json = new JsonOption();

    DeviceCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Memory memory = session.memory();
        int available = Runtime.getRuntime().availableProcessors();
        int bits = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        if (json.wanted()) {
            session.output().json(Output.object().put("device", "cpu").put("processor", processor()).put("processors", available)
                    .put("threads", session.threads()).put("vector_bits", bits).put("memory_limit_bytes", memory.limit())
                    .put("memory_in_use_bytes", memory.inUse()).put("memory_peak_bytes", memory.peak()));
        } else {
            session.output().line("device   cpu: " + processor());
            session.output().line("threads  " + session.threads() + " of " + available);
            session.output().line("vectors  " + bits + " bits, " + bits / Float.SIZE + " floats at once");
            session.output().line("memory   " + Numbers.bytes(memory.inUse()) + " of tensors in use, " + Numbers.bytes(memory.peak()) + " at most so far, limit "
                    + Numbers.bytes(memory.limit()) + " (SAP_MEMORY changes it)");
        }
        return Status.OK;
    }

    private static String processor() {
        if (Files.isReadable(PROCESSORS)) {
            try (Stream<String> lines = Files.lines(PROCESSORS)) {
                return lines.filter(line -> line.startsWith("model name") && line.contains(":"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElseGet(() -> System.getProperty("os.arch", "?"));
            } catch (IOException unreadable) {
                // Only the name is lost, and the architecture says enough.
                return System.getProperty("os.arch", "?");
            }
        }
        return System.getProperty("os.arch", "?");
    }
}
