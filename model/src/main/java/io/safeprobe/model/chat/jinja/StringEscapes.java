package io.safeprobe.model.chat.jinja;

/** The backslash escapes of string literals: Python's, where an unknown one stands for itself. */
final class StringEscapes {
    private StringEscapes() {}

    static String decode(String literal) {
        if (literal.indexOf('\\') < 0) {
            return literal;
        }
        StringBuilder text = new StringBuilder(literal.length());
        for (int i = 0; i < literal.length(); ) {
            char c = literal.charAt(i);
            if (c != '\\') {
                text.append(c);
                i++;
                continue;
            }
            char escape = literal.charAt(i + 1);
            i += 2;
            switch (escape) {
                case '\n' -> { }
                case '\\', '\'', '"' -> text.append(escape);
                case 'a' -> text.append('\u0007');
                case 'b' -> text.append('\b');
                case 'f' -> text.append('\f');
                case 'n' -> text.append('\n');
                case 'r' -> text.append('\r');
                case 't' -> text.append('\t');
                case 'v' -> text.append('\u000b');
                case 'x' -> {
                    text.append((char) hex(literal, i, 2, "truncated \\xXX escape"));
                    i += 2;
                }
                case 'u' -> {
                    text.append((char) hex(literal, i, 4, "truncated \\uXXXX escape"));
                    i += 4;
                }
                case 'U' -> {
                    long c32 = hex(literal, i, 8, "truncated \\UXXXXXXXX escape");
                    if (c32 > Character.MAX_CODE_POINT) {
                        throw new Failure(Fault.SYNTAX, "illegal Unicode character");
                    }
                    text.appendCodePoint((int) c32);
                    i += 8;
                }
                case 'N' -> {
                    int end = literal.indexOf('}', i);
                    if (i >= literal.length() || literal.charAt(i) != '{' || end < 0) {
                        throw new Failure(Fault.SYNTAX, "malformed \\N character escape");
                    }
                    text.appendCodePoint(named(literal.substring(i + 1, end)));
                    i = end + 1;
                }
                case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                    int end = i;
                    while (end < literal.length() && end < i + 2 && literal.charAt(end) >= '0' && literal.charAt(end) <= '7') {
                        end++;
                    }
                    text.append((char) Integer.parseInt(literal.substring(i - 1, end), 8));
                    i = end;
                }
                default -> text.append('\\').append(escape);
            }
        }
        return text.toString();
    }

    private static long hex(String literal, int from, int digits, String otherwise) {
        long value = 0;
        for (int i = from; i < from + digits; i++) {
            int digit = i < literal.length() && literal.charAt(i) < 0x80 ? Character.digit(literal.charAt(i), 16) : -1;
            if (digit < 0) {
                throw new Failure(Fault.SYNTAX, otherwise);
            }
            value = value * 16 + digit;
        }
        return value;
    }

    private static int named(String name) {
        try {
            return Character.codePointOf(name);
        } catch (IllegalArgumentException e) {
            throw new Failure(Fault.SYNTAX, "unknown Unicode character name");
        }
    }
}
