package io.safeprobe.model.chat.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;

/** Filters that make numbers. */
final class NumberFilters {
    static final Map<String, Filter> ALL = Map.of(
            "abs", NumberFilters::abs,
            "float", NumberFilters::toFloat,
            "int", NumberFilters::toInt,
            "round", NumberFilters::round);

    private NumberFilters() {}

    private static Value abs(Context context, Value value, Arguments arguments) {
        arguments.bind("abs");
        return switch (value) {
            case Value.Real r -> new Value.Real(Math.abs(r.value()));
            case Value.Int n -> n.value() < 0 ? Arithmetic.negate(n) : n;
            case Value.Bool b -> Value.of(b.value() ? 1 : 0);
            default -> throw Failure.type("bad operand type for abs(): '" + Types.name(value) + "'");
        };
    }

    private static Value toFloat(Context context, Value value, Arguments arguments) {
        Value otherwise = arguments.bind("float", "default").or("default", new Value.Real(0));
        countReading(context, value);
        try {
            return new Value.Real(Numbers.toFloat(value));
        } catch (Failure e) {
            return converted(e, otherwise);
        }
    }

    private static Value toInt(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("int", "default", "base");
        countReading(context, value);
        try {
            return Value.of(value instanceof Value.Str s
                    ? Numbers.parseInt(s.text(), bound.integer("base", 10))
                    : Numbers.toInt(value));
        } catch (Failure first) {
            converted(first, Value.NONE);
        }
        try {
            return Value.of(Numbers.truncate(Numbers.toFloat(value)));
        } catch (Failure second) {
            Value otherwise = bound.or("default", Value.of(0));
            return second.fault() == Fault.OVERFLOW ? otherwise : converted(second, otherwise);
        }
    }

    private static void countReading(Context context, Value value) {
        if (value instanceof Value.Str s) {
            context.budget().characters(s.text().length());
        }
    }

    /** What cannot be converted has the default by definition of these filters; other failures go on. */
    private static Value converted(Failure failure, Value otherwise) {
        if (failure.fault() != Fault.TYPE && failure.fault() != Fault.VALUE) {
            throw failure;
        }
        return otherwise;
    }

    private static Value round(Context context, Value value, Arguments arguments) {
        Bound bound = arguments.bind("round", "precision", "method");
        String method = bound.text("method", "common");
        long precision = bound.integer("precision", 0);
        if (!method.equals("common") && !method.equals("ceil") && !method.equals("floor")) {
            throw new Failure(Fault.FILTER_ARGUMENT, "method must be common, ceil or floor");
        }
        if (value instanceof Value.Undefined undefined && !method.equals("common")) {
            throw undefined.failure();
        }
        if (!Numbers.isNumber(value)) {
            throw Failure.type("type " + Types.name(value) + " doesn't define __round__ method");
        }
        if (method.equals("common")) {
            return value instanceof Value.Real r ? new Value.Real(rounded(r.value(), precision)) : whole(Numbers.index(value), precision);
        }
        Value scale = Arithmetic.apply("**", Value.of(10), Value.of(precision), context);
        double scaled = Numbers.toDouble(Arithmetic.apply("*", value, scale, context));
        double result = method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled);
        return Arithmetic.apply("/", Value.of(Numbers.truncate(result)), scale, context);
    }

    private static double rounded(double value, long precision) {
        if (Double.isNaN(value) || Double.isInfinite(value) || precision > 330) {
            return value;
        }
        if (precision < -330) {
            return Math.copySign(0.0, value);
        }
        double result = new BigDecimal(value).setScale((int) precision, RoundingMode.HALF_EVEN).doubleValue();
        return result == 0 ? Math.copySign(0.0, value) : result;
    }

    private static Value whole(long value, long precision) {
        if (precision >= 0) {
            return Value.of(value);
        }
        if (precision < -19) {
            return Value.of(0);
        }
        try {
            return Value.of(BigDecimal.valueOf(value).setScale((int) precision, RoundingMode.HALF_EVEN).longValueExact());
        } catch (ArithmeticException e) {
            throw Numbers.overflow();
        }
    }
}
