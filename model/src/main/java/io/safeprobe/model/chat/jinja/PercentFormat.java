package io.safeprobe.model.chat.jinja;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** {@code 'text %s' % values}. */
final class PercentFormat {
    private final String format;
    private final boolean safe;
    private final Value values;
    private final Context context;
    private final Sink sink;
    private int at;
    private int used;

    private PercentFormat(Value.Str format, Value values, Context context) {
        this.format = format.text();
        this.safe = format.safe();
        this.values = values;
        this.context = context;
        this.sink = context.sink();
    }

    static Value apply(Value.Str format, Value values, Context context) {
        return new Value.Str(new PercentFormat(format, values, context).run(), format.safe());
    }

    private String run() {
        while (at < format.length()) {
            int percent = format.indexOf('%', at);
            if (percent < 0) {
                sink.add(format.substring(at));
                break;
            }
            sink.add(format.substring(at, percent));
            at = percent + 1;
            conversion();
        }
        boolean leftOver = values instanceof Value.TupleValue t
                ? used < t.items().size()
                : used == 0 && !hasItems(values);
        if (leftOver) {
            throw Failure.type("not all arguments converted during string formatting");
        }
        return sink.toString();
    }

    /** Python takes whatever can be subscripted, texts and tuples apart, for a mapping, of which no item need be used. */
    private static boolean hasItems(Value value) {
        return value instanceof Dict || value instanceof Value.ListValue || value instanceof Value.Range
                || value instanceof Value.Undefined;
    }

    private void conversion() {
        Value keyed = null;
        if (peek() == '(') {
            keyed = keyed();
        }
        String flags = "";
        while ("#0- +".indexOf(peek()) >= 0) {
            flags += format.charAt(at++);
        }
        long width = number();
        if (width < 0 && peek() == '*') {
            at++;
            width = Numbers.index(next());
            flags += width < 0 ? "-" : "";
            width = Math.abs(width);
        }
        long precision = -1;
        if (peek() == '.') {
            at++;
            precision = Math.max(0, number());
        }
        while ("hlL".indexOf(peek()) >= 0) {
            at++;
        }
        char type = peek();
        at++;
        if (type == '%') {
            sink.add('%');
            return;
        }
        Value value = keyed != null ? keyed : next();
        String body = body(type, value, flags, precision);
        pad(body, flags, width, "diuoxXeEfFgG".indexOf(type) >= 0);
    }

    private char peek() {
        if (at >= format.length()) {
            throw Failure.value("incomplete format");
        }
        return format.charAt(at);
    }

    private long number() {
        long n = -1;
        while (peek() >= '0' && peek() <= '9') {
            n = Math.min(Integer.MAX_VALUE, Math.max(0, n) * 10 + (format.charAt(at++) - '0'));
        }
        return n;
    }

    private Value keyed() {
        int depth = 0;
        int start = at + 1;
        do {
            depth += peek() == '(' ? 1 : peek() == ')' ? -1 : 0;
            at++;
        } while (depth > 0);
        String key = format.substring(start, at - 1);
        if (!(values instanceof Dict dict)) {
            throw Failure.type("format requires a mapping");
        }
        Value value = dict.get(key);
        if (value == null) {
            throw new Failure(Fault.KEY, context.printer().repr(Value.of(key)));
        }
        return value;
    }

    private Value next() {
        int index = used++;
        if (values instanceof Value.TupleValue t) {
            if (index >= t.items().size()) {
                throw Failure.type("not enough arguments for format string");
            }
            return t.items().get(index);
        }
        if (index > 0) {
            throw Failure.type("not enough arguments for format string");
        }
        return values;
    }

    private String body(char type, Value value, String flags, long precision) {
        return switch (type) {
            case 's' -> cut(value instanceof Value.Str s ? Escaping.within(safe, s) : context.str(value), precision);
            case 'r', 'a' -> cut(context.printer().repr(value), precision);
            case 'c' -> character(value);
            case 'd', 'i', 'u' -> {
                if (!Numbers.isNumber(value)) {
                    throw Failure.type("%" + type + " format: a real number is required, not " + Types.name(value));
                }
                yield signed(Numbers.toInt(value), 10, "", flags, precision);
            }
            case 'x', 'X', 'o' -> {
                if (!(value instanceof Value.Int || value instanceof Value.Bool)) {
                    throw Failure.type("%" + type + " format: an integer is required, not " + Types.name(value));
                }
                String prefix = flags.indexOf('#') < 0 ? "" : "0" + type;
                String text = signed(Numbers.index(value), type == 'o' ? 8 : 16, prefix, flags, precision);
                yield type == 'X' ? text.toUpperCase(Locale.ROOT) : text;
            }
            case 'e', 'E', 'f', 'F', 'g', 'G' -> {
                if (!Numbers.isNumber(value)) {
                    throw Failure.type("must be real number, not " + Types.name(value));
                }
                double number = Numbers.toDouble(value);
                int digits = precision < 0 ? 6 : (int) precision;
                yield sign(Double.compare(number, 0.0) < 0, flags) + NumberText.of(number, type, digits, flags.indexOf('#') >= 0);
            }
            default -> throw Failure.value("unsupported format character '" + type + "' (0x" + Integer.toHexString(type)
                    + ") at index " + (at - 1));
        };
    }

    private String cut(String text, long precision) {
        context.budget().characters(text.length());
        return precision < 0 || precision >= text.codePointCount(0, text.length())
                ? text
                : text.substring(0, text.offsetByCodePoints(0, (int) precision));
    }

    private static String character(Value value) {
        if (value instanceof Value.Str s && s.text().codePointCount(0, s.text().length()) == 1) {
            return s.text();
        }
        if (value instanceof Value.Int n && Character.isValidCodePoint((int) n.value()) && n.value() == (int) n.value()) {
            return Character.toString((int) n.value());
        }
        throw Failure.type("%c requires int or char");
    }

    private String signed(long number, int radix, @Nullable String prefix, String flags, long precision) {
        String digits = Long.toString(number, radix).replace("-", "");
        String zeros = context.sink().repeat("0", precision - digits.length()).toString();
        return sign(number < 0, flags) + prefix + zeros + digits;
    }

    private static String sign(boolean negative, String flags) {
        return negative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
    }

    private void pad(String body, String flags, long width, boolean number) {
        long missing = width - body.codePointCount(0, body.length());
        if (flags.indexOf('-') >= 0) {
            sink.add(body).repeat(" ", missing);
        } else if (number && flags.indexOf('0') >= 0) {
            int digits = 0;
            while (digits < body.length() && "+- ".indexOf(body.charAt(digits)) >= 0) {
                digits++;
            }
            if (body.regionMatches(true, digits, "0x", 0, 2) || body.regionMatches(true, digits, "0o", 0, 2)) {
                digits += 2;
            }
            sink.add(body.substring(0, digits)).repeat("0", missing).add(body.substring(digits));
        } else {
            sink.repeat(" ", missing).add(body);
        }
    }
}
