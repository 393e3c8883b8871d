package io.safeprobe.shell.session;

import io.safeprobe.engine.memory.Memory;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The limit on tensor memory that a person sets, such as {@code 8G}. */
public final class MemoryLimit {
    /** The environment variable. */
    public static final String VARIABLE = "SAP_MEMORY";

    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})\\s*([KMGT]?)I?B?");

    private MemoryLimit() {}

    /**
     * Memory with the limit {@code text} states, or with the machine's where it is null or blank. Units are powers of 1024.
     *
     * @throws CommandException when it is not understood
     */
    public static Memory memory(@Nullable String text) {
        return text == null || text.isBlank() ? Memory.ofMachine() : Memory.ofLimit(bytes(text));
    }

    static long bytes(String text) {
        Matcher size = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (size.matches()) {
            long number = Long.parseLong(size.group(1));
            int shift = size.group(2).isEmpty() ? 0 : 10 * (1 + "KMGT".indexOf(size.group(2)));
            if (number > 0 && number <= Long.MAX_VALUE >> shift) {
                return number << shift;
            }
        }
        throw new CommandException(VARIABLE + "=" + text + " is no size; write it as 512M, 8G or a number of bytes");
    }
}
