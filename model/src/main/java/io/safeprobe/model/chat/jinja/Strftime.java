package io.safeprobe.model.chat.jinja;

import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** C's {@code strftime} in the C locale, for a time without a zone as Python's {@code datetime.now()} is. */
final class Strftime {
    private Strftime() {}

    static String format(String format, ZonedDateTime time, Context context) {
        Sink sink = context.sink();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                sink.add(c);
                continue;
            }
            char directive = format.charAt(++i);
            boolean unpadded = directive == '-' && i + 1 < format.length();
            if (unpadded) {
                directive = format.charAt(++i);
            }
            // Dearer than other steps, some directives being several.
            context.budget().steps(20);
            String text = field(directive, time);
            sink.add(unpadded ? withoutPadding(text) : text);
        }
        return sink.toString();
    }

    private static String withoutPadding(String text) {
        int i = 0;
        while (i < text.length() - 1 && (text.charAt(i) == '0' || text.charAt(i) == ' ')) {
            i++;
        }
        return text.substring(i);
    }

    private static String field(char directive, ZonedDateTime t) {
        int hour12 = t.getHour() % 12 == 0 ? 12 : t.getHour() % 12;
        return switch (directive) {
            case 'a' -> t.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'A' -> t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            // Java's short September has four letters in some locale data; C's have three.
            case 'b', 'h' -> t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH).substring(0, 3);
            case 'B' -> t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'c' -> field('a', t) + " " + field('b', t) + " " + field('e', t) + " " + field('T', t) + " " + t.getYear();
            case 'C' -> pad(t.getYear() / 100, 2);
            case 'd' -> pad(t.getDayOfMonth(), 2);
            case 'D', 'x' -> field('m', t) + "/" + field('d', t) + "/" + field('y', t);
            case 'e' -> (t.getDayOfMonth() < 10 ? " " : "") + t.getDayOfMonth();
            case 'f' -> pad(t.getNano() / 1000, 6);
            case 'F' -> t.getYear() + "-" + field('m', t) + "-" + field('d', t);
            case 'G' -> String.valueOf(t.get(IsoFields.WEEK_BASED_YEAR));
            case 'H' -> pad(t.getHour(), 2);
            case 'I' -> pad(hour12, 2);
            case 'j' -> pad(t.getDayOfYear(), 3);
            case 'k' -> (t.getHour() < 10 ? " " : "") + t.getHour();
            case 'l' -> (hour12 < 10 ? " " : "") + hour12;
            case 'm' -> pad(t.getMonthValue(), 2);
            case 'M' -> pad(t.getMinute(), 2);
            case 'n' -> "\n";
            case 'p' -> t.getHour() < 12 ? "AM" : "PM";
            case 'P' -> t.getHour() < 12 ? "am" : "pm";
            case 'r' -> field('I', t) + ":" + field('M', t) + ":" + field('S', t) + " " + field('p', t);
            case 'R' -> field('H', t) + ":" + field('M', t);
            case 's' -> String.valueOf(t.toEpochSecond());
            case 'S' -> pad(t.getSecond(), 2);
            case 't' -> "\t";
            case 'T', 'X' -> field('R', t) + ":" + field('S', t);
            case 'u' -> String.valueOf(t.getDayOfWeek().getValue());
            case 'U' -> pad((t.getDayOfYear() + 6 - t.getDayOfWeek().getValue() % 7) / 7, 2);
            case 'V' -> pad(t.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2);
            case 'w' -> String.valueOf(t.getDayOfWeek().getValue() % 7);
            case 'W' -> pad((t.getDayOfYear() + 6 - (t.get(ChronoField.DAY_OF_WEEK) - 1)) / 7, 2);
            case 'y' -> pad(t.getYear() % 100, 2);
            case 'Y' -> String.valueOf(t.getYear());
            case 'z', 'Z' -> "";
            case '%' -> "%";
            default -> throw Failure.unsupported("strftime_now does not know the directive %" + directive);
        };
    }

    private static String pad(int number, int width) {
        return String.format(Locale.ROOT, "%0" + width + "d", number);
    }
}
