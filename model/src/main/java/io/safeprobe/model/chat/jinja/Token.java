package io.safeprobe.model.chat.jinja;

/**
 * A token of a template.
 *
 * @param text the name, operator or literal as written; of data and strings their value; of an invalid token what is wrong
 * @param line where it begins, from 1
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        DATA("template data"),
        PRINT_BEGIN("begin of print statement"),
        PRINT_END("end of print statement"),
        BLOCK_BEGIN("begin of statement block"),
        BLOCK_END("end of statement block"),
        NAME("name"),
        STRING("string"),
        INTEGER("integer"),
        FLOAT("float"),
        OPERATOR("operator"),
        INVALID("invalid character"),
        END("end of template");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    /** The token as an error message shows it. */
    String shown() {
        return switch (kind) {
            case NAME, OPERATOR -> text;
            default -> kind.label();
        };
    }
}
