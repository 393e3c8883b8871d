package io.safeprobe.model.chat.jinja;

import java.util.Locale;

/** Python's {@code format(value, spec)}: {@code [[fill]align][sign][#][0][width][grouping][.precision][type]}. */
final class FormatSpec {
    private final String spec;
    private int at;
    private String fill = " ";
    private char align = '?';
    private char sign = '-';
    private boolean alternate;
    private long width;
    private String grouping = "";
    private int precision = -1;
    private char type = '?';

    private FormatSpec(String spec) {
        this.spec = spec;
        parse();
    }

    static String apply(Value value, String spec, Context context) {
        if (spec.isEmpty()) {
            return context.str(value);
        }
        FormatSpec format = new FormatSpec(spec);
        return switch (value) {
            case Value.Str s -> format.text(s.text(), context);
            case Value.Int n -> format.whole(n.value(), context);
            case Value.Bool b -> format.whole(b.value() ? 1 : 0, context);
            case Value.Real r -> format.real(r.value(), context);
            default -> throw Failure.type("unsupported format string passed to " + Types.name(value) + ".__format__");
        };
    }

    private void parse() {
        int first = spec.offsetByCodePoints(0, 1);
        if (first < spec.length() && isAlign(spec.charAt(first))) {
            fill = spec.substring(0, first);
            align = spec.charAt(first);
            at = first + 1;
        } else if (isAlign(spec.charAt(0))) {
            align = spec.charAt(at++);
        }
        if ("+- ".indexOf(peek()) >= 0) {
            sign = spec.charAt(at++);
        }
        if (peek() == '#') {
            alternate = true;
            at++;
        }
        if (peek() == '0') {
            at++;
            if (align == '?') {
                fill = "0";
                align = '=';
            }
        }
        width = number();
        if (peek() == ',' || peek() == '_') {
            grouping = spec.substring(at, ++at);
        }
        if (peek() == '.') {
            at++;
            int start = at;
            precision = (int) number();
            if (at == start) {
                throw Failure.value("Format specifier missing precision");
            }
        }
        if (at < spec.length()) {
            type = spec.charAt(at++);
        }
        if (at < spec.length()) {
            throw Failure.value("Invalid format specifier");
        }
    }

    private static boolean isAlign(char c) {
        return "<>=^".indexOf(c) >= 0;
    }

    /** A character no specifier has, at the end. */
    private char peek() {
        return at < spec.length() ? spec.charAt(at) : '\0';
    }

    private long number() {
        long n = 0;
        while (peek() >= '0' && peek() <= '9') {
            n = Math.min(Integer.MAX_VALUE, n * 10 + (spec.charAt(at++) - '0'));
        }
        return n;
    }

    private String text(String text, Context context) {
        if (type != '?' && type != 's') {
            throw unknown("str");
        }
        if (align == '=' && !fill.equals("0")) {
            throw Failure.value("'=' alignment not allowed in string format specifier");
        }
        int length = text.codePointCount(0, text.length());
        String cut = precision >= 0 && precision < length ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
        return pad("", cut, align == '?' || align == '=' ? '<' : align, context);
    }

    private String whole(long number, Context context) {
        if ("eEfFgG%".indexOf(type) >= 0) {
            return real((double) number, context);
        }
        int radix = switch (type) {
            case '?', 'd', 'n' -> 10;
            case 'x', 'X' -> 16;
            case 'o' -> 8;
            case 'b' -> 2;
            case 'c' -> 0;
            default -> throw unknown("int");
        };
        if (precision >= 0) {
            throw Failure.value("Precision not allowed in integer format specifier");
        }
        if (radix == 0) {
            if (!Character.isValidCodePoint((int) number) || number != (int) number) {
                throw new Failure(Fault.OVERFLOW, "character code not in range(0x110000)");
            }
            return pad("", Character.toString((int) number), align == '?' ? '<' : align, context);
        }
        String digits = Long.toString(number, radix).replace("-", "");
        String prefix = alternate && radix != 10 ? "0" + type : "";
        if (!grouping.isEmpty()) {
            digits = NumberText.grouped(digits, grouping, radix == 10 ? 3 : 4);
        }
        if (type == 'X') {
            digits = digits.toUpperCase(Locale.ROOT);
        }
        return pad(signOf(number < 0) + prefix, digits, align == '?' ? '>' : align, context);
    }

    private String real(double number, Context context) {
        String digits = switch (type) {
            case '?' -> precision < 0
                    ? FloatText.repr(Math.abs(number))
                    : withPoint(NumberText.of(number, 'g', precision, alternate));
            case 'e', 'E', 'f', 'F', 'g', 'G' -> NumberText.of(number, type, precision < 0 ? 6 : precision, alternate);
            case 'n' -> NumberText.of(number, 'g', precision < 0 ? 6 : precision, alternate);
            case '%' -> NumberText.of(number * 100, 'f', precision < 0 ? 6 : precision, alternate) + "%";
            default -> throw unknown("float");
        };
        if (!grouping.isEmpty()) {
            digits = NumberText.grouped(digits, grouping, 3);
        }
        return pad(signOf(Double.compare(number, 0.0) < 0), digits, align == '?' ? '>' : align, context);
    }

    /** Without a type a float keeps at least one digit after the point. */
    private static String withPoint(String digits) {
        return digits.indexOf('.') >= 0 || digits.indexOf('e') >= 0 || !Character.isDigit(digits.charAt(0)) ? digits : digits + ".0";
    }

    private String signOf(boolean negative) {
        return negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    }

    private String pad(String head, String body, char side, Context context) {
        long missing = Math.max(0, width - head.length() - body.codePointCount(0, body.length()));
        Sink sink = context.sink();
        Sink padded = switch (side) {
            case '<' -> sink.add(head).add(body).repeat(fill, missing);
            case '^' -> sink.repeat(fill, missing / 2).add(head).add(body).repeat(fill, missing - missing / 2);
            case '=' -> sink.add(head).repeat(fill, missing).add(body);
            default -> sink.repeat(fill, missing).add(head).add(body);
        };
        return padded.toString();
    }

    private Failure unknown(String of) {
        return Failure.value("Unknown format code '" + type + "' for object of type '" + of + "'");
    }
}
