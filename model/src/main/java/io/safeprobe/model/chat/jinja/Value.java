package io.safeprobe.model.chat.jinja;

import java.util.Iterator;
import java.util.List;

/**
 * A value of the template language. The set is closed: whatever a template can hold is one of these, so no expression can
 * reach a Java object. Values are immutable but for {@link Namespace}, which the language wants mutable, and iterators.
 */
sealed interface Value
        permits Value.None, Value.Bool, Value.Int, Value.Real, Value.Str, Value.Items, Value.Range, Value.View, Value.Stream,
                Value.Undefined, Value.TemplateReference, Dict, Namespace, Function, Macro, LoopContext, Cycler {

    None NONE = new None();
    TemplateReference SELF = new TemplateReference();
    Bool TRUE = new Bool(true);
    Bool FALSE = new Bool(false);

    static Bool of(boolean value) {
        return value ? TRUE : FALSE;
    }

    static Int of(long value) {
        return new Int(value);
    }

    static Str of(String text) {
        return new Str(text, false);
    }

    static ListValue list(List<Value> items) {
        return new ListValue(items);
    }

    static TupleValue tuple(Value... items) {
        return new TupleValue(List.of(items));
    }

    record None() implements Value {}

    /** What {@code self} names: the blocks of the template, of which a chat template has none, so that it has no attributes. */
    record TemplateReference() implements Value {}

    record Bool(boolean value) implements Value {}

    /** A whole number. Python's have no bound; these have 64 bits and refuse to overflow. */
    record Int(long value) implements Value {}

    record Real(double value) implements Value {}

    /** A text; {@code safe} marks one that counts as escaped already (Jinja's Markup). */
    record Str(String text, boolean safe) implements Value {}

    /** A list or a tuple. */
    sealed interface Items extends Value {
        List<Value> items();

        /** The same kind with other items. */
        Items with(List<Value> items);
    }

    record ListValue(List<Value> items) implements Items {
        @Override
        public Items with(List<Value> other) {
            return new ListValue(other);
        }
    }

    record TupleValue(List<Value> items) implements Items {
        @Override
        public Items with(List<Value> other) {
            return new TupleValue(other);
        }
    }

    /** The numbers {@code start, start + step, ..} of which there are {@code length}. */
    record Range(long start, long stop, long step) implements Value {
        long length() {
            if (step > 0 ? start >= stop : start <= stop) {
                return 0;
            }
            // Unsigned: stop - start may not fit in a signed long, the count of a bounded range always does.
            return step > 0
                    ? Long.divideUnsigned(stop - start - 1, step) + 1
                    : Long.divideUnsigned(start - stop - 1, -step) + 1;
        }

        long at(long index) {
            return start + index * step;
        }
    }

    /** What a dict's {@code items()}, {@code keys()} and {@code values()} give. */
    record View(String kind, List<Value> items) implements Value {}

    /** A Python generator or iterator: its items can be taken once. */
    record Stream(String kind, Iterator<Value> items) implements Value {}

    /** The value of a name or field that is not there: printed as nothing, and an error in most other uses. */
    record Undefined(Fault fault, String reason) implements Value {
        static Undefined of(String reason) {
            return new Undefined(Fault.UNDEFINED, reason);
        }

        Failure failure() {
            return new Failure(fault, reason);
        }
    }
}
