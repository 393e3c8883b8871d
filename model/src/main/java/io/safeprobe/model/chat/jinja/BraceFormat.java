package io.safeprobe.model.chat.jinja;

/** {@code 'text {}'.format(values)}; fields reach into values by the rules of the sandbox. */
final class BraceFormat {
    private static final int DEEPEST = 2;

    private final Context context;
    private final Arguments arguments;
    private final boolean safe;
    private int automatic;

    private BraceFormat(Context context, Arguments arguments, boolean safe) {
        this.context = context;
        this.arguments = arguments;
        this.safe = safe;
    }

    static Value apply(Value.Str format, Context context, Arguments arguments) {
        return new Value.Str(
                new BraceFormat(context, arguments, format.safe()).run(format.text(), DEEPEST), format.safe());
    }

    private String run(String format, int depth) {
        if (depth == 0) {
            throw Failure.value("Max string recursion exceeded");
        }
        Sink sink = context.sink();
        int at = 0;
        while (at < format.length()) {
            char c = format.charAt(at);
            boolean doubled = at + 1 < format.length() && format.charAt(at + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                sink.add(c);
                at += 2;
            } else if (c == '}') {
                throw Failure.value("Single '}' encountered in format string");
            } else if (c == '{') {
                int end = close(format, at + 1);
                sink.add(field(format.substring(at + 1, end), depth));
                at = end + 1;
            } else {
                sink.add(c);
                at++;
            }
        }
        return sink.toString();
    }

    private static int close(String format, int from) {
        int depth = 1;
        for (int i = from; i < format.length(); i++) {
            depth += format.charAt(i) == '{' ? 1 : format.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw Failure.value(from == format.length() ? "Single '{' encountered in format string" : "expected '}' before end of string");
    }

    private String field(String field, int depth) {
        int end = 0;
        int brackets = 0;
        while (end < field.length() && (brackets > 0 || ":!".indexOf(field.charAt(end)) < 0)) {
            brackets += field.charAt(end) == '[' ? 1 : field.charAt(end) == ']' ? -1 : 0;
            end++;
        }
        Value value = value(field.substring(0, end));
        if (end < field.length() && field.charAt(end) == '!') {
            char conversion = end + 1 < field.length() ? field.charAt(end + 1) : ' ';
            value = switch (conversion) {
                case 's' -> Value.of(context.str(value));
                case 'r', 'a' -> Value.of(context.printer().repr(value));
                default -> throw Failure.value("Unknown conversion specifier " + conversion);
            };
            end += 2;
        }
        String spec = end < field.length() ? run(field.substring(end + 1), depth - 1) : "";
        String text = FormatSpec.apply(value, spec, context);
        return safe && !(value instanceof Value.Str s && s.safe()) ? Escaping.escape(text) : text;
    }

    private Value value(String path) {
        int end = 0;
        while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
            end++;
        }
        Value value = first(path.substring(0, end));
        while (end < path.length()) {
            int start = end + 1;
            if (path.charAt(end) == '.') {
                end = start;
                while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
                    end++;
                }
                value = Attributes.attribute(value, path.substring(start, end), context);
            } else {
                end = path.indexOf(']', start);
                if (end < 0) {
                    throw Failure.value("Missing ']' in format string");
                }
                value = Attributes.item(value, key(path.substring(start, end)), context);
                end++;
            }
        }
        return value;
    }

    private Value first(String name) {
        if (name.isEmpty() || isNumber(name)) {
            int index = name.isEmpty() ? automatic++ : (int) Math.min(Integer.MAX_VALUE, Numbers.parseInt(name, 10));
            if (index >= arguments.positional().size()) {
                throw new Failure(Fault.INDEX, "Replacement index " + index + " out of range for positional args tuple");
            }
            return arguments.positional().get(index);
        }
        Value value = arguments.named().get(name);
        if (value == null) {
            throw new Failure(Fault.KEY, context.printer().repr(Value.of(name)));
        }
        return value;
    }

    private static Value key(String text) {
        return isNumber(text) ? Value.of(Numbers.parseInt(text, 10)) : Value.of(text);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
