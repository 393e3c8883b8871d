package io.safeprobe.model.chat.jinja;

import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;

/** The functions every template can call. */
final class Globals {
    /** Jinja's sandbox has the same bound. */
    private static final long LONGEST_RANGE = 100_000;

    private Globals() {}

    static Scope scope() {
        Scope scope = new Scope(null);
        scope.set("self", Value.SELF);
        define(scope, "raise_exception", (context, arguments) -> {
            throw new Failure(Fault.RAISED, context.str(arguments.bind("raise_exception", "message").required("message")));
        });
        define(scope, "strftime_now", (context, arguments) -> {
            String format = arguments.bind("strftime_now", "format").text("format");
            return Value.of(Strftime.format(format, ZonedDateTime.now(context.clock()), context));
        });
        define(scope, "range", Globals::range);
        define(scope, "dict", Globals::dict);
        define(scope, "namespace", (context, arguments) -> {
            Namespace namespace = new Namespace();
            namespace.attributes().putAll(Calls.names(dict(context, arguments)));
            return namespace;
        });
        define(scope, "cycler", (context, arguments) -> new Cycler(arguments.positional()));
        define(scope, "joiner", Globals::joiner);
        return scope;
    }

    private static void define(Scope scope, String name, Function.Body body) {
        scope.set(name, new Function(name, body));
    }

    private static Value range(Context context, Arguments arguments) {
        List<Value> bounds = arguments.positional();
        if (bounds.isEmpty() || bounds.size() > 3 || !arguments.named().isEmpty()) {
            throw Failure.type(bounds.isEmpty()
                    ? "range expected at least 1 argument, got 0"
                    : "range expected at most 3 arguments, got " + bounds.size());
        }
        long start = bounds.size() == 1 ? 0 : Numbers.index(bounds.getFirst());
        long stop = Numbers.index(bounds.size() == 1 ? bounds.getFirst() : bounds.get(1));
        long step = bounds.size() == 3 ? Numbers.index(bounds.get(2)) : 1;
        if (step == 0) {
            throw Failure.value("range() arg 3 must not be zero");
        }
        Value.Range range = new Value.Range(start, stop, step);
        if (Long.compareUnsigned(range.length(), LONGEST_RANGE) > 0) {
            throw new Failure(Fault.OVERFLOW,
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + LONGEST_RANGE + ").");
        }
        return range;
    }

    private static Dict dict(Context context, Arguments arguments) {
        if (arguments.positional().size() > 1) {
            throw Failure.type("dict expected at most 1 argument, got " + arguments.positional().size());
        }
        Dict dict = new Dict();
        for (Value source : arguments.positional()) {
            if (source instanceof Dict other) {
                context.budget().steps(other.size());
                other.entries().forEach(e -> dict.put(e.key(), e.value()));
            } else if (source instanceof Value.Undefined u) {
                throw u.failure();
            } else {
                pairs(context, source, dict);
            }
        }
        arguments.named().forEach(dict::put);
        return dict;
    }

    private static void pairs(Context context, Value source, Dict dict) {
        int i = 0;
        for (Value item : Iteration.list(source, context.budget())) {
            if (Iteration.iteratorOrNull(item, context.budget()) == null) {
                throw Failure.type("cannot convert dictionary update sequence element #" + i + " to a sequence");
            }
            List<Value> pair = Iteration.list(item, context.budget());
            if (pair.size() != 2) {
                throw Failure.value(
                        "dictionary update sequence element #" + i + " has length " + pair.size() + "; 2 is required");
            }
            dict.put(pair.get(0), pair.get(1));
            i++;
        }
    }

    private static Value joiner(Context context, Arguments arguments) {
        Value separator = arguments.bind("joiner", "sep").or("sep", Value.of(", "));
        List<Value> queue = new ArrayList<>(List.of(Value.of("")));
        return new Function("joiner", (called, none) -> queue.isEmpty() ? separator : queue.removeFirst());
    }
}
