package io.safeprobe.testdata.language;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes maps, lists, texts, numbers and truth values as JSON, in the order given. */
final class Json {

    /** Stands for JSON's null. */
    enum Nothing {
        NULL
    }

    private Json() {}

    /** On one line. */
    static String line(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, -1, out);
        return out.toString();
    }

    /** Indented by two spaces a level. */
    static String indented(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, 0, out);
        return out.append('\n').toString();
    }

    private static void write(Object value, int level, StringBuilder out) {
        switch (value) {
            case Map<?, ?> map -> {
                out.append('{');
                int inner = level < 0 ? level : level + 1;
                for (Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator(); entries.hasNext(); ) {
                    Map.Entry<?, ?> entry = entries.next();
                    indent(inner, out);
                    text(String.valueOf(entry.getKey()), out);
                    out.append(": ");
                    write(entry.getValue(), inner, out);
                    separate(entries.hasNext(), level, out);
                }
                out.append(map.isEmpty() ? "}" : closing(level, "}"));
            }
            case List<?> list -> {
                out.append('[');
                int inner = level < 0 ? level : level + 1;
                for (Iterator<?> items = list.iterator(); items.hasNext(); ) {
                    indent(inner, out);
                    write(items.next(), inner, out);
                    separate(items.hasNext(), level, out);
                }
                out.append(list.isEmpty() ? "]" : closing(level, "]"));
            }
            case String text -> text(text, out);
            case Number number -> out.append(number);
            case Boolean truth -> out.append(truth);
            case Nothing nothing -> out.append("null");
            default ->
                    throw new IllegalArgumentException(
                            "cannot write a " + value.getClass().getName() + " as JSON: give maps, lists, texts, numbers, truth values or Json.Nothing.NULL");
        }
    }

    private static void indent(int level, StringBuilder out) {
        if (level >= 0) {
            out.append('\n').repeat("  ", level);
        }
    }

    private static void separate(boolean more, int level, StringBuilder out) {
        if (more) {
            out.append(level < 0 ? ", " : ",");
        }
    }

    private static String closing(int level, String bracket) {
        return level < 0 ? bracket : "\n" + "  ".repeat(level) + bracket;
    }

    private static void text(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20) {
                        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
