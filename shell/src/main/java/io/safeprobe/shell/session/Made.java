package io.safeprobe.shell.session;

import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.sap.train.RunConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How something was trained, as its run folder tells.
 *
 * @param steps steps of the log
 */
public record Made(RunConfig config, long steps) {
    /** Of a run. */
    static Made by(RunFolder run) {
        return new Made(run.config(RunConfig.class), run.log().size());
    }

    /** Of an adapter that still stands in its run folder. */
    static Optional<Made> of(Path adapterFolder) {
        Path run = adapterFolder.toAbsolutePath().normalize().getParent();
        if (run == null || !adapterFolder.endsWith(RunFolder.ADAPTER) || !Files.isRegularFile(run.resolve("run.json"))) {
            return Optional.empty();
        }
        return Optional.of(by(RunFolder.open(run)));
    }
}
