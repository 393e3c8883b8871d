package io.safeprobe.shell.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Folders and files that a command makes: whole, or not at all. */
public final class Folders {
    private Folders() {}

    /**
     * Has a folder made; what there is of it after a failure is removed, so that the command can be given again.
     *
     * @throws CommandException when something is there already: nothing is ever written over
     */
    public static void make(Path folder, Consumer<Path> write) {
        if (Files.exists(folder)) {
            throw new CommandException(folder + " exists; choose another folder");
        }
        try {
            write.accept(folder);
        } catch (RuntimeException failure) {
            remove(folder);
            throw failure;
        }
    }

    /** Removes a file or a whole folder; does nothing where there is none. */
    static void remove(Path root) {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path entry : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(entry);
            }
        } catch (IOException failure) {
            throw new CommandException("what is left of " + root + " cannot be removed: " + failure.getMessage() + "; remove it by hand", failure);
        }
    }
}
