package io.safeprobe.model.chat.jinja;

/** A macro with the scope it was defined in, whose names it goes on seeing. */
final class Macro implements Value {
    private final Node.MacroDef definition;
    private final Scope scope;

    Macro(Node.MacroDef definition, Scope scope) {
        this.definition = definition;
        this.scope = scope;
    }

    Node.MacroDef definition() {
        return definition;
    }

    Scope scope() {
        return scope;
    }
}
