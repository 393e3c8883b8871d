package io.safeprobe.model.chat.jinja;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;

/** Equality, order and membership as Python has them. */
final class Comparison {
    private final Budget budget;

    Comparison(Budget budget) {
        this.budget = budget;
    }

    /** {@code a == b}. */
    boolean equal(Value a, Value b) {
        budget.step();
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return numbers("==", a, b);
        }
        return switch (a) {
            case Value.Str s -> b instanceof Value.Str t && equal(s.text(), t.text());
            case Value.None ignored -> b instanceof Value.None;
            case Value.Undefined ignored -> b instanceof Value.Undefined;
            case Value.ListValue l -> b instanceof Value.ListValue m && equal(l.items(), m.items());
            case Value.TupleValue t -> b instanceof Value.TupleValue u && equal(t.items(), u.items());
            case Dict d -> b instanceof Dict e && equal(d, e);
            case Value.Range r -> b instanceof Value.Range && HashKey.of(r).equals(HashKey.of(b));
            default -> same(a, b);
        };
    }

    /** Python's {@code is}, which it tries before it compares: a list that holds itself is equal to itself. */
    @SuppressWarnings("ReferenceEquality")
    static boolean same(Object a, Object b) {
        return a == b;
    }

    private boolean equal(String a, String b) {
        budget.characters(Math.min(a.length(), b.length()));
        return a.equals(b);
    }

    private boolean equal(List<Value> a, List<Value> b) {
        if (same(a, b)) {
            return true;
        }
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        for (int i = 0; i < a.size(); i++) {
            if (!same(a.get(i), b.get(i)) && !equal(a.get(i), b.get(i))) {
                budget.leave();
                return false;
            }
        }
        budget.leave();
        return true;
    }

    private boolean equal(Dict a, Dict b) {
        if (same(a, b)) {
            return true;
        }
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        for (Dict.Entry entry : a.entries()) {
            Value other = b.get(entry.key());
            if (other == null || !(same(entry.value(), other) || equal(entry.value(), other))) {
                budget.leave();
                return false;
            }
        }
        budget.leave();
        return true;
    }

    /** {@code a op b} for one of {@code < <= > >=}. */
    boolean ordered(String op, Value a, Value b) {
        budget.step();
        if (a instanceof Value.Undefined u) {
            throw u.failure();
        }
        if (b instanceof Value.Undefined u) {
            throw u.failure();
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return numbers(op, a, b);
        }
        if (a instanceof Value.Str s && b instanceof Value.Str t) {
            budget.characters(Math.min(s.text().length(), t.text().length()));
            return holds(op, PythonText.compare(s.text(), t.text()));
        }
        if (a instanceof Value.ListValue l && b instanceof Value.ListValue m) {
            return ordered(op, l.items(), m.items());
        }
        if (a instanceof Value.TupleValue t && b instanceof Value.TupleValue u) {
            return ordered(op, t.items(), u.items());
        }
        throw Failure.type(
                "'" + op + "' not supported between instances of '" + Types.name(a) + "' and '" + Types.name(b) + "'");
    }

    private boolean ordered(String op, List<Value> a, List<Value> b) {
        budget.enter();
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!equal(a.get(i), b.get(i))) {
                boolean result = ordered(op, a.get(i), b.get(i));
                budget.leave();
                return result;
            }
        }
        budget.leave();
        return holds(op, Integer.compare(a.size(), b.size()));
    }

    private static boolean numbers(String op, Value a, Value b) {
        if (a instanceof Value.Real || b instanceof Value.Real) {
            double x = Numbers.toDouble(a);
            double y = Numbers.toDouble(b);
            if (Double.isNaN(x) || Double.isNaN(y)) {
                return false;
            }
            if (x != y || Double.isInfinite(x)) {
                return holds(op, Double.compare(x, y));
            }
            // Equal as doubles: a long beyond 2^53 may still differ.
            return holds(op, exact(a).compareTo(exact(b)));
        }
        return holds(op, Long.compare(Numbers.index(a), Numbers.index(b)));
    }

    private static BigDecimal exact(Value number) {
        return number instanceof Value.Real r ? new BigDecimal(r.value()) : BigDecimal.valueOf(Numbers.index(number));
    }

    private static boolean holds(String op, int sign) {
        return switch (op) {
            case "==" -> sign == 0;
            case "<" -> sign < 0;
            case "<=" -> sign <= 0;
            case ">" -> sign > 0;
            case ">=" -> sign >= 0;
            default -> throw new IllegalArgumentException("no order is called " + op);
        };
    }

    /** {@code item in container}. */
    boolean contains(Value container, Value item) {
        budget.step();
        return switch (container) {
            case Value.Str s -> {
                if (!(item instanceof Value.Str t)) {
                    throw Failure.type("'in <string>' requires string as left operand, not " + Types.name(item));
                }
                budget.search(s.text().length(), t.text().length());
                yield s.text().contains(t.text());
            }
            case Dict d -> d.get(item) != null;
            case Value.Range r -> Numbers.isNumber(item) && inRange(r, item);
            case Value.Undefined ignored -> false;
            default -> {
                Iterator<Value> items = Iteration.iteratorOrNull(container, budget);
                if (items == null) {
                    throw Failure.type("argument of type '" + Types.name(container) + "' is not iterable");
                }
                boolean found = false;
                while (!found && items.hasNext()) {
                    found = equal(items.next(), item);
                }
                yield found;
            }
        };
    }

    private static boolean inRange(Value.Range range, Value number) {
        if (number instanceof Value.Real r && r.value() != Math.rint(r.value())) {
            return false;
        }
        long n = number instanceof Value.Real r ? (long) r.value() : Numbers.index(number);
        boolean within = range.step() > 0 ? n >= range.start() && n < range.stop() : n <= range.start() && n > range.stop();
        return within && Math.floorMod(n - range.start(), range.step()) == 0;
    }
}
