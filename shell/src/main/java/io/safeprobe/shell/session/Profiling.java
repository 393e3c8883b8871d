package io.safeprobe.shell.session;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Profile;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import jdk.jfr.Recording;

/** Kernels that are timed while a command runs, by a table and by a flight recording. */
public final class Profiling implements AutoCloseable {
    private static final String EVENT = "io.safeprobe.Kernel";
    private static final double NANOS = 1e9;

    private final Profile profile;
    private final Recording recording = new Recording();

    /** Begins to record. */
    public Profiling(Kernels kernels) {
        profile = new Profile(kernels);
        recording.enable(EVENT).withoutThreshold();
        recording.start();
    }

    /** The kernels to use, so that they are measured. */
    public Kernels kernels() {
        return profile;
    }

    /** Time and bytes by operation, the longest first. */
    public Table table() {
        return table(profile);
    }

    /** The same as figures under {@code kernels}. */
    public void put(ObjectNode node) {
        put(profile, node.putArray("kernels"));
    }

    /** Time and bytes by operation, the longest first. */
    public static Table table(Profile profile) {
        long all = total(profile);
        Table table = new Table("kernel", "calls", "time", "share", "bytes", "GB/s");
        for (Profile.Entry entry : profile.entries()) {
            table.row(entry.operation(), Numbers.count(entry.calls()), Numbers.duration(entry.nanos() / NANOS),
                    String.format(Locale.ROOT, "%.1f%%", 100.0 * entry.nanos() / Math.max(1, all)), Numbers.bytes(entry.bytes()),
                    String.format(Locale.ROOT, "%.1f", (double) entry.bytes() / Math.max(1, entry.nanos())));
        }
        return table;
    }

    /** Time and bytes by operation as JSON objects. */
    public static void put(Profile profile, ArrayNode array) {
        long all = total(profile);
        for (Profile.Entry entry : profile.entries()) {
            array.addObject().put("kernel", entry.operation()).put("calls", entry.calls()).put("seconds", entry.nanos() / NANOS)
                    .put("share", (double) entry.nanos() / Math.max(1, all)).put("bytes", entry.bytes());
        }
    }

    private static long total(Profile profile) {
        return profile.entries().stream().mapToLong(Profile.Entry::nanos).sum();
    }

    /**
     * Ends the recording and writes it as {@code profile.jfr}, or with a number where a training that went on has one already.
     *
     * @throws CommandException when it cannot be written
     */
    public Path write(Path folder) {
        Path file = folder.resolve("profile.jfr");
        for (int part = 2; Files.exists(file); part++) {
            file = folder.resolve("profile-" + part + ".jfr");
        }
        try {
            recording.stop();
            recording.dump(file);
        } catch (IOException failure) {
            throw new CommandException(file + " cannot be written: " + failure.getMessage() + "; the training itself is saved", failure);
        }
        return file;
    }

    @Override
    public void close() {
        recording.close();
    }
}
