package io.safeprobe.model.chat.jinja;

import java.util.Locale;

/** Reading and converting numbers. */
final class Numbers {
    private Numbers() {}

    /** True for int, float and, as in Python, bool. */
    static boolean isNumber(Value value) {
        return value instanceof Value.Int || value instanceof Value.Real || value instanceof Value.Bool;
    }

    /** An int where Python takes nothing else: an index, a count, a width. */
    static long index(Value value) {
        return switch (value) {
            case Value.Int n -> n.value();
            case Value.Bool b -> b.value() ? 1 : 0;
            case Value.Undefined u -> throw u.failure();
            default -> throw Failure.type("'" + Types.name(value) + "' object cannot be interpreted as an integer");
        };
    }

    static double toDouble(Value number) {
        return number instanceof Value.Real r ? r.value() : (double) index(number);
    }

    /** {@code int(value)}. */
    static long toInt(Value value) {
        return switch (value) {
            case Value.Str s -> parseInt(s.text(), 10);
            case Value.Real r -> truncate(r.value());
            case Value.Int n -> n.value();
            case Value.Bool b -> b.value() ? 1 : 0;
            case Value.Undefined u -> throw u.failure();
            default -> throw Failure.type("int() argument must be a string, a bytes-like object or a real number, not '"
                    + Types.name(value) + "'");
        };
    }

    /** {@code float(value)}. */
    static double toFloat(Value value) {
        return switch (value) {
            case Value.Str s -> parseFloat(s.text());
            case Value.Undefined u -> throw u.failure();
            default -> {
                if (!isNumber(value)) {
                    throw Failure.type("float() argument must be a string or a real number, not '" + Types.name(value) + "'");
                }
                yield toDouble(value);
            }
        };
    }

    static long truncate(double value) {
        if (Double.isNaN(value)) {
            throw Failure.value("cannot convert float NaN to integer");
        }
        if (Double.isInfinite(value)) {
            throw new Failure(Fault.OVERFLOW, "cannot convert float infinity to integer");
        }
        if (Math.abs(value) >= 0x1p63) {
            throw overflow();
        }
        return (long) value;
    }

    static Failure overflow() {
        return new Failure(Fault.OVERFLOW, "an int of this template engine has 64 bits and the result does not fit");
    }

    /** {@code int(text, base)}: blanks around it, a sign, single underscores, a prefix that fits the base. */
    static long parseInt(String text, long base) {
        if (base != 0 && (base < 2 || base > 36)) {
            throw Failure.value("int() base must be >= 2 and <= 36, or 0");
        }
        String digits = PythonText.strip(text).toLowerCase(Locale.ROOT);
        boolean negative = digits.startsWith("-");
        if (negative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        int radix = (int) base;
        if (digits.length() > 2 && digits.charAt(0) == '0') {
            int prefixed = switch (digits.charAt(1)) {
                case 'x' -> 16;
                case 'o' -> 8;
                case 'b' -> 2;
                default -> 0;
            };
            if (prefixed != 0 && (base == 0 || base == prefixed)) {
                radix = prefixed;
                digits = digits.substring(digits.charAt(2) == '_' ? 3 : 2);
            }
        }
        radix = radix == 0 ? 10 : radix;
        String plain = withoutUnderscores(digits);
        boolean valid = !plain.isEmpty();
        for (int i = 0; i < plain.length(); i++) {
            valid &= Character.digit(plain.charAt(i), radix) >= 0;
        }
        if (!valid) {
            throw Failure.value("invalid literal for int() with base " + base + ": " + quoted(text));
        }
        try {
            return Long.parseLong(negative ? "-" + plain : plain, radix);
        } catch (NumberFormatException e) {
            throw overflow();
        }
    }

    /** {@code float(text)}. */
    static double parseFloat(String text) {
        String plain = withoutUnderscores(PythonText.strip(text).toLowerCase(Locale.ROOT));
        String unsigned = plain.startsWith("-") || plain.startsWith("+") ? plain.substring(1) : plain;
        double sign = plain.startsWith("-") ? -1 : 1;
        return switch (unsigned) {
            case "inf", "infinity" -> sign * Double.POSITIVE_INFINITY;
            case "nan" -> Double.NaN;
            default -> {
                boolean valid = !unsigned.isEmpty();
                for (int i = 0; i < unsigned.length(); i++) {
                    valid &= "0123456789.e+-".indexOf(unsigned.charAt(i)) >= 0;
                }
                if (!valid) {
                    throw notFloat(text);
                }
                try {
                    yield Double.parseDouble(plain);
                } catch (NumberFormatException e) {
                    throw notFloat(text);
                }
            }
        };
    }

    private static Failure notFloat(String text) {
        return Failure.value("could not convert string to float: " + quoted(text));
    }

    private static String quoted(String text) {
        String shown = text.length() > 200 ? text.substring(0, 200) : text;
        return Printer.quote(shown, new Sink(new Budget(Limits.STANDARD))).toString();
    }

    /** Underscores are allowed between digits only; where one is elsewhere the text is returned as it is, and refused later. */
    private static String withoutUnderscores(String text) {
        for (int i = text.indexOf('_'); i >= 0; i = text.indexOf('_', i + 1)) {
            if (i == 0 || i == text.length() - 1 || !Character.isLetterOrDigit(text.charAt(i - 1))
                    || !Character.isLetterOrDigit(text.charAt(i + 1))) {
                return text;
            }
        }
        return text.replace("_", "");
    }
}
