package io.safeprobe.model.chat.jinja;

/** Python's names of types, which its error messages quote. */
final class Types {
    private Types() {}

    /** {@code type(value).__name__}. */
    static String name(Value value) {
        return switch (value) {
            case Value.None ignored -> "NoneType";
            case Value.Bool ignored -> "bool";
            case Value.Int ignored -> "int";
            case Value.Real ignored -> "float";
            case Value.Str s -> s.safe() ? "Markup" : "str";
            case Value.ListValue ignored -> "list";
            case Value.TupleValue ignored -> "tuple";
            case Value.Range ignored -> "range";
            case Value.View v -> v.kind();
            case Value.Stream s -> s.kind();
            case Value.Undefined ignored -> "Undefined";
            case Value.TemplateReference ignored -> "TemplateReference";
            case Dict ignored -> "dict";
            case Namespace ignored -> "Namespace";
            case Function ignored -> "builtin_function_or_method";
            case Macro ignored -> "Macro";
            case LoopContext ignored -> "LoopContext";
            case Cycler ignored -> "Cycler";
        };
    }

    /** How Jinja names a value in the message of an undefined attribute. */
    static String described(Value value) {
        return switch (value) {
            case Value.None ignored -> "None";
            case Value.TemplateReference ignored -> "jinja2.runtime.TemplateReference object";
            case Namespace ignored -> "jinja2.utils.Namespace object";
            case Cycler ignored -> "jinja2.utils.Cycler object";
            case Macro ignored -> "jinja2.runtime.Macro object";
            case LoopContext ignored -> "jinja2.runtime.LoopContext object";
            case Value.Str s when s.safe() -> "markupsafe.Markup object";
            default -> name(value) + " object";
        };
    }
}
