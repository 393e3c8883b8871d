package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Computes expressions. */
final class Evaluator {
    /** Runs a macro to its text; the interpreter does. */
    @FunctionalInterface
    interface Macros {
        String text(Macro macro, Arguments arguments);
    }

    private final Context context;
    private final Macros macros;
    private int line = 1;

    Evaluator(Context context, Macros macros) {
        this.context = context;
        this.macros = macros;
    }

    /** The line of the operation under way, for the message of a failure. */
    int line() {
        return line;
    }

    void at(int newLine) {
        line = newLine;
    }

    Value value(Expr expr, Scope scope) {
        context.budget().step();
        context.budget().enter();
        Value value = compute(expr, scope);
        context.budget().leave();
        return value;
    }

    boolean holds(Expr expr, Scope scope) {
        return Truth.of(value(expr, scope));
    }

    private Value compute(Expr expr, Scope scope) {
        return switch (expr) {
            case Expr.Const c -> c.value();
            case Expr.Name n -> {
                line = n.line();
                yield scope.get(n.name());
            }
            case Expr.ListOf l -> Value.list(values(l.items(), scope));
            case Expr.TupleOf t -> new Value.TupleValue(values(t.items(), scope));
            case Expr.DictOf d -> dict(d, scope);
            case Expr.GetAttribute g -> {
                Value value = value(g.value(), scope);
                line = g.line();
                yield Attributes.attribute(value, g.name(), context);
            }
            case Expr.GetItem g -> {
                Value value = value(g.value(), scope);
                Value key = value(g.key(), scope);
                line = g.line();
                yield Attributes.item(value, key, context);
            }
            case Expr.GetSlice g -> slice(g, scope);
            case Expr.Call c -> call(c, scope);
            case Expr.Filtered f -> filtered(value(f.value(), scope), f.filter(), scope);
            case Expr.Test t -> {
                Value value = value(t.value(), scope);
                Arguments arguments = arguments(t.args(), scope);
                line = t.line();
                if (!Tests.exists(t.name())) {
                    throw new Failure(Fault.RUNTIME, "No test named '" + t.name() + "' found.");
                }
                yield Value.of(Tests.apply(t.name(), context, value, arguments));
            }
            case Expr.Not n -> Value.of(!holds(n.value(), scope));
            case Expr.Negate n -> {
                Value value = value(n.value(), scope);
                line = n.line();
                yield Arithmetic.negate(value);
            }
            case Expr.Positive p -> {
                Value value = value(p.value(), scope);
                line = p.line();
                yield Arithmetic.positive(value);
            }
            case Expr.Binary b -> {
                Value left = value(b.left(), scope);
                Value right = value(b.right(), scope);
                line = b.line();
                yield Arithmetic.apply(b.op(), left, right, context);
            }
            case Expr.And a -> {
                Value left = value(a.left(), scope);
                yield Truth.of(left) ? value(a.right(), scope) : left;
            }
            case Expr.Or o -> {
                Value left = value(o.left(), scope);
                yield Truth.of(left) ? left : value(o.right(), scope);
            }
            case Expr.Compare c -> compare(c, scope);
            case Expr.Concat c -> {
                Sink sink = context.sink();
                values(c.parts(), scope).forEach(part -> sink.add(context.str(part)));
                yield Value.of(sink.toString());
            }
            case Expr.Conditional c -> conditional(c, scope);
        };
    }

    private List<Value> values(List<Expr> expressions, Scope scope) {
        List<Value> values = new ArrayList<>(expressions.size());
        for (Expr expression : expressions) {
            values.add(value(expression, scope));
        }
        return values;
    }

    private Value dict(Expr.DictOf literal, Scope scope) {
        Dict dict = new Dict();
        for (Expr.Pair pair : literal.pairs()) {
            Value key = value(pair.key(), scope);
            Value value = value(pair.value(), scope);
            line = literal.line();
            dict.put(key, value);
        }
        return dict;
    }

    private Value slice(Expr.GetSlice slice, Scope scope) {
        Value value = value(slice.value(), scope);
        Value start = bound(slice.start(), scope);
        Value stop = bound(slice.stop(), scope);
        Value step = bound(slice.step(), scope);
        line = slice.line();
        return Slicing.slice(value, start, stop, step, context);
    }

    /** A bound of a slice; one that is None is as good as none. */
    private @Nullable Value bound(@Nullable Expr expr, Scope scope) {
        Value value = expr == null ? null : value(expr, scope);
        return value instanceof Value.None ? null : value;
    }

    private Value compare(Expr.Compare compare, Scope scope) {
        Value left = value(compare.first(), scope);
        for (Expr.Comparand comparand : compare.rest()) {
            Value right = value(comparand.value(), scope);
            line = compare.line();
            boolean holds = switch (comparand.op()) {
                case "==" -> context.compare().equal(left, right);
                case "!=" -> !context.compare().equal(left, right);
                case "in" -> context.compare().contains(right, left);
                case "notin" -> !context.compare().contains(right, left);
                default -> context.compare().ordered(comparand.op(), left, right);
            };
            if (!holds) {
                return Value.FALSE;
            }
            left = right;
        }
        return Value.TRUE;
    }

    private Value conditional(Expr.Conditional conditional, Scope scope) {
        if (holds(conditional.test(), scope)) {
            return value(conditional.then(), scope);
        }
        return conditional.otherwise() != null
                ? value(conditional.otherwise(), scope)
                : Value.Undefined.of("the inline if-expression on line " + conditional.line()
                        + " evaluated to false and no else section was defined.");
    }

    Value filtered(Value value, Expr.FilterCall filter, Scope scope) {
        Arguments arguments = arguments(filter.args(), scope);
        line = filter.line();
        if (!Filters.exists(filter.name())) {
            throw Filters.missing(filter.name());
        }
        return Filters.apply(filter.name(), context, value, arguments);
    }

    private Value call(Expr.Call call, Scope scope) {
        Value callee = value(call.callee(), scope);
        Arguments arguments = arguments(call.args(), scope);
        line = call.line();
        return apply(callee, arguments);
    }

    Value apply(Value callee, Arguments arguments) {
        return switch (callee) {
            case Function function -> function.body().call(context, arguments);
            case Macro macro -> Value.of(macros.text(macro, arguments));
            case Value.Undefined undefined -> throw undefined.failure();
            case LoopContext ignored -> throw Failure.unsupported("recursive loops are not available in chat templates");
            default -> throw Failure.type("'" + Types.name(callee) + "' object is not callable");
        };
    }

    Arguments arguments(Expr.Args args, Scope scope) {
        if (Comparison.same(args, Expr.Args.NONE)) {
            return Arguments.NONE;
        }
        List<Value> positional = values(args.positional(), scope);
        Map<String, Value> named = new LinkedHashMap<>();
        for (Expr.Named argument : args.named()) {
            put(named, argument.name(), value(argument.value(), scope));
        }
        if (args.star() != null) {
            Iterator<Value> items = Iteration.iterator(value(args.star(), scope), context.budget());
            items.forEachRemaining(positional::add);
        }
        if (args.doubleStar() != null) {
            if (!(value(args.doubleStar(), scope) instanceof Dict dict)) {
                throw Failure.type("argument after ** must be a mapping");
            }
            Calls.names(dict).forEach((name, value) -> put(named, name, value));
        }
        return new Arguments(positional, named);
    }

    private static void put(Map<String, Value> named, String name, Value value) {
        if (named.putIfAbsent(name, value) != null) {
            throw Failure.type("got multiple values for keyword argument '" + name + "'");
        }
    }
}
