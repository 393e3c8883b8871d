package io.safeprobe.shell.session;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What can stand on top of the open model, by name; at most one is in use. */
public final class Adapters implements AutoCloseable {
    /** What is in use when none is. */
    public static final String NONE = "none";

    private final Map<String, Tuned> open = new LinkedHashMap<>();
    private @Nullable String active;

    /** Those that are open, in the order in which they came. */
    public Map<String, Tuned> all() {
        return Collections.unmodifiableMap(open);
    }

    /** Their names. */
    public List<String> names() {
        return List.copyOf(open.keySet());
    }

    /** The name of the one in use, or {@link #NONE}. */
    public String active() {
        return active == null ? NONE : active;
    }

    /** The one in use. */
    public Optional<Tuned> inUse() {
        return Optional.ofNullable(active == null ? null : open.get(active));
    }

    /**
     * Puts one in use.
     *
     * @param name one of {@link #names}, or {@link #NONE} for the bare model
     */
    public void use(String name) {
        if (!name.equals(NONE)) {
            find(name);
        }
        active = name.equals(NONE) ? null : name;
    }

    /** @throws CommandException when the name is taken, or cannot be one */
    void requireFree(@Nullable String name) {
        if (name == null) {
            return;
        }
        if (open.containsKey(name)) {
            throw new CommandException("an adapter named '" + name + "' is open; choose another name, or free it first with: adapter close " + name);
        }
        if (name.equals(NONE) || !name.matches("[\\w.-]+")) {
            throw new CommandException("'" + name + "' cannot be the name of an adapter; take letters, digits, dots, - and _, and not '" + NONE + "'");
        }
    }

    /** Takes one in and puts it in use; returns its name, which is made from where it came from where none is given. */
    String add(@Nullable String name, Tuned tuned) {
        String chosen = name == null ? nameOf(tuned) : name;
        open.put(chosen, tuned);
        active = chosen;
        return chosen;
    }

    /** The folder's name; runs keep theirs in a folder 'adapter', whose name says nothing. */
    private String nameOf(Tuned tuned) {
        Path path = Path.of(tuned.origin().replaceFirst(", stopped after .*", "")).normalize();
        Path parent = path.getParent();
        Path last = path.endsWith("adapter") && parent != null ? parent.getFileName() : path.getFileName();
        String base = (last == null ? "adapter" : last.toString()).replaceAll("[^\\w.-]", "_");
        String name = base;
        for (int number = 2; open.containsKey(name) || name.equals(NONE) || name.isEmpty(); number++) {
            name = base + "-" + number;
        }
        return name;
    }

    /** Frees one; where it was in use, the bare model is. */
    public void close(String name) {
        find(name).close();
        open.remove(name);
        if (name.equals(active)) {
            active = null;
        }
    }

    private Tuned find(String name) {
        Tuned found = open.get(name);
        if (found == null) {
            throw new CommandException("no adapter named '" + name + "' is open; " + (open.isEmpty()
                    ? "open one with: adapter load DIR"
                    : "there are " + String.join(", ", open.keySet())));
        }
        return found;
    }

    void closeTrained() {
        names().stream().filter(name -> find(name).trained()).forEach(this::close);
    }

    @Override
    public void close() {
        open.values().forEach(Tuned::close);
        open.clear();
        active = null;
    }
}
