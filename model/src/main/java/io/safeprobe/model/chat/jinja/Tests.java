package io.safeprobe.model.chat.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/** All tests, by name: {@code value is name(arguments)}. */
final class Tests {
    @FunctionalInterface
    private interface Test {
        boolean holds(Context context, Value value, Arguments arguments);
    }

    private static final Map<String, Test> ALL = all();

    private Tests() {}

    private static Map<String, Test> all() {
        Map<String, Test> all = new HashMap<>();
        all.put("defined", plain("defined", v -> !(v instanceof Value.Undefined)));
        all.put("undefined", plain("undefined", v -> v instanceof Value.Undefined));
        all.put("none", plain("none", v -> v instanceof Value.None));
        all.put("boolean", plain("boolean", v -> v instanceof Value.Bool));
        all.put("true", plain("true", v -> v instanceof Value.Bool b && b.value()));
        all.put("false", plain("false", v -> v instanceof Value.Bool b && !b.value()));
        all.put("integer", plain("integer", v -> v instanceof Value.Int));
        all.put("float", plain("float", v -> v instanceof Value.Real));
        all.put("number", plain("number", Numbers::isNumber));
        all.put("string", plain("string", v -> v instanceof Value.Str));
        all.put("mapping", plain("mapping", v -> v instanceof Dict));
        all.put("sequence", plain("sequence", v -> v instanceof Value.Str || v instanceof Value.Items || v instanceof Dict
                || v instanceof Value.Range || v instanceof Value.Undefined));
        all.put("escaped", plain("escaped", v -> v instanceof Value.Str s && s.safe()));
        all.put("callable", plain("callable", v ->
                v instanceof Function || v instanceof Macro || v instanceof Value.Undefined || v instanceof LoopContext));
        all.put("iterable", (context, value, arguments) -> {
            arguments.bind("iterable");
            return Iteration.iteratorOrNull(value, context.budget()) != null;
        });
        all.put("odd", (context, value, arguments) -> remainderIs(context, value, Value.of(2), 1));
        all.put("even", (context, value, arguments) -> remainderIs(context, value, Value.of(2), 0));
        all.put("divisibleby", (context, value, arguments) ->
                remainderIs(context, value, arguments.bind("divisibleby", "num").required("num"), 0));
        all.put("lower", (context, value, arguments) -> textual(context, value, "islower"));
        all.put("upper", (context, value, arguments) -> textual(context, value, "isupper"));
        all.put("filter", plain("filter", v -> v instanceof Value.Str s && Filters.exists(s.text())));
        all.put("test", plain("test", v -> v instanceof Value.Str s && exists(s.text())));
        all.put("sameas", (context, value, arguments) -> same(value, other("sameas", arguments)));
        all.put("in", (context, value, arguments) ->
                context.compare().contains(arguments.bind("in", "seq").required("seq"), value));
        for (String name : new String[] {"eq", "==", "equalto"}) {
            all.put(name, (context, value, arguments) -> context.compare().equal(value, other(name, arguments)));
        }
        for (String name : new String[] {"ne", "!="}) {
            all.put(name, (context, value, arguments) -> !context.compare().equal(value, other(name, arguments)));
        }
        Map.of("lt", "<", "<", "<", "lessthan", "<", "le", "<=", "<=", "<=", "gt", ">", ">", ">", "greaterthan", ">", "ge", ">=",
                ">=", ">=").forEach((name, op) ->
                        all.put(name, (context, value, arguments) -> context.compare().ordered(op, value, other(name, arguments))));
        return Map.copyOf(all);
    }

    private static Test plain(String name, Predicate<Value> test) {
        return (context, value, arguments) -> {
            arguments.bind(name);
            return test.test(value);
        };
    }

    private static Value other(String name, Arguments arguments) {
        return arguments.bind(name, "other").required("other");
    }

    private static boolean remainderIs(Context context, Value value, Value divisor, long wanted) {
        return context.compare().equal(Arithmetic.apply("%", value, divisor, context), Value.of(wanted));
    }

    private static boolean textual(Context context, Value value, String method) {
        return Truth.of(TextMethods.call(Value.of(context.str(value)), method, context, Arguments.NONE));
    }

    /** Python's {@code is}: values that Python keeps once are compared by value, all others by identity. */
    private static boolean same(Value a, Value b) {
        return switch (a) {
            case Value.None ignored -> b instanceof Value.None;
            case Value.Bool x -> b instanceof Value.Bool y && x.value() == y.value();
            case Value.Int x -> b instanceof Value.Int y && x.value() == y.value();
            case Value.Str x -> b instanceof Value.Str y && x.text().equals(y.text());
            default -> Comparison.same(a, b);
        };
    }

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static Failure unknown(String name) {
        return new Failure(Fault.ASSERTION, "No test named '" + name + "'.");
    }

    static boolean apply(String name, Context context, Value value, Arguments arguments) {
        Test test = ALL.get(name);
        if (test == null) {
            throw new Failure(Fault.RUNTIME, unknown(name).reason());
        }
        return test.holds(context, value, arguments);
    }
}
