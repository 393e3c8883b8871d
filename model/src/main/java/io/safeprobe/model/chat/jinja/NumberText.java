package io.safeprobe.model.chat.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Floats in the forms of C's printf, which Python's two ways of formatting share. Signs are left to the caller. */
final class NumberText {
    private static final int MOST_DIGITS = 1000;

    private NumberText() {}

    /**
     * The absolute value in one of the forms {@code e E f F g G}.
     *
     * @param alternate keep trailing zeros in form g
     */
    static String of(double value, char form, int precision, boolean alternate) {
        if (precision > MOST_DIGITS) {
            throw Failure.limit("a number of more than " + MOST_DIGITS + " digits");
        }
        boolean upper = Character.isUpperCase(form);
        String text;
        if (Double.isNaN(value)) {
            text = "nan";
        } else if (Double.isInfinite(value)) {
            text = "inf";
        } else {
            BigDecimal exact = new BigDecimal(Math.abs(value));
            text = switch (Character.toLowerCase(form)) {
                case 'f' -> exact.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
                case 'e' -> exponent(exact, precision);
                default -> general(exact, Math.max(1, precision), alternate);
            };
        }
        return upper ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static String exponent(BigDecimal value, int precision) {
        if (value.signum() == 0) {
            return FloatText.scientific("0".repeat(precision + 1), 0);
        }
        BigDecimal rounded = value.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        String digits = rounded.unscaledValue().toString();
        int exponent = digits.length() - rounded.scale() - 1;
        String padded = digits.length() < precision + 1
                ? digits + "0".repeat(precision + 1 - digits.length())
                : digits.substring(0, precision + 1);
        return FloatText.scientific(padded, exponent);
    }

    private static String general(BigDecimal value, int precision, boolean alternate) {
        if (value.signum() == 0) {
            return alternate && precision > 1 ? "0." + "0".repeat(precision - 1) : "0";
        }
        BigDecimal rounded = value.round(new MathContext(precision, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent < -4 || exponent >= precision) {
            String text = exponent(value, precision - 1);
            int e = text.indexOf('e');
            return (alternate ? text.substring(0, e) : withoutZeros(text.substring(0, e))) + text.substring(e);
        }
        String text = rounded.setScale(precision - 1 - exponent, RoundingMode.HALF_EVEN).toPlainString();
        return alternate ? text : withoutZeros(text);
    }

    private static String withoutZeros(String text) {
        if (text.indexOf('.') < 0) {
            return text;
        }
        int end = text.length();
        while (text.charAt(end - 1) == '0') {
            end--;
        }
        return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
    }

    /** Puts {@code separator} between groups of {@code size} digits of the part before the point. */
    static String grouped(String digits, String separator, int size) {
        int end = 0;
        while (end < digits.length() && Character.digit(digits.charAt(end), 16) >= 0) {
            end++;
        }
        StringBuilder result = new StringBuilder(digits);
        for (int i = end - size; i > 0; i -= size) {
            result.insert(i, separator);
        }
        return result.toString();
    }
}
