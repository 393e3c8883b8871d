package io.safeprobe.model.chat.jinja;

import java.util.List;

/** Tokens with a position, and a bound on how deep the parser nests in them. */
final class TokenStream {
    /** No real template comes near; a thread's standard stack holds several times as many. */
    private static final int DEEPEST = 150;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    private void refuseInvalid() {
        if (is(Token.Kind.INVALID)) {
            throw syntax(current().text());
        }
    }

    Token current() {
        return tokens.get(at);
    }

    Token look() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    /** Returns the current token and goes on to the next; stays on the last. */
    Token next() {
        Token token = current();
        at = Math.min(at + 1, tokens.size() - 1);
        refuseInvalid();
        return token;
    }

    boolean is(Token.Kind kind) {
        return current().kind() == kind;
    }

    boolean skipName(String name) {
        boolean found = current().isName(name);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipOperator(String operator) {
        boolean found = current().isOperator(operator);
        if (found) {
            next();
        }
        return found;
    }

    Token expect(Token.Kind kind) {
        if (!is(kind)) {
            throw unexpected(kind.label());
        }
        return next();
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected(name);
        }
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw unexpected(operator);
        }
    }

    private Failure unexpected(String expected) {
        return syntax(is(Token.Kind.END)
                ? "unexpected end of template, expected '" + expected + "'."
                : "expected token '" + expected + "', got '" + current().shown() + "'");
    }

    static Failure syntax(String reason) {
        return new Failure(Fault.SYNTAX, reason);
    }

    void enter() {
        if (++depth > DEEPEST) {
            throw Failure.limit("a template nested deeper than " + DEEPEST + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
