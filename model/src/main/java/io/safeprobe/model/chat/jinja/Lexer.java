package io.safeprobe.model.chat.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens and applies its rules about blanks: {@code -} strips, {@code +} keeps, the first line end after a
 * block or comment goes (trim_blocks), and so does the indentation before one (lstrip_blocks). Scanned by hand: regular
 * expressions with repeated groups overflow the stack on hostile input.
 */
final class Lexer {
    private static final String[] OPERATORS = {
            "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":",
            "|", ",", ";"};

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    /** Up to where line ends have been counted. */
    private int counted;
    /** True where the text before the current position ends a line, or nothing is before it. */
    private boolean lineStarts = true;

    private Lexer(String source) {
        this.source = source;
    }

    /** All tokens, the last of kind END, or INVALID where the text cannot be cut any further. */
    static List<Token> tokens(String template) {
        String normal = template.replace("\r\n", "\n").replace('\r', '\n');
        // As Jinja does without keep_trailing_newline: one line end at the very end is not part of the template.
        Lexer lexer = new Lexer(normal.endsWith("\n") ? normal.substring(0, normal.length() - 1) : normal);
        try {
            lexer.run();
        } catch (Failure e) {
            // Not thrown yet: what the parser finds wrong before it comes here is nearer to the mistake.
            lexer.emit(Token.Kind.INVALID, e.reason(), lexer.at);
        }
        return lexer.tokens;
    }

    private void run() {
        while (at < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                data(source.substring(at), at);
                at = source.length();
                break;
            }
            tag(tag);
        }
        emit(Token.Kind.END, "", at);
    }

    private int nextTag() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '{' || next == '%' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    private void tag(int tag) {
        char type = source.charAt(tag + 1);
        char sign = charAt(tag + 2);
        int start = at;
        at = tag + (sign == '-' || sign == '+' ? 3 : 2);
        data(before(start, tag, sign, type != '{'), start);
        int raw = type == '%' ? rawBody(at) : -1;
        if (raw >= 0) {
            raw(raw);
        } else if (type == '#') {
            comment();
        } else if (type == '%') {
            emit(Token.Kind.BLOCK_BEGIN, "", tag);
            code(true);
        } else {
            emit(Token.Kind.PRINT_BEGIN, "", tag);
            code(false);
        }
    }

    /** The text before a tag, without the blanks that its sign or lstrip_blocks takes away. */
    private String before(int start, int tag, char sign, boolean block) {
        String text = source.substring(start, tag);
        if (sign == '-') {
            return PythonText.strip(text, null, false, true);
        }
        if (sign != '+' && block) {
            int lineStart = text.lastIndexOf('\n') + 1;
            if ((lineStart > 0 || lineStarts) && PythonText.strip(text.substring(lineStart)).isEmpty()) {
                return text.substring(0, lineStart);
            }
        }
        return text;
    }

    private void data(String text, int from) {
        if (!text.isEmpty()) {
            emit(Token.Kind.DATA, text, from);
        }
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw syntax("Missing end of comment tag");
        }
        char sign = end > at ? source.charAt(end - 1) : ' ';
        at = end + 2;
        afterBlock(sign);
    }

    /** What a closing sign or trim_blocks takes away after a block or comment. */
    private void afterBlock(char sign) {
        int end = at;
        if (sign == '-') {
            skipBlanks();
        } else if (sign != '+' && charAt(at) == '\n') {
            at++;
        }
        lineStarts = at > end && source.charAt(at - 1) == '\n';
    }

    /** Where the body of a raw block begins when the block tag at {@code from} opens one, or -1. */
    private int rawBody(int from) {
        int i = word(from, "raw");
        if (i < 0) {
            return -1;
        }
        if (source.startsWith("-%}", i)) {
            return blanksFrom(i + 3);
        }
        return source.startsWith("%}", i) ? i + 2 : -1;
    }

    private void raw(int body) {
        int from = body;
        lineStarts = source.charAt(body - 1) == '\n';
        for (int i = source.indexOf("{%", from); i >= 0; i = source.indexOf("{%", i + 1)) {
            char sign = charAt(i + 2);
            int end = word(i + (sign == '-' || sign == '+' ? 3 : 2), "endraw");
            if (end >= 0) {
                char closing = charAt(end);
                int close = closing == '-' || closing == '+' ? end + 1 : end;
                if (source.startsWith("%}", close)) {
                    at = close + 2;
                    data(before(from, i, sign, true), from);
                    afterBlock(closing);
                    return;
                }
            }
        }
        throw syntax("Missing end of raw directive");
    }

    /** The position after {@code word} with blanks around it at {@code from}, or -1. */
    private int word(int from, String word) {
        int i = blanksFrom(from);
        return source.startsWith(word, i) ? blanksFrom(i + word.length()) : -1;
    }

    private int blanksFrom(int from) {
        int i = from;
        while (i < source.length() && PythonText.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    private void skipBlanks() {
        at = blanksFrom(at);
    }

    /** The inside of a tag up to and with its end. */
    private void code(boolean block) {
        String close = block ? "%}" : "}}";
        Deque<String> open = new ArrayDeque<>();
        while (true) {
            skipBlanks();
            if (at >= source.length()) {
                return;
            }
            char c = source.charAt(at);
            boolean signed = c == '-' || (c == '+' && block);
            if (open.isEmpty() && source.startsWith(close, signed ? at + 1 : at)) {
                emit(block ? Token.Kind.BLOCK_END : Token.Kind.PRINT_END, "", at);
                at += signed ? 3 : 2;
                if (block || c == '-') {
                    afterBlock(c);
                } else {
                    lineStarts = false;
                }
                return;
            }
            if (c >= '0' && c <= '9') {
                number();
            } else if (isWord(source.codePointAt(at))) {
                name();
            } else if (c == '"' || c == '\'') {
                string(c);
            } else {
                operator(open);
            }
        }
    }

    private static boolean isWord(int c) {
        return c == '_' || Character.isLetterOrDigit(c) || Character.getType(c) == Character.LETTER_NUMBER;
    }

    private void name() {
        int start = at;
        while (at < source.length() && isWord(source.codePointAt(at))) {
            at += Character.charCount(source.codePointAt(at));
        }
        int first = source.codePointAt(start);
        if (first != '_' && !Character.isUnicodeIdentifierStart(first)) {
            throw syntax("Invalid character in identifier");
        }
        emit(Token.Kind.NAME, source.substring(start, at), start);
    }

    private void number() {
        int start = at;
        char second = charAt(at + 1);
        int radix = source.charAt(at) != '0' ? 10 : switch (Character.toLowerCase(second)) {
            case 'x' -> 16;
            case 'o' -> 8;
            case 'b' -> 2;
            default -> 10;
        };
        if (radix != 10 && digits(at + 2, radix, true) > at + 2) {
            at = digits(at + 2, radix, true);
            emit(Token.Kind.INTEGER, source.substring(start, at).replace("_", ""), start);
            return;
        }
        int whole = digits(at, 10, false);
        int fraction = charAt(whole) == '.' ? digits(whole + 1, 10, false) : whole;
        int end = fraction > whole + 1 ? fraction : whole;
        int exponent = exponent(end);
        boolean real = (end > whole || exponent > end) && (start == 0 || source.charAt(start - 1) != '.');
        if (real) {
            at = exponent;
            emit(Token.Kind.FLOAT, source.substring(start, at).replace("_", ""), start);
            return;
        }
        // A number that begins with 0 is all zeros; what follows is another token, as in Python's own grammar an error.
        at = source.charAt(start) == '0' ? zeros(start) : whole;
        emit(Token.Kind.INTEGER, source.substring(start, at).replace("_", ""), start);
    }

    private int exponent(int from) {
        if (Character.toLowerCase(charAt(from)) != 'e') {
            return from;
        }
        int first = charAt(from + 1) == '+' || charAt(from + 1) == '-' ? from + 2 : from + 1;
        int end = digits(first, 10, false);
        return end > first ? end : from;
    }

    /** The end of digits with single underscores between them, and before them where {@code leading}. */
    private int digits(int from, int radix, boolean leading) {
        int i = from;
        while (true) {
            int digit = charAt(i) == '_' && (i > from || leading) ? i + 1 : i;
            if (charAt(digit) >= 0x80 || Character.digit(charAt(digit), radix) < 0) {
                return i;
            }
            i = digit + 1;
        }
    }

    private int zeros(int from) {
        int i = from + 1;
        while (charAt(i) == '0' || (charAt(i) == '_' && charAt(i + 1) == '0')) {
            i++;
        }
        return i;
    }

    private void string(char quote) {
        int start = at;
        int i = at + 1;
        while (i < source.length() && source.charAt(i) != quote) {
            i += source.charAt(i) == '\\' ? 2 : 1;
        }
        if (i >= source.length()) {
            throw syntax("unexpected char " + (quote == '"' ? "'\"'" : "\"'\"") + " at " + start);
        }
        at = i + 1;
        emit(Token.Kind.STRING, StringEscapes.decode(source.substring(start + 1, i)), start);
    }

    private void operator(Deque<String> open) {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                balance(operator, open);
                emit(Token.Kind.OPERATOR, operator, at);
                at += operator.length();
                return;
            }
        }
        throw syntax("unexpected char " + Printer.quote(Character.toString(source.codePointAt(at)),
                new Sink(new Budget(Limits.STANDARD))) + " at " + at);
    }

    private void balance(String operator, Deque<String> open) {
        switch (operator) {
            case "(" -> open.push(")");
            case "[" -> open.push("]");
            case "{" -> open.push("}");
            case ")", "]", "}" -> {
                if (open.isEmpty()) {
                    throw syntax("unexpected '" + operator + "'");
                }
                String expected = open.pop();
                if (!expected.equals(operator)) {
                    throw syntax("unexpected '" + operator + "', expected '" + expected + "'");
                }
            }
            default -> {}
        }
    }

    private char charAt(int i) {
        return i < source.length() ? source.charAt(i) : '\0';
    }

    private void emit(Token.Kind kind, String text, int from) {
        tokens.add(new Token(kind, text, lineAt(from)));
    }

    private int lineAt(int position) {
        for (int i = counted; i < Math.min(position, source.length()); i++) {
            line += source.charAt(i) == '\n' ? 1 : 0;
        }
        counted = Math.max(counted, position);
        return line;
    }

    private static Failure syntax(String reason) {
        return new Failure(Fault.SYNTAX, reason);
    }
}
