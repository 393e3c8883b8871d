package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Going through the items of a value. Every item taken is a step of the budget. */
final class Iteration {
    private Iteration() {}

    /** Refuses what Python cannot iterate. */
    static Iterator<Value> iterator(Value value, Budget budget) {
        Iterator<Value> items = iteratorOrNull(value, budget);
        if (items == null) {
            throw Failure.type("'" + Types.name(value) + "' object is not iterable");
        }
        return items;
    }

    /** Null for what Python cannot iterate. */
    static @Nullable Iterator<Value> iteratorOrNull(Value value, Budget budget) {
        return switch (value) {
            case Value.Str s -> counted(characters(s.text()), budget);
            case Value.Items s -> counted(s.items().iterator(), budget);
            case Value.View v -> counted(v.items().iterator(), budget);
            case Value.Stream s -> counted(s.items(), budget);
            case Dict d -> {
                budget.steps(d.size());
                yield d.keys().iterator();
            }
            case Value.Range r -> counted(numbers(r), budget);
            case Value.Undefined ignored -> List.<Value>of().iterator();
            case Value.None ignored -> null;
            case Value.Bool ignored -> null;
            case Value.Int ignored -> null;
            case Value.Real ignored -> null;
            case Value.TemplateReference ignored -> null;
            case Namespace ignored -> null;
            case Function ignored -> null;
            case Macro ignored -> null;
            case LoopContext ignored -> null;
            case Cycler ignored -> null;
        };
    }

    static List<Value> list(Value value, Budget budget) {
        List<Value> items = new ArrayList<>();
        iterator(value, budget).forEachRemaining(items::add);
        return items;
    }

    /** {@code len(value)}, or -1 where Python has none. */
    static long length(Value value, Budget budget) {
        return switch (value) {
            case Value.Str s -> {
                budget.characters(s.text().length());
                yield s.text().codePointCount(0, s.text().length());
            }
            case Value.Items s -> s.items().size();
            case Value.View v -> v.items().size();
            case Dict d -> d.size();
            case Value.Range r -> r.length();
            case Value.Undefined ignored -> 0;
            case LoopContext l -> l.length();
            default -> -1;
        };
    }

    /** {@code len(value)}. */
    static long requiredLength(Value value, Budget budget) {
        long length = length(value, budget);
        if (length < 0) {
            throw Failure.type("object of type '" + Types.name(value) + "' has no len()");
        }
        return length;
    }

    /** A generator: nothing happens, nothing fails, until its first item is asked for. */
    static Value.Stream lazily(Budget budget, Supplier<Iterator<Value>> source) {
        return new Value.Stream("generator", new Iterator<>() {
            private @Nullable Iterator<Value> items;

            @Override
            public boolean hasNext() {
                // A generator over a generator over a generator.. is a recursion like any other.
                budget.enter();
                if (items == null) {
                    items = source.get();
                }
                boolean more = items.hasNext();
                budget.leave();
                return more;
            }

            @Override
            public Value next() {
                if (!hasNext() || items == null) {
                    throw new NoSuchElementException("the generator is exhausted");
                }
                return items.next();
            }
        });
    }

    /** Looks for the next item that {@code keep} accepts only when it is asked for. */
    static Iterator<Value> filtered(Iterator<Value> items, Predicate<Value> keep) {
        return new Iterator<>() {
            private @Nullable Value found;

            @Override
            public boolean hasNext() {
                while (found == null && items.hasNext()) {
                    Value item = items.next();
                    found = keep.test(item) ? item : null;
                }
                return found != null;
            }

            @Override
            public Value next() {
                if (!hasNext() || found == null) {
                    throw new NoSuchElementException("no more items");
                }
                Value item = found;
                found = null;
                return item;
            }
        };
    }

    static Iterator<Value> mapped(Iterator<Value> items, UnaryOperator<Value> change) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Value next() {
                return change.apply(items.next());
            }
        };
    }

    private static Iterator<Value> counted(Iterator<Value> items, Budget budget) {
        return mapped(items, item -> {
            budget.step();
            return item;
        });
    }

    private static Iterator<Value> characters(String text) {
        PrimitiveIterator.OfInt codePoints = text.codePoints().iterator();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return codePoints.hasNext();
            }

            @Override
            public Value next() {
                return Value.of(Character.toString(codePoints.nextInt()));
            }
        };
    }

    private static Iterator<Value> numbers(Value.Range range) {
        return new Iterator<>() {
            private long position;

            @Override
            public boolean hasNext() {
                return position < range.length();
            }

            @Override
            public Value next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("the range is exhausted");
                }
                return Value.of(range.at(position++));
            }
        };
    }
}
