package io.safeprobe.model.chat.jinja;

/** {@code bool(value)}. */
final class Truth {
    private Truth() {}

    static boolean of(Value value) {
        return switch (value) {
            case Value.None ignored -> false;
            case Value.Undefined ignored -> false;
            case Value.Bool b -> b.value();
            case Value.Int n -> n.value() != 0;
            case Value.Real r -> r.value() != 0;
            case Value.Str s -> !s.text().isEmpty();
            case Value.Items s -> !s.items().isEmpty();
            case Value.Range r -> r.length() != 0;
            case Value.View v -> !v.items().isEmpty();
            case Dict d -> d.size() != 0;
            case Value.Stream ignored -> true;
            case Value.TemplateReference ignored -> true;
            case Namespace ignored -> true;
            case Function ignored -> true;
            case Macro ignored -> true;
            case LoopContext ignored -> true;
            case Cycler ignored -> true;
        };
    }
}
