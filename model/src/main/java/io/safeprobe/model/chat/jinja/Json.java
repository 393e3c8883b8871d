package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}, which templates call as {@code tojson}; its separators and blanks differ from Java's writers. */
final class Json {
    private final Context context;
    private final Sink sink;
    private final boolean ascii;
    private final @Nullable String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorted;

    private Json(Context context, boolean ascii, @Nullable String indent, String itemSeparator, String keySeparator,
            boolean sorted) {
        this.context = context;
        this.sink = context.sink();
        this.ascii = ascii;
        this.indent = indent;
        this.itemSeparator = itemSeparator;
        this.keySeparator = keySeparator;
        this.sorted = sorted;
    }

    /** The filter as {@code transformers} defines it: {@code tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)}. */
    static Value filter(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        Value indent = bound.unlessNone("indent");
        String unit = switch (indent) {
            case null -> null;
            case Value.Str s -> s.text();
            default -> context.sink().repeat(" ", Numbers.index(indent)).toString();
        };
        String item = unit == null ? ", " : ",";
        String key = ": ";
        Value separators = bound.unlessNone("separators");
        if (separators != null) {
            if (!(separators instanceof Value.Items pair) || pair.items().size() != 2
                    || !(pair.items().get(0) instanceof Value.Str first) || !(pair.items().get(1) instanceof Value.Str second)) {
                throw Failure.value("tojson: separators must be two texts, as (',', ': ')");
            }
            item = first.text();
            key = second.text();
        }
        Json json =
                new Json(context, bound.flag("ensure_ascii", false), unit, item, key, bound.flag("sort_keys", false));
        json.write(value, 0);
        return Value.of(json.sink.toString());
    }

    private void write(Value value, int level) {
        context.budget().step();
        context.budget().enter();
        switch (value) {
            case Value.None ignored -> sink.add("null");
            case Value.Bool b -> sink.add(b.value() ? "true" : "false");
            case Value.Int n -> sink.add(Long.toString(n.value()));
            case Value.Real r -> sink.add(real(r.value()));
            case Value.Str s -> quote(s.text());
            case Value.Items s -> array(s.items(), level);
            case Dict d -> object(d, level);
            default -> throw Failure.type("Object of type " + Types.name(value) + " is not JSON serializable");
        }
        context.budget().leave();
    }

    private void array(List<Value> items, int level) {
        if (items.isEmpty()) {
            sink.add("[]");
            return;
        }
        sink.add("[");
        String separator = "";
        for (Value item : items) {
            newLine(sink.add(separator), level + 1);
            write(item, level + 1);
            separator = itemSeparator;
        }
        newLine(sink, level);
        sink.add("]");
    }

    private void object(Dict dict, int level) {
        if (dict.size() == 0) {
            sink.add("{}");
            return;
        }
        sink.add("{");
        String separator = "";
        for (Dict.Entry entry : entries(dict)) {
            newLine(sink.add(separator), level + 1);
            quote(key(entry.key()));
            sink.add(keySeparator);
            write(entry.value(), level + 1);
            separator = itemSeparator;
        }
        newLine(sink, level);
        sink.add("}");
    }

    private List<Dict.Entry> entries(Dict dict) {
        List<Dict.Entry> entries = new ArrayList<>(dict.entries());
        return sorted ? Sorting.stable(entries, (a, b) -> context.compare().ordered("<", a.key(), b.key())) : entries;
    }

    private static String key(Value key) {
        return switch (key) {
            case Value.Str s -> s.text();
            case Value.None ignored -> "null";
            case Value.Bool b -> b.value() ? "true" : "false";
            case Value.Int n -> Long.toString(n.value());
            case Value.Real r -> real(r.value());
            default -> throw Failure.type("keys must be str, int, float, bool or None, not " + Types.name(key));
        };
    }

    private static String real(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "Infinity" : "-Infinity";
        }
        return FloatText.repr(value);
    }

    private void newLine(Sink to, int level) {
        if (indent != null) {
            to.add("\n").repeat(indent, level);
        }
    }

    private void quote(String text) {
        sink.add('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> sink.add("\\\"");
                case '\\' -> sink.add("\\\\");
                case '\n' -> sink.add("\\n");
                case '\r' -> sink.add("\\r");
                case '\t' -> sink.add("\\t");
                case '\f' -> sink.add("\\f");
                case '\b' -> sink.add("\\b");
                default -> {
                    if (c < ' ' || (ascii && c > '~')) {
                        sink.add("\\u").add(HexFormat.of().toHexDigits(c, 4));
                    } else {
                        sink.add(c);
                    }
                }
            }
        }
        sink.add('"');
    }
}
