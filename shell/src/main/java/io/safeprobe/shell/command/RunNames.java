package io.safeprobe.shell.command;

import io.safeprobe.shell.session.Session;
import java.nio.file.Files;
import java.nio.file.Path;

/** Runs by path, or by the name they have below runs/. */
final class RunNames {
    static final String PARENT = "runs";

    private RunNames() {}

    static Path find(Session session, Path given) {
        Path path = session.path(given.toString());
        Path below = session.path(PARENT).resolve(given);
        return !Files.exists(path) && Files.isDirectory(below) ? below : path;
    }
}
