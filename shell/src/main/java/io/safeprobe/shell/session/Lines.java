package io.safeprobe.shell.session;

import org.jspecify.annotations.Nullable;

/** Where lines come from: the keyboard, a script, a pipe, or the text of one option. */
public interface Lines {
    /**
     * The next line, or null at the end.
     *
     * @param prompt shown where a person types
     */
    @Nullable String next(String prompt);

    /** No lines at all. */
    Lines NONE = prompt -> null;
}
