package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.List;

/** The operators of numbers, texts and lists. */
final class Arithmetic {
    private Arithmetic() {}

    /** {@code a op b} for one of {@code + - * / // % **}. */
    static Value apply(String op, Value a, Value b, Context context) {
        if (a instanceof Value.Undefined u) {
            throw u.failure();
        }
        if (op.equals("%") && a instanceof Value.Str s) {
            return PercentFormat.apply(s, b, context);
        }
        if (b instanceof Value.Undefined u) {
            throw u.failure();
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return a instanceof Value.Real || b instanceof Value.Real
                    ? real(op, Numbers.toDouble(a), Numbers.toDouble(b))
                    : whole(op, Numbers.index(a), Numbers.index(b));
        }
        return switch (op) {
            case "+" -> concatenate(a, b, context);
            case "*" -> repeat(a, b, context);
            default -> throw unsupported(op, a, b);
        };
    }

    static Value negate(Value value) {
        return switch (value) {
            case Value.Real r -> new Value.Real(-r.value());
            case Value.Undefined u -> throw u.failure();
            default -> {
                if (!Numbers.isNumber(value)) {
                    throw Failure.type("bad operand type for unary -: '" + Types.name(value) + "'");
                }
                yield whole("-", 0, Numbers.index(value));
            }
        };
    }

    static Value positive(Value value) {
        return switch (value) {
            case Value.Real r -> r;
            case Value.Undefined u -> throw u.failure();
            default -> {
                if (!Numbers.isNumber(value)) {
                    throw Failure.type("bad operand type for unary +: '" + Types.name(value) + "'");
                }
                yield Value.of(Numbers.index(value));
            }
        };
    }

    private static Value whole(String op, long a, long b) {
        try {
            return switch (op) {
                case "+" -> Value.of(Math.addExact(a, b));
                case "-" -> Value.of(Math.subtractExact(a, b));
                case "*" -> Value.of(Math.multiplyExact(a, b));
                case "//" -> Value.of(floorDivide(a, b));
                case "%" -> {
                    if (b == 0) {
                        throw new Failure(Fault.ZERO_DIVISION, "integer modulo by zero");
                    }
                    yield Value.of(Math.floorMod(a, b));
                }
                case "/" -> {
                    if (b == 0) {
                        throw new Failure(Fault.ZERO_DIVISION, "division by zero");
                    }
                    yield new Value.Real((double) a / (double) b);
                }
                default -> power(a, b);
            };
        } catch (ArithmeticException e) {
            throw Numbers.overflow();
        }
    }

    private static long floorDivide(long a, long b) {
        if (b == 0) {
            throw new Failure(Fault.ZERO_DIVISION, "integer division or modulo by zero");
        }
        return Math.floorDivExact(a, b);
    }

    private static Value power(long base, long exponent) {
        if (exponent < 0) {
            return real("**", (double) base, (double) exponent);
        }
        if (base == 0 || base == 1 || base == -1) {
            return Value.of(exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base);
        }
        // Any other base leaves 64 bits after at most 63 factors.
        long result = 1;
        for (long i = 0; i < exponent; i++) {
            result = Math.multiplyExact(result, base);
        }
        return Value.of(result);
    }

    private static Value real(String op, double a, double b) {
        return new Value.Real(switch (op) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> {
                if (b == 0) {
                    throw new Failure(Fault.ZERO_DIVISION, "float division by zero");
                }
                yield a / b;
            }
            case "//" -> {
                if (b == 0) {
                    throw new Failure(Fault.ZERO_DIVISION, "float floor division by zero");
                }
                yield quotient(a, b);
            }
            case "%" -> {
                if (b == 0) {
                    throw new Failure(Fault.ZERO_DIVISION, "float modulo");
                }
                yield remainder(a, b);
            }
            default -> realPower(a, b);
        });
    }

    /** The remainder with the sign of the divisor. */
    private static double remainder(double a, double b) {
        double rest = a % b;
        if (rest == 0) {
            return Math.copySign(0.0, b);
        }
        return rest < 0 == b < 0 ? rest : rest + b;
    }

    private static double quotient(double a, double b) {
        double whole = (a - remainder(a, b)) / b;
        if (whole == 0) {
            return Math.copySign(0.0, a / b);
        }
        double floor = Math.floor(whole);
        return whole - floor > 0.5 ? floor + 1 : floor;
    }

    private static double realPower(double a, double b) {
        if (a == 0 && b < 0) {
            throw new Failure(Fault.ZERO_DIVISION, "0.0 cannot be raised to a negative power");
        }
        double result = Math.pow(a, b);
        if (Double.isInfinite(result) && !Double.isInfinite(a) && !Double.isInfinite(b)) {
            throw new Failure(Fault.OVERFLOW, "(34, 'Numerical result out of range')");
        }
        if (Double.isNaN(result) && !Double.isNaN(a) && !Double.isNaN(b)) {
            throw Failure.unsupported("a root of a negative number is complex, which templates here do not have");
        }
        return result;
    }

    private static Value concatenate(Value a, Value b, Context context) {
        return switch (a) {
            case Value.Str s -> {
                if (!(b instanceof Value.Str t)) {
                    throw Failure.type("can only concatenate str (not \"" + Types.name(b) + "\") to str");
                }
                boolean safe = s.safe() || t.safe();
                yield new Value.Str(
                        context.sink().add(Escaping.within(safe, s)).add(Escaping.within(safe, t)).toString(), safe);
            }
            case Value.Items s -> {
                if (!(b instanceof Value.Items t) || !Types.name(a).equals(Types.name(b))) {
                    throw Failure.type(
                            "can only concatenate " + Types.name(a) + " (not \"" + Types.name(b) + "\") to " + Types.name(a));
                }
                context.budget().steps((long) s.items().size() + t.items().size());
                List<Value> items = new ArrayList<>(s.items());
                items.addAll(t.items());
                yield s.with(items);
            }
            default -> throw unsupported("+", a, b);
        };
    }

    private static Value repeat(Value a, Value b, Context context) {
        boolean first = a instanceof Value.Str || a instanceof Value.Items;
        Value sequence = first ? a : b;
        Value count = first ? b : a;
        if (!(sequence instanceof Value.Str || sequence instanceof Value.Items)) {
            throw unsupported("*", a, b);
        }
        if (!(count instanceof Value.Int || count instanceof Value.Bool)) {
            throw Failure.type("can't multiply sequence by non-int of type '" + Types.name(count) + "'");
        }
        long times = Math.max(0, Numbers.index(count));
        if (sequence instanceof Value.Str s) {
            return new Value.Str(context.sink().repeat(s.text(), times).toString(), s.safe());
        }
        Value.Items s = (Value.Items) sequence;
        if (s.items().isEmpty() || times == 0) {
            return s.with(List.of());
        }
        context.budget().steps(times > Integer.MAX_VALUE ? Long.MAX_VALUE / 2 : times * s.items().size());
        List<Value> items = new ArrayList<>();
        for (long i = 0; i < times; i++) {
            items.addAll(s.items());
        }
        return s.with(items);
    }

    private static Failure unsupported(String op, Value a, Value b) {
        return Failure.type("unsupported operand type(s) for " + (op.equals("**") ? "** or pow()" : op) + ": '" + Types.name(a)
                + "' and '" + Types.name(b) + "'");
    }
}
