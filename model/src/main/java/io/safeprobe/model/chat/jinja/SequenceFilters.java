package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Filters that count, order and regroup items. */
final class SequenceFilters {
    static final Map<String, Filter> ALL = Map.ofEntries(
            Map.entry("batch", SequenceFilters::batch),
            Map.entry("count", SequenceFilters::length),
            Map.entry("dictsort", SequenceFilters::dictSort),
            Map.entry("first", SequenceFilters::first),
            Map.entry("groupby", SequenceFilters::groupBy),
            Map.entry("items", SequenceFilters::items),
            Map.entry("last", SequenceFilters::last),
            Map.entry("length", SequenceFilters::length),
            Map.entry("list", (context, value, arguments) -> Value.list(Iteration.list(value, context.budget()))),
            Map.entry("max", (context, value, arguments) -> extreme(context, value, arguments, ">")),
            Map.entry("min", (context, value, arguments) -> extreme(context, value, arguments, "<")),
            Map.entry("reverse", SequenceFilters::reverse),
            Map.entry("slice", SequenceFilters::slice),
            Map.entry("sort", SequenceFilters::sort),
            Map.entry("sum", SequenceFilters::sum),
            Map.entry("unique", SequenceFilters::unique));

    private SequenceFilters() {}

    private static Value length(Context context, Value value, Arguments arguments) {
        arguments.bind("length");
        return Value.of(Iteration.requiredLength(value, context.budget()));
    }

    private static Value first(Context context, Value value, Arguments arguments) {
        arguments.bind("first");
        Iterator<Value> items = Iteration.iterator(value, context.budget());
        return items.hasNext() ? items.next() : Value.Undefined.of("No first item, sequence was empty.");
    }

    private static Value last(Context context, Value value, Arguments arguments) {
        arguments.bind("last");
        String name = reversedName(value);
        if (name == null) {
            throw Failure.type("'" + Types.name(value) + "' object is not reversible");
        }
        List<Value> items = value instanceof Value.Items s ? s.items() : Iteration.list(value, context.budget());
        return items.isEmpty() ? Value.Undefined.of("No last item, sequence was empty.") : items.getLast();
    }

    /** The name of Python's reverse iterator over the value, or null where it has none. */
    private static @Nullable String reversedName(Value value) {
        return switch (value) {
            case Value.ListValue ignored -> "list_reverseiterator";
            case Value.TupleValue ignored -> "reversed";
            case Value.Str ignored -> "reversed";
            case Value.Undefined ignored -> "reversed";
            case Value.Range ignored -> "range_iterator";
            case Value.View ignored -> "dict_reverseiterator";
            case Dict ignored -> "dict_reversekeyiterator";
            default -> null;
        };
    }

    private static Value reverse(Context context, Value value, Arguments arguments) {
        arguments.bind("reverse");
        if (value instanceof Value.Str s) {
            context.budget().characters(s.text().length());
            StringBuilder reversed = new StringBuilder(s.text().length());
            int[] codePoints = s.text().codePoints().toArray();
            for (int i = codePoints.length - 1; i >= 0; i--) {
                reversed.appendCodePoint(codePoints[i]);
            }
            return new Value.Str(reversed.toString(), s.safe());
        }
        if (Iteration.iteratorOrNull(value, context.budget()) == null) {
            throw new Failure(Fault.FILTER_ARGUMENT, "argument must be iterable");
        }
        List<Value> items = Iteration.list(value, context.budget());
        String name = reversedName(value);
        Collections.reverse(items);
        return name == null ? Value.list(items) : new Value.Stream(name, items.iterator());
    }

    private static Value items(Context context, Value value, Arguments arguments) {
        arguments.bind("items");
        return Iteration.lazily(context.budget(), () -> switch (value) {
            case Value.Undefined ignored -> List.<Value>of().iterator();
            case Dict d -> Iteration.iterator(Value.list(d.pairs()), context.budget());
            default -> throw Failure.type("Can only get item pairs from a mapping.");
        });
    }

    /** Lower case for texts unless the case counts, as Jinja compares. */
    private static UnaryOperator<Value> folding(boolean caseCounts) {
        return caseCounts
                ? value -> value
                : value -> value instanceof Value.Str s ? new Value.Str(PythonText.lower(s.text()), s.safe()) : value;
    }

    private static BiPredicate<Value, Value> less(Context context, boolean reverse) {
        // A reversed sort keeps the order of equals, as Python's does.
        return reverse ? (a, b) -> context.compare().ordered("<", b, a) : (a, b) -> context.compare().ordered("<", a, b);
    }

    private record Keyed(Value key, Value value) {}

    private static List<Value> sorted(List<Value> values, UnaryOperator<Value> key, BiPredicate<Value, Value> less) {
        List<Keyed> keyed = values.stream().map(v -> new Keyed(key.apply(v), v)).toList();
        List<Value> sorted = new ArrayList<>(values.size());
        Sorting.stable(keyed, (a, b) -> less.test(a.key(), b.key())).forEach(k -> sorted.add(k.value()));
        return sorted;
    }

    private static Value sort(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
        UnaryOperator<Value> fold = folding(bound.flag("case_sensitive", false));
        Value attribute = bound.unlessNone("attribute");
        List<AttributePath> paths = new ArrayList<>();
        if (attribute instanceof Value.Str names) {
            PythonText.split(names.text(), ",", -1).forEach(name -> paths.add(AttributePath.of(Value.of(name))));
        } else if (attribute != null) {
            paths.add(AttributePath.of(attribute));
        } else {
            paths.add(new AttributePath(List.of()));
        }
        UnaryOperator<Value> key = item -> Value.list(paths.stream().map(p -> fold.apply(p.get(item, context))).toList());
        return Value.list(
                sorted(Iteration.list(value, context.budget()), key, less(context, bound.flag("reverse", false))));
    }

    private static Value dictSort(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("dictsort", "case_sensitive", "by", "reverse");
        String by = bound.text("by", "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new Failure(Fault.FILTER_ARGUMENT, "You can only sort by either \"key\" or \"value\"");
        }
        if (!(value instanceof Dict dict)) {
            throw value instanceof Value.Undefined u ? u.failure()
                    : new Failure(Fault.ATTRIBUTE, "'" + Types.name(value) + "' object has no attribute 'items'");
        }
        UnaryOperator<Value> fold = folding(bound.flag("case_sensitive", false));
        int position = by.equals("key") ? 0 : 1;
        return Value.list(sorted(dict.pairs(), pair -> fold.apply(((Value.TupleValue) pair).items().get(position)),
                less(context, bound.flag("reverse", false))));
    }

    private static UnaryOperator<Value> getter(Context context, Bound bound, @Nullable Value otherwise) {
        Value attribute = bound.unlessNone("attribute");
        if (attribute == null) {
            return value -> value;
        }
        AttributePath path = AttributePath.of(attribute);
        return value -> path.get(value, context, otherwise);
    }

    private static Value unique(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("unique", "case_sensitive", "attribute");
        UnaryOperator<Value> fold = folding(bound.flag("case_sensitive", false));
        UnaryOperator<Value> get = getter(context, bound, null);
        Set<Object> seen = new HashSet<>();
        return Iteration.lazily(context.budget(), () -> Iteration.filtered(Iteration.iterator(value, context.budget()),
                item -> seen.add(HashKey.of(fold.apply(get.apply(item))))));
    }

    private static Value extreme(Context context, Value value, Arguments arguments, String op) {
        Bound bound = arguments.bind(op.equals("<") ? "min" : "max", "case_sensitive", "attribute");
        UnaryOperator<Value> fold = folding(bound.flag("case_sensitive", false));
        UnaryOperator<Value> get = getter(context, bound, null);
        Iterator<Value> items = Iteration.iterator(value, context.budget());
        if (!items.hasNext()) {
            return Value.Undefined.of("No aggregated item, sequence was empty.");
        }
        Value best = items.next();
        Value bestKey = fold.apply(get.apply(best));
        while (items.hasNext()) {
            Value item = items.next();
            Value key = fold.apply(get.apply(item));
            if (context.compare().ordered(op, key, bestKey)) {
                best = item;
                bestKey = key;
            }
        }
        return best;
    }

    private static Value sum(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("sum", "attribute", "start");
        UnaryOperator<Value> get = getter(context, bound, null);
        Value total = bound.or("start", Value.of(0));
        if (total instanceof Value.Str) {
            throw Failure.type("sum() can't sum strings [use ''.join(seq) instead]");
        }
        Iterator<Value> items = Iteration.iterator(value, context.budget());
        while (items.hasNext()) {
            total = Arithmetic.apply("+", total, get.apply(items.next()), context);
        }
        return total;
    }

    private static Value batch(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("batch", "linecount", "fill_with");
        long size = Numbers.index(bound.required("linecount"));
        Value fill = bound.unlessNone("fill_with");
        List<Value> batches = new ArrayList<>();
        List<Value> batch = new ArrayList<>();
        for (Value item : Iteration.list(value, context.budget())) {
            if (batch.size() == size) {
                batches.add(Value.list(batch));
                batch = new ArrayList<>();
            }
            batch.add(item);
        }
        if (!batch.isEmpty()) {
            fill(batch, size, fill, context);
            batches.add(Value.list(batch));
        }
        return new Value.Stream("generator", batches.iterator());
    }

    private static void fill(List<Value> batch, long size, @Nullable Value fill, Context context) {
        if (fill != null) {
            context.budget().steps(size - batch.size());
            while (batch.size() < size) {
                batch.add(fill);
            }
        }
    }

    private static Value slice(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("slice", "slices", "fill_with");
        long slices = Numbers.index(bound.required("slices"));
        if (slices == 0) {
            throw new Failure(Fault.ZERO_DIVISION, "integer division or modulo by zero");
        }
        Value fill = bound.unlessNone("fill_with");
        List<Value> items = Iteration.list(value, context.budget());
        context.budget().steps(Math.max(0, slices));
        List<Value> parts = new ArrayList<>();
        int start = 0;
        for (long i = 0; i < slices; i++) {
            boolean longer = i < items.size() % slices;
            int end = start + (int) (items.size() / slices) + (longer ? 1 : 0);
            List<Value> part = new ArrayList<>(items.subList(start, end));
            if (fill != null && !longer) {
                part.add(fill);
            }
            parts.add(Value.list(part));
            start = end;
        }
        return new Value.Stream("generator", parts.iterator());
    }

    private static Value groupBy(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("groupby", "attribute", "default", "case_sensitive");
        bound.required("attribute");
        UnaryOperator<Value> fold = folding(bound.flag("case_sensitive", false));
        UnaryOperator<Value> get = getter(context, bound, bound.unlessNone("default"));
        UnaryOperator<Value> key = item -> fold.apply(get.apply(item));
        List<Value> groups = new ArrayList<>();
        List<Value> group = new ArrayList<>();
        for (Value item : sorted(Iteration.list(value, context.budget()), key, less(context, false))) {
            if (!group.isEmpty() && !context.compare().equal(key.apply(group.getFirst()), key.apply(item))) {
                groups.add(Value.tuple(get.apply(group.getFirst()), Value.list(group)));
                group = new ArrayList<>();
            }
            group.add(item);
        }
        if (!group.isEmpty()) {
            groups.add(Value.tuple(get.apply(group.getFirst()), Value.list(group)));
        }
        return Value.list(groups);
    }
}
