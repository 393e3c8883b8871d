package io.safeprobe.model.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement of a template. */
sealed interface Node {
    /** The line it begins on. */
    int line();

    record Text(int line, String text) implements Node {}

    record Print(int line, Expr value) implements Node {}

    record Assign(int line, Target target, Expr value) implements Node {}

    record AssignBlock(int line, Target target, List<Expr.FilterCall> filters, List<Node> body) implements Node {}

    record If(int line, List<Branch> branches, List<Node> otherwise) implements Node {}

    record Branch(Expr test, List<Node> body) {}

    record For(int line, Target target, Expr items, @Nullable Expr filter, List<Node> body, List<Node> otherwise)
            implements Node {}

    /**
     * A macro, or the body of a call block.
     *
     * @param uses which of the names {@code caller}, {@code varargs} and {@code kwargs} the body uses
     */
    record MacroDef(int line, String name, List<Parameter> parameters, List<Node> body, List<String> uses) implements Node {}

    record Parameter(String name, @Nullable Expr otherwise) {}

    record CallBlock(int line, MacroDef caller, Expr.Call call) implements Node {}

    record FilterBlock(int line, List<Expr.FilterCall> filters, List<Node> body) implements Node {}

    record With(int line, List<Target> targets, List<Expr> values, List<Node> body) implements Node {}

    /** What the assistant says: {@code {% generation %}}. */
    record Generation(int line, List<Node> body) implements Node {}

    record Break(int line) implements Node {}

    record Continue(int line) implements Node {}

    /** What can be assigned to. */
    sealed interface Target {
        record Name(String name) implements Target {}

        record Attribute(String namespace, String name) implements Target {}

        record Unpack(List<Target> targets) implements Target {}
    }
}
