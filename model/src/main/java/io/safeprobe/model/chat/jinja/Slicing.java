package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code value[start:stop:step]}. */
final class Slicing {
    private Slicing() {}

    static Value slice(Value value, @Nullable Value start, @Nullable Value stop, @Nullable Value step, Context context) {
        return switch (value) {
            case Value.Undefined u -> throw u.failure();
            case Value.Str s -> new Value.Str(text(s.text(), start, stop, step, context), s.safe());
            case Value.Items s -> {
                Value.Range range = range(s.items().size(), start, stop, step);
                if (range.step() == 1) {
                    yield s.with(s.items().subList((int) range.start(), (int) Math.max(range.start(), range.stop())));
                }
                context.budget().steps(range.length());
                List<Value> items = new ArrayList<>();
                for (long i = 0; i < range.length(); i++) {
                    items.add(s.items().get((int) range.at(i)));
                }
                yield s.with(items);
            }
            case Value.Range r -> {
                Value.Range range = range(r.length(), start, stop, step);
                yield within(r, range);
            }
            case Dict ignored -> throw Failure.type("unhashable type: 'slice'");
            default -> throw Failure.type("'" + Types.name(value) + "' object is not subscriptable");
        };
    }

    private static Value within(Value.Range whole, Value.Range part) {
        try {
            return new Value.Range(Math.addExact(whole.start(), Math.multiplyExact(part.start(), whole.step())),
                    Math.addExact(whole.start(), Math.multiplyExact(part.stop(), whole.step())),
                    Math.multiplyExact(whole.step(), part.step()));
        } catch (ArithmeticException e) {
            throw Numbers.overflow();
        }
    }

    private static String text(String text, @Nullable Value start, @Nullable Value stop, @Nullable Value step, Context context) {
        context.budget().characters(text.length());
        int length = text.codePointCount(0, text.length());
        Value.Range range = range(length, start, stop, step);
        if (range.step() == 1) {
            int from = (int) range.start();
            int to = (int) Math.max(range.start(), range.stop());
            if (length == text.length()) {
                return text.substring(from, to);
            }
            int begin = text.offsetByCodePoints(0, from);
            return text.substring(begin, text.offsetByCodePoints(begin, to - from));
        }
        int[] codePoints = text.codePoints().toArray();
        StringBuilder result = new StringBuilder();
        for (long i = 0; i < range.length(); i++) {
            result.appendCodePoint(codePoints[(int) range.at(i)]);
        }
        return result.toString();
    }

    /** Python's {@code slice.indices}: bounds counted from the end where negative, and clipped. */
    private static Value.Range range(long length, @Nullable Value start, @Nullable Value stop, @Nullable Value step) {
        long by = step == null ? 1 : bound(step);
        if (by == 0) {
            throw Failure.value("slice step cannot be zero");
        }
        // One step as long as the whole is as good as any longer one, and its product with an index cannot overflow.
        by = Math.clamp(by, -length - 1, length + 1);
        long lowest = by < 0 ? -1 : 0;
        long highest = by < 0 ? length - 1 : length;
        long from = start == null ? (by < 0 ? highest : lowest) : clip(bound(start), length, lowest, highest);
        long to = stop == null ? (by < 0 ? lowest : highest) : clip(bound(stop), length, lowest, highest);
        return new Value.Range(from, to, by);
    }

    private static long clip(long index, long length, long lowest, long highest) {
        return Math.clamp(index < 0 ? index + length : index, lowest, highest);
    }

    private static long bound(Value value) {
        return switch (value) {
            case Value.Int n -> n.value();
            case Value.Bool b -> b.value() ? 1 : 0;
            default -> throw Failure.type("slice indices must be integers or None or have an __index__ method");
        };
    }
}
