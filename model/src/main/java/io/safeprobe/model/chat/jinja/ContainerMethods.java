package io.safeprobe.model.chat.jinja;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The methods of lists, tuples, ranges and dicts that change nothing, and the names of those that would. */
final class ContainerMethods {
    private static final Set<String> CHANGE_LIST =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> CHANGE_DICT = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private ContainerMethods() {}

    /** True for a method that the immutable sandbox refuses. */
    static boolean changes(Value value, String name) {
        return (value instanceof Value.ListValue && CHANGE_LIST.contains(name))
                || (value instanceof Dict && CHANGE_DICT.contains(name));
    }

    static @Nullable Value ofItems(Value.Items self, String name) {
        return switch (name) {
            case "count" -> new Function(name, (context, arguments) -> {
                Value wanted = arguments.bind(name, "value").required("value");
                long count = 0;
                for (Value item : self.items()) {
                    count += context.compare().equal(item, wanted) ? 1 : 0;
                }
                return Value.of(count);
            });
            case "index" -> new Function(name, (context, arguments) -> index(self, context, arguments));
            case "copy" -> self instanceof Value.ListValue ? new Function(name, (context, arguments) -> {
                arguments.bind(name);
                return self;
            }) : null;
            default -> null;
        };
    }

    private static Value index(Value.Items self, Context context, Arguments arguments) {
        Bound bound = arguments.bind("index", "value", "start", "stop");
        Value wanted = bound.required("value");
        List<Value> items = self.items();
        long start = bound.integer("start", 0);
        long stop = bound.integer("stop", items.size());
        long from = Math.max(0, start < 0 ? start + items.size() : start);
        long to = Math.min(items.size(), stop < 0 ? stop + items.size() : stop);
        for (long i = from; i < to; i++) {
            if (context.compare().equal(items.get((int) i), wanted)) {
                return Value.of(i);
            }
        }
        throw Failure.value(self instanceof Value.ListValue
                ? context.printer().repr(wanted) + " is not in list"
                : "tuple.index(x): x not in tuple");
    }

    static @Nullable Value ofRange(Value.Range self, String name) {
        return switch (name) {
            case "start" -> Value.of(self.start());
            case "stop" -> Value.of(self.stop());
            case "step" -> Value.of(self.step());
            case "count" -> new Function(name, (context, arguments) ->
                    Value.of(context.compare().contains(self, arguments.bind(name, "value").required("value")) ? 1 : 0));
            case "index" -> new Function(name, (context, arguments) -> {
                Value wanted = arguments.bind(name, "value").required("value");
                if (!context.compare().contains(self, wanted)) {
                    throw Failure.value(context.printer().repr(wanted) + " is not in range");
                }
                return Value.of((Numbers.toInt(wanted) - self.start()) / self.step());
            });
            default -> null;
        };
    }

    static @Nullable Value ofDict(Dict self, String name) {
        return switch (name) {
            case "get" -> new Function(name, (context, arguments) -> {
                Bound bound = arguments.positional("dict", name, "key", "default");
                Value value = self.get(bound.required("key"));
                return value == null ? bound.or("default", Value.NONE) : value;
            });
            case "items" -> view(name, context -> self.pairs(), self);
            case "keys" -> view(name, context -> self.keys(), self);
            case "values" -> view(name, context -> self.values(), self);
            case "copy" -> new Function(name, (context, arguments) -> {
                arguments.bind(name);
                return self;
            });
            default -> null;
        };
    }

    private static Function view(String name, java.util.function.Function<Context, List<Value>> items, Dict self) {
        return new Function(name, (context, arguments) -> {
            arguments.bind(name);
            context.budget().steps(self.size());
            return new Value.View("dict_" + name, items.apply(context));
        });
    }
}
