package io.safeprobe.model.chat.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Filters that make text. */
final class TextFilters {
    static final Map<String, Filter> ALL = Map.ofEntries(
            Map.entry("attr", (context, value, arguments) ->
                    Attributes.attributeOnly(value, arguments.bind("attr", "name").text("name"), context)),
            Map.entry("capitalize", changed("capitalize", PythonText::capitalize)),
            Map.entry("center", TextFilters::center),
            Map.entry("d", TextFilters::otherwise),
            Map.entry("default", TextFilters::otherwise),
            Map.entry("e", TextFilters::escape),
            Map.entry("escape", TextFilters::escape),
            Map.entry("forceescape", (context, value, arguments) -> new Value.Str(escaped(context, context.str(value)), true)),
            Map.entry("format", TextFilters::format),
            Map.entry("indent", TextFilters::indent),
            Map.entry("join", TextFilters::join),
            Map.entry("lower", changed("lower", PythonText::lower)),
            Map.entry("replace", TextFilters::replace),
            Map.entry("safe", (context, value, arguments) -> new Value.Str(context.str(value), true)),
            Map.entry("string", (context, value, arguments) -> soft(context, value)),
            Map.entry("title", changed("title", PythonText::titleFilter)),
            Map.entry("tojson", Json::filter),
            Map.entry("trim", TextFilters::trim),
            Map.entry("truncate", TextFilters::truncate),
            Map.entry("upper", changed("upper", PythonText::upper)),
            Map.entry("wordcount", TextFilters::wordCount));

    private TextFilters() {}

    /** The value as a text, which keeps its mark when it is a safe one. */
    static Value.Str soft(Context context, Value value) {
        Value.Str text = value instanceof Value.Str s ? s : new Value.Str(context.str(value), false);
        context.budget().characters(text.text().length());
        return text;
    }

    private static Filter changed(String name, UnaryOperator<String> change) {
        return (context, value, arguments) -> {
            arguments.bind(name);
            Value.Str text = soft(context, value);
            return new Value.Str(change.apply(text.text()), text.safe());
        };
    }

    private static Value otherwise(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("default", "default_value", "boolean");
        boolean replace = value instanceof Value.Undefined || (bound.flag("boolean", false) && !Truth.of(value));
        return replace ? bound.or("default_value", Value.of("")) : value;
    }

    private static String escaped(Context context, String text) {
        context.budget().text(5L * text.length());
        context.budget().characters(5L * text.length());
        return Escaping.escape(text);
    }

    private static Value escape(Context context, Value value, Arguments arguments) {
        arguments.bind("escape");
        return value instanceof Value.Str s && s.safe() ? s : new Value.Str(escaped(context, context.str(value)), true);
    }

    private static Value center(Context context, Value value, Arguments arguments) {
        Value.Str text = soft(context, value);
        long width = arguments.bind("center", "width").integer("width", 80);
        return new Value.Str(TextMethods.justified("center", text.text(), width, " ", context), text.safe());
    }

    private static Value format(Context context, Value value, Arguments arguments) {
        if (!arguments.positional().isEmpty() && !arguments.named().isEmpty()) {
            throw new Failure(
                    Fault.FILTER_ARGUMENT, "can't handle positional and keyword arguments at the same time");
        }
        Value values = Value.tuple(arguments.positional().toArray(Value[]::new));
        if (!arguments.named().isEmpty()) {
            Dict dict = new Dict();
            arguments.named().forEach(dict::put);
            values = dict;
        }
        return PercentFormat.apply(soft(context, value), values, context);
    }

    private static Value indent(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("indent", "width", "first", "blank");
        if (!(value instanceof Value.Str text)) {
            if (value instanceof Value.Undefined u) {
                throw u.failure();
            }
            throw value instanceof Value.ListValue
                    ? new Failure(Fault.ATTRIBUTE, "'list' object has no attribute 'splitlines'")
                    : Failure.type("unsupported operand type(s) for +=: '" + Types.name(value) + "' and 'str'");
        }
        String indentation = bound.or("width", Value.of(4)) instanceof Value.Str s
                ? s.text()
                : context.sink().repeat(" ", bound.integer("width", 4)).toString();
        boolean blank = bound.flag("blank", false);
        // The added line end makes a text that ends in one keep it.
        List<String> lines = PythonText.lines(text.text() + "\n", false);
        Sink sink = context.sink().add(bound.flag("first", false) ? indentation : "");
        for (int i = 0; i < lines.size(); i++) {
            boolean indented = i > 0 && (blank || !lines.get(i).isEmpty());
            sink.add(i > 0 ? "\n" : "").add(indented ? indentation : "").add(lines.get(i));
        }
        return new Value.Str(sink.toString(), text.safe());
    }

    private static Value join(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("join", "d", "attribute");
        String separator = context.str(bound.or("d", Value.of("")));
        Value attribute = bound.unlessNone("attribute");
        Iterator<Value> items = Iteration.iterator(value, context.budget());
        if (attribute != null) {
            items = Iteration.mapped(items, item -> AttributePath.of(attribute).get(item, context));
        }
        Sink sink = context.sink();
        String between = "";
        while (items.hasNext()) {
            sink.add(between).add(context.str(items.next()));
            between = separator;
        }
        return Value.of(sink.toString());
    }

    private static Value replace(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("replace", "old", "new", "count");
        Value count = bound.unlessNone("count");
        return Value.of(TextMethods.replaced(context.str(value), context.str(bound.required("old")),
                context.str(bound.required("new")), count == null ? -1 : Numbers.index(count), context));
    }

    private static Value trim(Context context, Value value, Arguments arguments) {
        Value chars = arguments.bind("trim", "chars").or("chars", Value.NONE);
        return TextMethods.call(soft(context, value), "strip", context, new Arguments(List.of(chars), Map.of()));
    }

    private static Value truncate(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("truncate", "length", "killwords", "end", "leeway");
        long length = bound.integer("length", 255);
        String end = bound.text("end", "...");
        Value leeway = bound.unlessNone("leeway");
        long spare = leeway == null ? 5 : Numbers.index(leeway);
        int endLength = end.codePointCount(0, end.length());
        if (length < endLength || spare < 0) {
            throw Failure.value("truncate: length must be at least " + endLength + " and leeway not negative");
        }
        if (Iteration.requiredLength(value, context.budget()) <= length + spare) {
            return value;
        }
        if (!(value instanceof Value.Str text)) {
            throw Failure.unsupported("truncate of a " + Types.name(value) + "; truncate its text");
        }
        String cut = text.text().substring(0, text.text().offsetByCodePoints(0, (int) (length - endLength)));
        int blank = cut.lastIndexOf(' ');
        String kept = bound.flag("killwords", false) || blank < 0 ? cut : cut.substring(0, blank);
        return new Value.Str(kept + end, text.safe());
    }

    private static Value wordCount(Context context, Value value, Arguments arguments) {
        arguments.bind("wordcount");
        String text = soft(context, value).text();
        long count = 0;
        boolean inside = false;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            boolean word = c == '_' || Character.isLetterOrDigit(c);
            count += word && !inside ? 1 : 0;
            inside = word;
        }
        return Value.of(count);
    }
}
