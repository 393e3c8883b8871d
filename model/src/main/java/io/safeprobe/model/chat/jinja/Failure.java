package io.safeprobe.model.chat.jinja;

/**
 * A failure on its way to the entry point, which knows the line and makes a {@link TemplateException} of it. It has no stack
 * trace: the place that matters is in the template, and the filter {@code int} catches such failures as a matter of course.
 */
final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Fault fault;
    private final String reason;

    Failure(Fault fault, String reason) {
        super(reason, null, false, false);
        this.fault = fault;
        this.reason = reason;
    }

    Fault fault() {
        return fault;
    }

    String reason() {
        return reason;
    }

    static Failure type(String reason) {
        return new Failure(Fault.TYPE, reason);
    }

    static Failure value(String reason) {
        return new Failure(Fault.VALUE, reason);
    }

    static Failure limit(String reason) {
        return new Failure(Fault.LIMIT, reason);
    }

    static Failure unsupported(String reason) {
        return new Failure(Fault.UNSUPPORTED, reason);
    }
}
