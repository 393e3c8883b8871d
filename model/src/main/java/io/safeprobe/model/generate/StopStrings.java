package io.safeprobe.model.generate;

import java.util.List;

/** Texts that end a response; they are not part of it. */
final class StopStrings {
    private final List<String> strings;

    StopStrings(List<String> strings) {
        this.strings = strings;
    }

    boolean isEmpty() {
        return strings.isEmpty();
    }

    /** Whether a response with this text has ended. */
    boolean in(String text) {
        return strings.stream().anyMatch(text::contains);
    }

    /** The text before the stop string that begins first; all of it where there is none. */
    String cut(String text) {
        int end = text.length();
        for (String string : strings) {
            int at = text.indexOf(string);
            end = at >= 0 ? Math.min(end, at) : end;
        }
        return text.substring(0, end);
    }

    /** As much of a text that may go on as is certain not to become part of a stop string. */
    String certain(String text) {
        int held = 0;
        for (String string : strings) {
            int most = Math.min(string.length() - 1, text.length());
            for (int length = most; length > held; length--) {
                if (text.endsWith(string.substring(0, length))) {
                    held = length;
                }
            }
        }
        return text.substring(0, text.length() - held);
    }
}
