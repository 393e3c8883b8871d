package io.safeprobe.model.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression of a template. Lines are where the operation stands, for error messages. */
sealed interface Expr {
    record Const(Value value) implements Expr {}

    record Name(int line, String name) implements Expr {}

    record ListOf(List<Expr> items) implements Expr {}

    record TupleOf(List<Expr> items) implements Expr {}

    record DictOf(int line, List<Pair> pairs) implements Expr {}

    record Pair(Expr key, Expr value) {}

    record GetAttribute(int line, Expr value, String name) implements Expr {}

    record GetItem(int line, Expr value, Expr key) implements Expr {}

    record GetSlice(int line, Expr value, @Nullable Expr start, @Nullable Expr stop, @Nullable Expr step) implements Expr {}

    record Call(int line, Expr callee, Args args) implements Expr {}

    record Filtered(Expr value, FilterCall filter) implements Expr {}

    record Test(int line, Expr value, String name, Args args) implements Expr {}

    record Not(Expr value) implements Expr {}

    record Negate(int line, Expr value) implements Expr {}

    record Positive(int line, Expr value) implements Expr {}

    record Binary(int line, String op, Expr left, Expr right) implements Expr {}

    record And(Expr left, Expr right) implements Expr {}

    record Or(Expr left, Expr right) implements Expr {}

    record Compare(int line, Expr first, List<Comparand> rest) implements Expr {}

    /**
     * One link of a chain of comparisons.
     *
     * @param op one of {@code == != < <= > >= in notin}
     */
    record Comparand(String op, Expr value) {}

    record Concat(List<Expr> parts) implements Expr {}

    record Conditional(int line, Expr test, Expr then, @Nullable Expr otherwise) implements Expr {}

    /** A filter to apply: {@code |name(args)}. */
    record FilterCall(int line, String name, Args args) {}

    record Args(List<Expr> positional, List<Named> named, @Nullable Expr star, @Nullable Expr doubleStar) {
        static final Args NONE = new Args(List.of(), List.of(), null, null);
    }

    record Named(String name, Expr value) {}
}
