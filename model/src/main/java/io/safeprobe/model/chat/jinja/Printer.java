package io.safeprobe.model.chat.jinja;

import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Values as text: Python's {@code str} and {@code repr}. */
final class Printer {
    private final Budget budget;
    /** Those being written: a namespace can hold itself. */
    private final Set<Namespace> printing = new HashSet<>();

    Printer(Budget budget) {
        this.budget = budget;
    }

    String str(Value value) {
        return switch (value) {
            case Value.Str s -> s.text();
            case Value.Undefined ignored -> "";
            case Value.None ignored -> "None";
            case Value.Bool b -> b.value() ? "True" : "False";
            case Value.Int n -> Long.toString(n.value());
            case Value.Real r -> FloatText.repr(r.value());
            default -> repr(value);
        };
    }

    String repr(Value value) {
        Sink sink = new Sink(budget);
        write(value, sink);
        return sink.toString();
    }

    private void write(Value value, Sink sink) {
        budget.step();
        budget.enter();
        switch (value) {
            case Value.None ignored -> sink.add(str(value));
            case Value.Bool ignored -> sink.add(str(value));
            case Value.Int ignored -> sink.add(str(value));
            case Value.Real ignored -> sink.add(str(value));
            case Value.Str s when s.safe() -> quote(s.text(), sink.add("Markup(")).add(")");
            case Value.Str s -> quote(s.text(), sink);
            case Value.ListValue l -> sequence("[", l.items(), "]", sink);
            case Value.TupleValue t -> sequence("(", t.items(), t.items().size() == 1 ? ",)" : ")", sink);
            case Value.View v -> sequence(v.kind() + "([", v.items(), "])", sink);
            case Value.Range r -> sink.add("range(" + r.start() + ", " + r.stop() + (r.step() == 1 ? "" : ", " + r.step()) + ")");
            case Value.Undefined ignored -> sink.add("Undefined");
            case Dict d -> dict(d, sink);
            case Value.TemplateReference ignored -> sink.add("<TemplateReference None>");
            case Namespace n -> namespace(n, sink);
            case Value.Stream s -> sink.add("<" + s.kind() + " object>");
            case Function f -> sink.add("<built-in function " + f.name() + ">");
            case Macro m -> sink.add("<Macro '" + m.definition().name() + "'>");
            case LoopContext l -> sink.add("<LoopContext " + (l.index0() + 1) + "/" + l.length() + ">");
            case Cycler ignored -> sink.add("<Cycler object>");
        }
        budget.leave();
    }

    private void sequence(String open, List<Value> items, String close, Sink sink) {
        sink.add(open);
        String comma = "";
        for (Value item : items) {
            write(item, sink.add(comma));
            comma = ", ";
        }
        sink.add(close);
    }

    private void dict(Dict dict, Sink sink) {
        sink.add("{");
        String comma = "";
        for (Dict.Entry entry : dict.entries()) {
            write(entry.key(), sink.add(comma));
            write(entry.value(), sink.add(": "));
            comma = ", ";
        }
        sink.add("}");
    }

    private void namespace(Namespace namespace, Sink sink) {
        if (!printing.add(namespace)) {
            sink.add("<Namespace {...}>");
            return;
        }
        try {
            sink.add("<Namespace {");
            String comma = "";
            for (Map.Entry<String, Value> entry : namespace.attributes().entrySet()) {
                quote(entry.getKey(), sink.add(comma)).add(": ");
                write(entry.getValue(), sink);
                comma = ", ";
            }
            sink.add("}>");
        } finally {
            printing.remove(namespace);
        }
    }

    /** A text in quotes, single unless it holds only single ones, with what cannot be printed escaped. */
    static Sink quote(String text, Sink sink) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        sink.add(quote);
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            switch (c) {
                case '\n' -> sink.add("\\n");
                case '\r' -> sink.add("\\r");
                case '\t' -> sink.add("\\t");
                case '\\' -> sink.add("\\\\");
                default -> {
                    if (c == quote) {
                        sink.add('\\').add(quote);
                    } else if (PythonText.isPrintable(c)) {
                        sink.addCodePoint(c);
                    } else if (c < 0x100) {
                        sink.add("\\x").add(HexFormat.of().toHexDigits(c, 2));
                    } else {
                        sink.add(c < 0x10000 ? "\\u" : "\\U").add(HexFormat.of().toHexDigits(c, c < 0x10000 ? 4 : 8));
                    }
                }
            }
        }
        return sink.add(quote);
    }
}
