package io.safeprobe.model.chat.jinja;

/** The kinds of failure, by the names Jinja and Python give them, each with what a user can do. */
enum Fault {
    SYNTAX("TemplateSyntaxError", "mend the template's source"),
    ASSERTION("TemplateAssertionError", "mend the template's source"),
    UNSUPPORTED("UnsupportedError", "rewrite that part of the template"),
    RAISED("TemplateError", "the template refuses this conversation: change the messages accordingly or use another template"),
    RUNTIME("TemplateRuntimeError", ""),
    UNDEFINED("UndefinedError", "pass that variable or field, or have the template test it with 'is defined'"),
    SECURITY("SecurityError", "templates run in an immutable sandbox"),
    FILTER_ARGUMENT("FilterArgumentError", ""),
    TYPE("TypeError", "check the types of what is passed to the template"),
    VALUE("ValueError", ""),
    KEY("KeyError", ""),
    ATTRIBUTE("AttributeError", ""),
    INDEX("IndexError", ""),
    ZERO_DIVISION("ZeroDivisionError", ""),
    OVERFLOW("OverflowError", ""),
    LIMIT("LimitError", "the template is hostile or the conversation far too large");

    private final String label;
    private final String advice;

    Fault(String label, String advice) {
        this.label = label;
        this.advice = advice;
    }

    String label() {
        return label;
    }

    String advice() {
        return advice;
    }
}
