package io.safeprobe.shell.command;

import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Session;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder that a command will make. */
final class NewFolder {
    private NewFolder() {}

    /** @throws CommandException when something is there already: nothing is ever written over */
    static Path at(Session session, Path given) {
        Path target = session.path(given.toString());
        if (Files.exists(target)) {
            throw new CommandException(target + " exists; choose another folder");
        }
        return target;
    }
}
