package io.safeprobe.model.chat.jinja;

/** Something built in that a template can call: a global function or a method bound to its value. */
record Function(String name, Body body) implements Value {
    @FunctionalInterface
    interface Body {
        Value call(Context context, Arguments arguments);
    }
}
