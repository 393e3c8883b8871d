package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Python's ideas of characters, blanks, lines and case, on Java strings. Nothing here grows a text beyond its size by much. */
final class PythonText {
    private static final int PIECE = 64;
    private static final long MOST_SIGMAS = 1L << 26;

    private PythonText() {}

    /** {@code str.isspace} of one character. */
    static boolean isSpace(int c) {
        return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f) || c == 0x85 || c == 0xa0
                || (c > 0xff && Character.isSpaceChar(c));
    }

    /** {@code str.isprintable} of one character. */
    static boolean isPrintable(int c) {
        if (c == ' ') {
            return true;
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
                    Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }

    static boolean isLineBreak(int c) {
        return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    /** Order by code point, which is not the order of UTF-16 units. */
    static int compare(String a, String b) {
        int shorter = Math.min(a.length(), b.length());
        for (int i = 0; i < shorter; i++) {
            if (a.charAt(i) != b.charAt(i)) {
                return Integer.compare(rank(a.charAt(i)), rank(b.charAt(i)));
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    /** Surrogates stand for the code points above all others. */
    private static int rank(char c) {
        return Character.isSurrogate(c) ? c + 0x10000 : c;
    }

    static String strip(String text) {
        return strip(text, null, true, true);
    }

    /** {@code strip(chars)}; null {@code chars} strips blanks. */
    static String strip(String text, @Nullable String chars, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && stripped(text.codePointAt(start), chars)) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && stripped(text.codePointBefore(end), chars)) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    private static boolean stripped(int c, @Nullable String chars) {
        return chars == null ? isSpace(c) : chars.indexOf(c) >= 0;
    }

    /** {@code splitlines(keepends)}. */
    static List<String> lines(String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            if (isLineBreak(text.charAt(i))) {
                int end = i;
                if (text.charAt(i) == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
                    i++;
                }
                lines.add(text.substring(start, keepEnds ? i + 1 : end));
                start = i + 1;
            }
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }

    /** {@code split(None, limit)}: words between blanks; a negative {@code limit} is none. */
    static List<String> words(String text, long limit) {
        List<String> words = new ArrayList<>();
        int i = 0;
        while (true) {
            while (i < text.length() && isSpace(text.charAt(i))) {
                i++;
            }
            if (i == text.length()) {
                return words;
            }
            if (limit >= 0 && words.size() >= limit) {
                words.add(text.substring(i));
                return words;
            }
            int start = i;
            while (i < text.length() && !isSpace(text.charAt(i))) {
                i++;
            }
            words.add(text.substring(start, i));
        }
    }

    /** {@code rsplit(None, limit)}. */
    static List<String> wordsFromRight(String text, long limit) {
        List<String> words = new ArrayList<>();
        int i = text.length();
        while (true) {
            while (i > 0 && isSpace(text.charAt(i - 1))) {
                i--;
            }
            if (i == 0) {
                return words.reversed();
            }
            if (limit >= 0 && words.size() >= limit) {
                words.add(text.substring(0, i));
                return words.reversed();
            }
            int end = i;
            while (i > 0 && !isSpace(text.charAt(i - 1))) {
                i--;
            }
            words.add(text.substring(i, end));
        }
    }

    /** {@code split(separator, limit)}. */
    static List<String> split(String text, String separator, long limit) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        int at = text.indexOf(separator);
        while (at >= 0 && (limit < 0 || parts.size() < limit)) {
            parts.add(text.substring(start, at));
            start = at + separator.length();
            at = text.indexOf(separator, start);
        }
        parts.add(text.substring(start));
        return parts;
    }

    /** {@code rsplit(separator, limit)}. */
    static List<String> splitFromRight(String text, String separator, long limit) {
        List<String> parts = new ArrayList<>();
        int end = text.length();
        int at = text.lastIndexOf(separator);
        while (at >= 0 && (limit < 0 || parts.size() < limit)) {
            parts.add(text.substring(at + separator.length(), end));
            end = at;
            at = end < separator.length() ? -1 : text.lastIndexOf(separator, end - separator.length());
        }
        parts.add(text.substring(0, end));
        return parts.reversed();
    }

    /** In pieces: for every character that becomes several the JDK copies all there is, which takes the square of a text of sharp s. */
    static String upper(String text) {
        StringBuilder result = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); ) {
            int end = Math.min(i + PIECE, text.length());
            if (end < text.length() && Character.isLowSurrogate(text.charAt(end))) {
                end++;
            }
            result.append(text.substring(i, end).toUpperCase(Locale.ROOT));
            i = end;
        }
        return result.toString();
    }

    /**
     * The one letter that becomes two is replaced before, for the same reason; pieces would not know where a word ends, which decides the sigma. For each
     * capital sigma the JDK looks at the whole word: a text that is nothing but those is refused.
     */
    static String lower(String text) {
        long sigmas = text.indexOf('\u03a3') < 0 ? 0 : text.chars().filter(c -> c == '\u03a3').count();
        if (sigmas * text.length() > MOST_SIGMAS) {
            throw Failure.limit("lower case of " + text.length() + " characters with " + sigmas + " capital sigmas");
        }
        return text.replace("\u0130", "i\u0307").toLowerCase(Locale.ROOT);
    }

    /** {@code str.capitalize}: the first character in title case, the others in lower case. */
    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return title(text.substring(0, first)) + lower(text.substring(first));
    }

    /** {@code str.title}: a capital wherever a letter follows something that is no letter. */
    static String titleWords(String text) {
        StringBuilder result = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            int start = i;
            while (i < text.length() && !isCased(text.codePointAt(i))) {
                i += Character.charCount(text.codePointAt(i));
            }
            result.append(text, start, i);
            start = i;
            while (i < text.length() && isCased(text.codePointAt(i))) {
                i += Character.charCount(text.codePointAt(i));
            }
            result.append(capitalize(text.substring(start, i)));
        }
        return result.toString();
    }

    /** Jinja's {@code title} filter: words begin after blanks, hyphens and opening brackets only. */
    static String titleFilter(String text) {
        StringBuilder result = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            int start = i;
            while (i < text.length() && beginsWord(text.charAt(i))) {
                i++;
            }
            result.append(text, start, i);
            start = i;
            while (i < text.length() && !beginsWord(text.charAt(i))) {
                i++;
            }
            if (start < i) {
                int first = text.offsetByCodePoints(start, 1);
                result.append(upper(text.substring(start, first))).append(lower(text.substring(first, i)));
            }
        }
        return result.toString();
    }

    private static boolean beginsWord(char c) {
        return c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || isSpace(c);
    }

    static String swapCase(String text) {
        StringBuilder result = new StringBuilder();
        text.codePoints().forEach(c -> {
            String one = Character.toString(c);
            result.append(Character.isUpperCase(c) || Character.isTitleCase(c) ? lower(one) : upper(one));
        });
        return result.toString();
    }

    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    private static String title(String one) {
        int c = one.codePointAt(0);
        int titled = Character.toTitleCase(c);
        if (titled != c || isUnchanged(one)) {
            return Character.toString(titled);
        }
        // A letter whose capital is several, as the German sharp s: Ss.
        String capital = upper(one);
        int first = capital.offsetByCodePoints(0, 1);
        return capital.substring(0, first) + lower(capital.substring(first));
    }

    private static boolean isUnchanged(String one) {
        return upper(one).equals(one);
    }
}
