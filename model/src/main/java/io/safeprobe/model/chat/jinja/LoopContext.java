package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A running loop, which its body sees as {@code loop}. It looks ahead only when asked to, so that a loop whose filter depends on
 * what its body sets behaves as in Jinja.
 */
final class LoopContext implements Value {
    private final Context context;
    private Iterator<Value> rest;
    private long length;
    private long index0 = -1;
    private @Nullable Value before;
    private @Nullable Value current;
    private @Nullable Value after;
    private @Nullable List<Value> lastChanged;

    /** {@code length} is -1 where it is not known before the items are taken. */
    LoopContext(Context context, Iterator<Value> items, long length) {
        this.context = context;
        this.rest = items;
        this.length = length;
    }

    /** The next item, or null at the end. */
    @Nullable Value advance() {
        Value next = peek();
        if (next == null) {
            return null;
        }
        after = null;
        index0++;
        before = current;
        current = next;
        return next;
    }

    private @Nullable Value peek() {
        if (after == null && rest.hasNext()) {
            after = rest.next();
        }
        return after;
    }

    long index0() {
        return index0;
    }

    long length() {
        if (length < 0) {
            List<Value> remaining = new ArrayList<>();
            rest.forEachRemaining(remaining::add);
            rest = remaining.iterator();
            length = index0 + 1 + (after == null ? 0 : 1) + remaining.size();
        }
        return length;
    }

    @Nullable Value attribute(String name) {
        return switch (name) {
            case "index" -> Value.of(index0 + 1);
            case "index0" -> Value.of(index0);
            case "first" -> Value.of(index0 == 0);
            case "last" -> Value.of(peek() == null);
            case "length" -> Value.of(length());
            case "revindex" -> Value.of(length() - index0);
            case "revindex0" -> Value.of(length() - index0 - 1);
            case "previtem" -> before == null ? Undefined.of("there is no previous item") : before;
            case "nextitem" -> {
                Value next = peek();
                yield next == null ? Undefined.of("there is no next item") : next;
            }
            case "depth" -> Value.of(1);
            case "depth0" -> Value.of(0);
            case "cycle" -> new Function(name, (called, arguments) -> {
                List<Value> items = arguments.positional();
                if (items.isEmpty()) {
                    throw Failure.type("no items for cycling given");
                }
                return items.get((int) (index0 % items.size()));
            });
            case "changed" -> new Function(name, (called, arguments) -> {
                List<Value> now = arguments.positional();
                List<Value> last = lastChanged;
                boolean same = last != null && context.compare().equal(Value.list(last), Value.list(now));
                lastChanged = now;
                return Value.of(!same);
            });
            default -> null;
        };
    }
}
