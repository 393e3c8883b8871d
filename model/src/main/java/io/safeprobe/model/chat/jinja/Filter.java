package io.safeprobe.model.chat.jinja;

/** A filter: {@code value|name(arguments)}. */
@FunctionalInterface
interface Filter {
    Value apply(Context context, Value value, Arguments arguments);
}
