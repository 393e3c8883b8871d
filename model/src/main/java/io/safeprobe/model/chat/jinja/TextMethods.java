package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str}. Positions count code points; a text marked safe escapes its arguments and stays safe. */
final class TextMethods {
    static final Set<String> NAMES = Set.of("capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format",
            "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isprintable",
            "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
            "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase",
            "title", "upper", "zfill");

    private final Value.Str self;
    private final String text;
    private final Context context;

    private TextMethods(Value.Str self, Context context) {
        this.self = self;
        this.text = self.text();
        this.context = context;
    }

    static Value call(Value.Str self, String method, Context context, Arguments arguments) {
        context.budget().characters(self.text().length() + 1L);
        return new TextMethods(self, context).call(method, arguments);
    }

    private Value call(String method, Arguments a) {
        return switch (method) {
            case "capitalize" -> plain(method, a, PythonText.capitalize(text));
            case "casefold" -> plain(method, a, PythonText.lower(PythonText.upper(text)));
            case "lower" -> plain(method, a, PythonText.lower(text));
            case "upper" -> plain(method, a, PythonText.upper(text));
            case "title" -> plain(method, a, PythonText.titleWords(text));
            case "swapcase" -> plain(method, a, PythonText.swapCase(text));
            case "strip" -> strip(a.positional("str", method, "chars"), true, true);
            case "lstrip" -> strip(a.positional("str", method, "chars"), true, false);
            case "rstrip" -> strip(a.positional("str", method, "chars"), false, true);
            case "removeprefix" -> {
                String prefix = argument(a.positional("str", method, "prefix"), "prefix");
                yield str(text.startsWith(prefix) ? text.substring(prefix.length()) : text);
            }
            case "removesuffix" -> {
                String suffix = argument(a.positional("str", method, "suffix"), "suffix");
                yield str(text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text);
            }
            case "startswith", "endswith" -> edge(method.equals("startswith"), a.positional("str", method, "prefix", "start", "end"));
            case "find", "rfind" -> Value.of(find(a.positional("str", method, "sub", "start", "end"), method.startsWith("r")));
            case "index", "rindex" -> {
                long at = find(a.positional("str", method, "sub", "start", "end"), method.startsWith("r"));
                if (at < 0) {
                    throw Failure.value("substring not found");
                }
                yield Value.of(at);
            }
            case "count" -> count(a.positional("str", method, "sub", "start", "end"));
            case "replace" -> replace(a.positional("str", method, "old", "new", "count"));
            case "split", "rsplit" -> split(a.bind(method, "sep", "maxsplit"), method.startsWith("r"));
            case "splitlines" -> list(PythonText.lines(text, a.bind(method, "keepends").flag("keepends", false)));
            case "partition", "rpartition" -> partition(a.positional("str", method, "sep"), method.startsWith("r"));
            case "join" -> join(a.positional("str", method, "iterable").required("iterable"));
            case "center", "ljust", "rjust" -> justify(method, a.positional("str", method, "width", "fillchar"));
            case "zfill" -> zeroFill(a.positional("str", method, "width").integer("width", 0));
            case "expandtabs" -> expandTabs(a.bind(method, "tabsize").integer("tabsize", 8));
            case "format" -> BraceFormat.apply(self, context, a);
            case "format_map" -> formatMap(a.positional("str", method, "mapping").required("mapping"));
            case "isascii" -> Value.of(text.chars().allMatch(c -> c < 0x80));
            case "isprintable" -> Value.of(text.codePoints().allMatch(PythonText::isPrintable));
            case "isalpha" -> all(Character::isLetter);
            case "isalnum" -> all(c -> Character.isLetter(c) || isNumeric(c));
            case "isdecimal" -> all(Character::isDigit);
            case "isdigit" -> all(c -> Character.isDigit(c) || isDigitLike(c));
            case "isnumeric" -> all(TextMethods::isNumeric);
            case "isspace" -> all(PythonText::isSpace);
            case "islower" -> cased(c -> !Character.isUpperCase(c) && !Character.isTitleCase(c));
            case "isupper" -> cased(c -> !Character.isLowerCase(c) && !Character.isTitleCase(c));
            case "istitle" -> cased(c -> true, PythonText.titleWords(text).equals(text));
            default -> throw new IllegalArgumentException("no method of texts is called " + method);
        };
    }

    private Value.Str str(String result) {
        return new Value.Str(result, self.safe());
    }

    private Value plain(String method, Arguments arguments, String result) {
        arguments.positional("str", method);
        return str(result);
    }

    private Value list(List<String> parts) {
        context.budget().steps(parts.size());
        List<Value> items = new ArrayList<>(parts.size());
        parts.forEach(p -> items.add(str(p)));
        return Value.list(items);
    }

    private String argument(Bound bound, String name) {
        return argument(bound.required(name), bound.function());
    }

    private String argument(Value value, String function) {
        if (value instanceof Value.Str s) {
            return Escaping.within(self.safe(), s);
        }
        String which = switch (function) {
            case "find", "rfind", "index", "rindex", "count", "partition", "rpartition" -> "";
            default -> function + "() argument ";
        };
        throw Failure.type(which + "must be str, not " + Types.name(value));
    }

    private Value strip(Bound bound, boolean left, boolean right) {
        Value chars = bound.unlessNone("chars");
        if (chars != null && !(chars instanceof Value.Str)) {
            throw Failure.type(bound.function() + " arg must be None or str");
        }
        String set = chars == null ? null : argument(chars, bound.function());
        if (set != null) {
            context.budget().characters((long) set.length() * text.length());
        }
        return str(PythonText.strip(text, set, left, right));
    }

    /** The part of the text between the code points {@code start} and {@code end}, or null where start lies beyond the end. */
    private @Nullable String window(Bound bound) {
        if (bound.unlessNone("start") == null && bound.unlessNone("end") == null) {
            return text;
        }
        long length = text.codePointCount(0, text.length());
        long start = position(bound, length);
        if (start > length) {
            return null;
        }
        Value window = Slicing.slice(Value.of(text), bound.unlessNone("start"), bound.unlessNone("end"), null, context);
        return ((Value.Str) window).text();
    }

    private static long position(Bound bound, long length) {
        Value start = bound.unlessNone("start");
        long index = start == null ? 0 : Numbers.index(start);
        return index < 0 ? Math.max(0, index + length) : index;
    }

    private Value edge(boolean front, Bound bound) {
        Value wanted = bound.required("prefix");
        String window = window(bound);
        if (wanted instanceof Value.TupleValue tuple) {
            for (Value item : tuple.items()) {
                if (edge(front, window, argument(item, bound.function()))) {
                    return Value.TRUE;
                }
            }
            return Value.FALSE;
        }
        if (!(wanted instanceof Value.Str)) {
            throw Failure.type(
                    bound.function() + " first arg must be str or a tuple of str, not " + Types.name(wanted));
        }
        return Value.of(edge(front, window, argument(wanted, bound.function())));
    }

    private static boolean edge(boolean front, @Nullable String window, String part) {
        return window != null && (front ? window.startsWith(part) : window.endsWith(part));
    }

    private long find(Bound bound, boolean last) {
        String part = argument(bound, "sub");
        String window = window(bound);
        context.budget().search(text.length(), part.length());
        int at = window == null ? -1 : last ? window.lastIndexOf(part) : window.indexOf(part);
        if (window == null || at < 0) {
            return -1;
        }
        return position(bound, text.codePointCount(0, text.length())) + window.codePointCount(0, at);
    }

    private Value count(Bound bound) {
        String part = argument(bound, "sub");
        String window = window(bound);
        context.budget().search(text.length(), part.length());
        if (window == null) {
            return Value.of(0);
        }
        if (part.isEmpty()) {
            return Value.of(window.codePointCount(0, window.length()) + 1);
        }
        long count = 0;
        for (int at = window.indexOf(part); at >= 0; at = window.indexOf(part, at + part.length())) {
            count++;
        }
        return Value.of(count);
    }

    private Value replace(Bound bound) {
        return str(replaced(text, argument(bound, "old"), argument(bound, "new"), bound.integer("count", -1), context));
    }

    /** {@code text.replace(old, new, limit)}; a negative {@code limit} is none. */
    static String replaced(String text, String old, String with, long limit, Context context) {
        context.budget().search(text.length(), old.length());
        Sink sink = context.sink();
        int at = 0;
        long done = 0;
        while (limit < 0 || done < limit) {
            if (old.isEmpty()) {
                // Nothing lies before every character and at the end.
                sink.add(with);
                done++;
                if (at == text.length()) {
                    break;
                }
                int next = text.offsetByCodePoints(at, 1);
                sink.add(text.substring(at, next));
                at = next;
            } else {
                int found = text.indexOf(old, at);
                if (found < 0) {
                    break;
                }
                sink.add(text.substring(at, found)).add(with);
                at = found + old.length();
                done++;
            }
        }
        return sink.add(text.substring(at)).toString();
    }

    private Value split(Bound bound, boolean right) {
        long limit = bound.integer("maxsplit", -1);
        Value separator = bound.unlessNone("sep");
        if (separator == null) {
            return list(right ? PythonText.wordsFromRight(text, limit) : PythonText.words(text, limit));
        }
        if (!(separator instanceof Value.Str)) {
            throw Failure.type("must be str or None, not " + Types.name(separator));
        }
        String part = argument(separator, bound.function());
        if (part.isEmpty()) {
            throw Failure.value("empty separator");
        }
        context.budget().search(text.length(), part.length());
        return list(right ? PythonText.splitFromRight(text, part, limit) : PythonText.split(text, part, limit));
    }

    private Value partition(Bound bound, boolean right) {
        String part = argument(bound, "sep");
        if (part.isEmpty()) {
            throw Failure.value("empty separator");
        }
        context.budget().search(text.length(), part.length());
        int at = right ? text.lastIndexOf(part) : text.indexOf(part);
        if (at < 0) {
            return right ? Value.tuple(str(""), str(""), str(text)) : Value.tuple(str(text), str(""), str(""));
        }
        return Value.tuple(str(text.substring(0, at)), str(part), str(text.substring(at + part.length())));
    }

    private Value join(Value iterable) {
        Iterator<Value> items = Iteration.iteratorOrNull(iterable, context.budget());
        if (items == null) {
            throw Failure.type("can only join an iterable");
        }
        Sink sink = context.sink();
        for (int i = 0; items.hasNext(); i++) {
            Value next = items.next();
            if (!(next instanceof Value.Str item)) {
                throw Failure.type("sequence item " + i + ": expected str instance, " + Types.name(next) + " found");
            }
            sink.add(i == 0 ? "" : text).add(Escaping.within(self.safe(), item));
        }
        return str(sink.toString());
    }

    private Value justify(String method, Bound bound) {
        long width = Numbers.index(bound.required("width"));
        String fill = bound.text("fillchar", " ");
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw Failure.type("The fill character must be exactly one character long");
        }
        return str(justified(method, text, width, fill, context));
    }

    /** {@code method} is one of center, ljust, rjust. */
    static String justified(String method, String text, long width, String fill, Context context) {
        long missing = Math.max(0, width - text.codePointCount(0, text.length()));
        long left = switch (method) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            // Python puts the odd blank left when the width is odd too.
            default -> missing / 2 + (missing & width & 1);
        };
        return context.sink().repeat(fill, left).add(text).repeat(fill, missing - left).toString();
    }

    private Value zeroFill(long width) {
        int sign = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        long missing = width - text.codePointCount(0, text.length());
        return str(context.sink().add(text.substring(0, sign)).repeat("0", missing).add(text.substring(sign)).toString());
    }

    private Value expandTabs(long size) {
        Sink sink = context.sink();
        long column = 0;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (c == '\t') {
                long blanks = size <= 0 ? 0 : size - column % size;
                sink.repeat(" ", blanks);
                column += blanks;
            } else {
                sink.addCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return str(sink.toString());
    }

    private Value formatMap(Value mapping) {
        if (!(mapping instanceof Dict dict)) {
            throw Failure.type("format_map() takes a mapping, not " + Types.name(mapping));
        }
        return BraceFormat.apply(self, context, new Arguments(List.of(), Calls.names(dict)));
    }

    private Value all(IntPredicate test) {
        return Value.of(!text.isEmpty() && text.codePoints().allMatch(test));
    }

    private Value cased(IntPredicate test) {
        return cased(test, true);
    }

    private Value cased(IntPredicate test, boolean also) {
        return Value.of(also && text.codePoints().anyMatch(PythonText::isCased) && text.codePoints().allMatch(test));
    }

    private static boolean isDigitLike(int c) {
        return c == 0xb2 || c == 0xb3 || c == 0xb9 
                || (c >= 0x2070 && c <= 0x2089 && Character.getType(c) == Character.OTHER_NUMBER);
    }

    private static boolean isNumeric(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
    }
}
