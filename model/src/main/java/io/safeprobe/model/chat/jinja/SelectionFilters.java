package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Filters that take a filter or test by name: {@code map}, {@code select} and their kin. As generators they do nothing until asked. */
final class SelectionFilters {
    static final Map<String, Filter> ALL = Map.of(
            "map", SelectionFilters::map,
            "select", (context, value, arguments) -> select(context, value, arguments, true, false),
            "reject", (context, value, arguments) -> select(context, value, arguments, false, false),
            "selectattr", (context, value, arguments) -> select(context, value, arguments, true, true),
            "rejectattr", (context, value, arguments) -> select(context, value, arguments, false, true));

    private SelectionFilters() {}

    private static Value map(Context context, Value value, Arguments arguments) {
        return generator(context, value, () -> {
            UnaryOperator<Value> change = change(context, arguments);
            return Iteration.mapped(Iteration.iterator(value, context.budget()), change::apply);
        });
    }

    private static UnaryOperator<Value> change(Context context, Arguments arguments) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Bound bound = arguments.bind("map", "attribute", "default");
            AttributePath path = AttributePath.of(bound.required("attribute"));
            Value otherwise = bound.unlessNone("default");
            return item -> path.get(item, context, otherwise);
        }
        if (arguments.positional().isEmpty()) {
            throw new Failure(Fault.FILTER_ARGUMENT, "map requires a filter argument");
        }
        String name = context.str(arguments.positional().getFirst());
        Arguments rest = arguments.from(1);
        return item -> Filters.apply(name, context, item, rest);
    }

    private static Value select(Context context, Value value, Arguments arguments, boolean wanted, boolean byAttribute) {
        return generator(context, value, () -> {
            Predicate<Value> test = test(context, arguments, byAttribute);
            return Iteration.filtered(Iteration.iterator(value, context.budget()), item -> test.test(item) == wanted);
        });
    }

    private static Predicate<Value> test(Context context, Arguments arguments, boolean byAttribute) {
        UnaryOperator<Value> get = item -> item;
        List<Value> rest = new ArrayList<>(arguments.positional());
        if (byAttribute) {
            if (rest.isEmpty()) {
                throw new Failure(Fault.FILTER_ARGUMENT, "Missing parameter for attribute name");
            }
            AttributePath path = AttributePath.of(rest.removeFirst());
            get = item -> path.get(item, context);
        }
        UnaryOperator<Value> subject = get;
        if (rest.isEmpty()) {
            return item -> Truth.of(subject.apply(item));
        }
        String name = context.str(rest.removeFirst());
        Arguments others = new Arguments(rest, arguments.named());
        return item -> Tests.apply(name, context, subject.apply(item), others);
    }

    /** Empty for everything that counts as false, None and undefined values among them, as in Jinja. */
    private static Value generator(Context context, Value value, Supplier<Iterator<Value>> source) {
        return Iteration.lazily(context.budget(), () -> Truth.of(value) ? source.get() : List.<Value>of().iterator());
    }
}
