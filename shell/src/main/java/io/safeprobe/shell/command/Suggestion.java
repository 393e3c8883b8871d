package io.safeprobe.shell.command;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import org.jline.utils.Levenshtein;

/** What was meant, perhaps. */
public final class Suggestion {
    private Suggestion() {}

    /** The name nearest to what was typed, if any is near: a third of its letters may differ, and a beginning is near. */
    public static Optional<String> of(String typed, Collection<String> names) {
        String lower = typed.toLowerCase(Locale.ROOT);
        return names.stream()
                .filter(name -> distance(lower, name) <= Math.max(1, Math.max(name.length(), lower.length()) / 3))
                .min(Comparator.comparingInt((String name) -> distance(lower, name)).thenComparing(Comparator.naturalOrder()));
    }

    private static int distance(String typed, String name) {
        boolean beginning = typed.replace("-", "").length() >= 2 && name.startsWith(typed);
        return beginning ? 0 : Levenshtein.distance(typed, name);
    }
}
