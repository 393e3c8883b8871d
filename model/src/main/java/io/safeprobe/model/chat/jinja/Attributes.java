package io.safeprobe.model.chat.jinja;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code value.name} and {@code value[key]}. Only what is listed here and in the method tables can be reached, so there is
 * nothing for a template to climb out by; names that Python would have and its sandbox refuses are refused by name.
 */
final class Attributes {
    /** Attributes every Python object has; the sandbox gives an undefined value that says so. */
    private static final Set<String> INTERNAL = Set.of("__class__", "__delattr__", "__dict__", "__dir__", "__doc__", "__eq__",
            "__format__", "__ge__", "__getattribute__", "__getitem__", "__getstate__", "__gt__", "__hash__", "__init__",
            "__init_subclass__", "__iter__", "__le__", "__len__", "__lt__", "__module__", "__ne__", "__new__", "__reduce__",
            "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__", "__call__", "__self__",
            "__globals__", "__code__", "__func__", "__name__", "__qualname__");

    private Attributes() {}

    /** {@code value.name}: an attribute first, then an item. */
    static Value attribute(Value value, String name, Context context) {
        if (value instanceof Value.Undefined u) {
            throw u.failure();
        }
        Value own = own(value, name, context);
        if (own != null) {
            return own;
        }
        Value item = value instanceof Dict dict ? dict.get(name) : null;
        return item != null ? item : missing(value, name);
    }

    /** {@code value[key]}: an item first, then an attribute. */
    static Value item(Value value, Value key, Context context) {
        if (value instanceof Value.Undefined u) {
            throw u.failure();
        }
        Value item = itemOrNull(value, key, context);
        if (item != null) {
            return item;
        }
        if (key instanceof Value.Str name) {
            Value own = own(value, name.text(), context);
            return own != null ? own : missing(value, name.text());
        }
        return Value.Undefined.of(Types.described(value) + " has no element " + context.printer().repr(key));
    }

    /** The filter {@code attr}: an attribute, never an item. */
    static Value attributeOnly(Value value, String name, Context context) {
        if (value instanceof Value.Undefined u) {
            throw u.failure();
        }
        Value own = own(value, name, context);
        return own != null ? own : missing(value, name);
    }

    private static Value.Undefined missing(Value value, String name) {
        Sink quoted = new Sink(new Budget(Limits.STANDARD));
        Printer.quote(Types.described(value), quoted).add(" has no attribute ");
        return Value.Undefined.of(Printer.quote(name, quoted).toString());
    }

    private static @Nullable Value itemOrNull(Value value, Value key, Context context) {
        if (value instanceof Dict dict) {
            return key instanceof Value.ListValue || key instanceof Dict || key instanceof Value.View ? null : dict.get(key);
        }
        if (!(key instanceof Value.Int || key instanceof Value.Bool)) {
            return null;
        }
        long index = Numbers.index(key);
        return switch (value) {
            case Value.Items s -> {
                long at = index < 0 ? index + s.items().size() : index;
                yield at < 0 || at >= s.items().size() ? null : s.items().get((int) at);
            }
            case Value.Range r -> {
                long at = index < 0 ? index + r.length() : index;
                yield at < 0 || at >= r.length() ? null : Value.of(r.at(at));
            }
            case Value.Str s -> character(s, index, context);
            default -> null;
        };
    }

    private static @Nullable Value character(Value.Str s, long index, Context context) {
        String text = s.text();
        context.budget().characters(text.length());
        int length = text.codePointCount(0, text.length());
        long at = index < 0 ? index + length : index;
        if (at < 0 || at >= length) {
            return null;
        }
        int start = text.offsetByCodePoints(0, (int) at);
        return new Value.Str(Character.toString(text.codePointAt(start)), s.safe());
    }

    private static @Nullable Value own(Value value, String name, Context context) {
        if (value instanceof Namespace n) {
            return n.attributes().get(name);
        }
        if (INTERNAL.contains(name) || ContainerMethods.changes(value, name)) {
            String quoted = context.printer().repr(Value.of(name));
            return new Value.Undefined(
                    Fault.SECURITY, "access to attribute " + quoted + " of '" + Types.name(value) + "' object is unsafe.");
        }
        return switch (value) {
            case Value.Str s when TextMethods.NAMES.contains(name) ->
                    new Function(name, (called, arguments) -> TextMethods.call(s, name, called, arguments));
            case Value.Items s -> ContainerMethods.ofItems(s, name);
            case Value.Range r -> ContainerMethods.ofRange(r, name);
            case Dict d -> ContainerMethods.ofDict(d, name);
            case LoopContext l -> l.attribute(name);
            case Cycler c -> switch (name) {
                case "current" -> c.current();
                case "next" -> new Function(name, (called, arguments) -> c.next());
                case "reset" -> new Function(name, (called, arguments) -> {
                    c.reset();
                    return Value.NONE;
                });
                default -> null;
            };
            case Macro m -> ofMacro(m.definition(), name);
            case Value.Real r when name.equals("is_integer") ->
                    new Function(name, (called, arguments) -> Value.of(r.value() == Math.rint(r.value())));
            default -> null;
        };
    }

    private static @Nullable Value ofMacro(Node.MacroDef macro, String name) {
        return switch (name) {
            case "name" -> Value.of(macro.name());
            case "arguments" -> Value.tuple(macro.parameters().stream().map(p -> Value.of(p.name())).toArray(Value[]::new));
            case "caller" -> Value.of(macro.uses().contains("caller"));
            case "catch_kwargs" -> Value.of(macro.uses().contains("kwargs"));
            case "catch_varargs" -> Value.of(macro.uses().contains("varargs"));
            default -> null;
        };
    }
}
