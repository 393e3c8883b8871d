package io.safeprobe.model.chat.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses expressions by descent, one method a level of precedence, loosest first. */
final class ExpressionParser {
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream stream;
    /** The names read in each macro being parsed, innermost first. */
    private final Deque<Set<String>> macros = new ArrayDeque<>();
    /** Above 0 inside branches that may never run, where Jinja leaves unknown filters and tests until they do. */
    private int branches;
    /** The first thing that parses and yet can never run, as an unknown filter; reported when the rest has parsed. */
    private @Nullable Complaint complaint;

    ExpressionParser(TokenStream stream) {
        this.stream = stream;
    }

    record Complaint(Failure failure, int line) {}

    @Nullable Complaint complaint() {
        return complaint;
    }

    void complain(Failure failure, int line) {
        complaint = complaint == null ? new Complaint(failure, line) : complaint;
    }

    /** Enters the body of a loop, macro or the like, where Jinja forgets that it is inside a branch. */
    int enterBody() {
        int around = branches;
        branches = 0;
        return around;
    }

    void leaveBody(int around) {
        branches = around;
    }

    void enterBranch() {
        branches++;
    }

    void leaveBranch() {
        branches--;
    }

    void enterMacro() {
        macros.push(new HashSet<>());
    }

    Set<String> leaveMacro() {
        return macros.pop();
    }

    /**
     * Parses an expression, or a tuple written without parentheses.
     *
     * @param conditional whether {@code x if y else z} may stand here
     */
    Expr tuple(boolean conditional) {
        return tuple(conditional, false);
    }

    private Expr tuple(boolean conditional, boolean parenthesised) {
        List<Expr> items = new ArrayList<>();
        boolean isTuple = false;
        while (!tupleEnds()) {
            items.add(conditional ? expression() : or());
            if (!stream.skipOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && !items.isEmpty()) {
            return items.getFirst();
        }
        if (!isTuple && !parenthesised) {
            throw TokenStream.syntax("Expected an expression, got '" + stream.current().shown() + "'");
        }
        return new Expr.TupleOf(items);
    }

    private boolean tupleEnds() {
        return stream.is(Token.Kind.PRINT_END) || stream.is(Token.Kind.BLOCK_END) || stream.current().isOperator(")");
    }

    Expr expression() {
        stream.enter();
        int line = stream.current().line();
        Complaint before = complaint;
        Expr then = or();
        while (stream.skipName("if")) {
            // What was complained about is a branch after all.
            complaint = before;
            branches++;
            Expr test = or();
            Expr otherwise = stream.skipName("else") ? expression() : null;
            then = new Expr.Conditional(line, test, then, otherwise);
            branches--;
        }
        stream.leave();
        return then;
    }

    private Expr or() {
        Expr left = and();
        while (stream.skipName("or")) {
            left = new Expr.Or(left, and());
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (stream.skipName("and")) {
            left = new Expr.And(left, not());
        }
        return left;
    }

    private Expr not() {
        if (!stream.skipName("not")) {
            return comparison();
        }
        stream.enter();
        Expr value = not();
        stream.leave();
        return new Expr.Not(value);
    }

    private Expr comparison() {
        int line = stream.current().line();
        Expr first = sum();
        List<Expr.Comparand> rest = new ArrayList<>();
        while (true) {
            Token token = stream.current();
            if (token.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                stream.next();
                rest.add(new Expr.Comparand(token.text(), sum()));
            } else if (stream.skipName("in")) {
                rest.add(new Expr.Comparand("in", sum()));
            } else if (token.isName("not") && stream.look().isName("in")) {
                stream.next();
                stream.next();
                rest.add(new Expr.Comparand("notin", sum()));
            } else {
                return rest.isEmpty() ? first : new Expr.Compare(line, first, rest);
            }
        }
    }

    private Expr sum() {
        Expr left = concatenation();
        while (stream.current().isOperator("+") || stream.current().isOperator("-")) {
            Token op = stream.next();
            left = new Expr.Binary(op.line(), op.text(), left, concatenation());
        }
        return left;
    }

    private Expr concatenation() {
        Expr first = product();
        if (!stream.current().isOperator("~")) {
            return first;
        }
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (stream.skipOperator("~")) {
            parts.add(product());
        }
        return new Expr.Concat(parts);
    }

    private Expr product() {
        Expr left = power();
        while (stream.is(Token.Kind.OPERATOR) && PRODUCTS.contains(stream.current().text())) {
            Token op = stream.next();
            left = new Expr.Binary(op.line(), op.text(), left, power());
        }
        return left;
    }

    private Expr power() {
        Expr left = unary(true);
        while (stream.current().isOperator("**")) {
            Token op = stream.next();
            left = new Expr.Binary(op.line(), op.text(), left, unary(true));
        }
        return left;
    }

    private Expr unary(boolean filters) {
        stream.enter();
        Token token = stream.current();
        Expr value;
        if (stream.skipOperator("-")) {
            value = new Expr.Negate(token.line(), unary(false));
        } else if (stream.skipOperator("+")) {
            value = new Expr.Positive(token.line(), unary(false));
        } else {
            value = primary();
        }
        value = postfix(value);
        if (filters) {
            value = filtersAndTests(value);
        }
        stream.leave();
        return value;
    }

    private Expr primary() {
        Token token = stream.current();
        if (!beginsExpression(token)) {
            throw TokenStream.syntax("unexpected '" + token.shown() + "'");
        }
        stream.next();
        return switch (token.kind()) {
            case NAME -> switch (token.text()) {
                case "true", "True" -> new Expr.Const(Value.TRUE);
                case "false", "False" -> new Expr.Const(Value.FALSE);
                case "none", "None" -> new Expr.Const(Value.NONE);
                default -> {
                    macros.forEach(names -> names.add(token.text()));
                    yield new Expr.Name(token.line(), token.text());
                }
            };
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (stream.is(Token.Kind.STRING)) {
                    text.append(stream.next().text());
                }
                yield new Expr.Const(Value.of(text.toString()));
            }
            case INTEGER -> new Expr.Const(Value.of(Numbers.parseInt(token.text(), 0)));
            case FLOAT -> new Expr.Const(new Value.Real(Double.parseDouble(token.text())));
            case OPERATOR -> switch (token.text()) {
                case "(" -> {
                    Expr inner = tuple(true, true);
                    stream.expectOperator(")");
                    yield inner;
                }
                case "[" -> list();
                default -> dict(token.line());
            };
            default -> throw new IllegalStateException("no expression begins with " + token);
        };
    }

    private static boolean beginsExpression(Token token) {
        return switch (token.kind()) {
            case NAME, STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("(") || token.text().equals("[") || token.text().equals("{");
            default -> false;
        };
    }

    private Expr list() {
        List<Expr> items = new ArrayList<>();
        while (!stream.skipOperator("]")) {
            items.add(expression());
            if (!stream.current().isOperator("]")) {
                stream.expectOperator(",");
            }
        }
        return new Expr.ListOf(items);
    }

    private Expr dict(int line) {
        List<Expr.Pair> pairs = new ArrayList<>();
        while (!stream.skipOperator("}")) {
            Expr key = expression();
            stream.expectOperator(":");
            pairs.add(new Expr.Pair(key, expression()));
            if (!stream.current().isOperator("}")) {
                stream.expectOperator(",");
            }
        }
        return new Expr.DictOf(line, pairs);
    }

    private Expr postfix(Expr from) {
        Expr value = from;
        while (true) {
            Token token = stream.current();
            if (stream.skipOperator(".")) {
                value = dotted(value, token.line());
            } else if (stream.skipOperator("[")) {
                value = subscript(value, token.line());
            } else if (token.isOperator("(")) {
                value = new Expr.Call(token.line(), value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expr dotted(Expr value, int line) {
        Token name = stream.current();
        if (name.kind() != Token.Kind.NAME && name.kind() != Token.Kind.INTEGER) {
            throw TokenStream.syntax("expected name or number");
        }
        stream.next();
        return name.kind() == Token.Kind.NAME
                ? new Expr.GetAttribute(line, value, name.text())
                : new Expr.GetItem(line, value, new Expr.Const(Value.of(Numbers.parseInt(name.text(), 0))));
    }

    private Expr subscript(Expr value, int line) {
        List<Expr> keys = new ArrayList<>();
        boolean isTuple = false;
        Expr.GetSlice slice = null;
        while (!stream.skipOperator("]")) {
            Expr first = stream.current().isOperator(":") ? null : expression();
            if (first != null && !stream.current().isOperator(":")) {
                keys.add(first);
            } else {
                stream.expectOperator(":");
                Expr stop = sliceEnds() ? null : expression();
                Expr step = stream.skipOperator(":") && !sliceEnds() ? expression() : null;
                slice = new Expr.GetSlice(line, value, first, stop, step);
            }
            if (!stream.current().isOperator("]")) {
                stream.expectOperator(",");
                isTuple = true;
                if (stream.current().isOperator("]")) {
                    throw TokenStream.syntax("unexpected ']'");
                }
            }
        }
        if (slice != null) {
            if (isTuple || !keys.isEmpty()) {
                throw TokenStream.syntax("a slice among several subscripts is not supported");
            }
            return slice;
        }
        return new Expr.GetItem(line, value, keys.size() == 1 ? keys.getFirst() : new Expr.TupleOf(keys));
    }

    private boolean sliceEnds() {
        return stream.current().isOperator(":") || stream.current().isOperator("]") || stream.current().isOperator(",");
    }

    private Expr filtersAndTests(Expr from) {
        Expr value = from;
        while (true) {
            Token token = stream.current();
            if (stream.skipOperator("|")) {
                value = new Expr.Filtered(value, filter());
            } else if (stream.skipName("is")) {
                value = test(value, token.line());
            } else if (token.isOperator("(")) {
                value = new Expr.Call(token.line(), value, arguments());
            } else {
                return value;
            }
        }
    }

    /** The filters that a filter block or a set block begins with, {@code first} of them without a bar. */
    List<Expr.FilterCall> filters(boolean first) {
        List<Expr.FilterCall> filters = new ArrayList<>();
        if (first) {
            filters.add(filter());
        }
        while (stream.skipOperator("|")) {
            filters.add(filter());
        }
        return filters;
    }

    private Expr.FilterCall filter() {
        int line = stream.current().line();
        String name = dottedName();
        if (branches == 0 && !Filters.exists(name)) {
            complain(Filters.unknown(name), line);
        }
        return new Expr.FilterCall(line, name, stream.current().isOperator("(") ? arguments() : Expr.Args.NONE);
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(stream.expect(Token.Kind.NAME).text());
        while (stream.skipOperator(".")) {
            name.append('.').append(stream.expect(Token.Kind.NAME).text());
        }
        return name.toString();
    }

    private Expr test(Expr value, int line) {
        boolean negated = stream.skipName("not");
        String name = dottedName();
        if (branches == 0 && !Tests.exists(name)) {
            complain(Tests.unknown(name), line);
        }
        Token token = stream.current();
        Expr.Args args = Expr.Args.NONE;
        if (token.isOperator("(")) {
            args = arguments();
        } else if (beginsTestArgument(token)) {
            if (token.isName("is")) {
                throw TokenStream.syntax("You cannot chain multiple tests with is");
            }
            stream.enter();
            args = new Expr.Args(List.of(postfix(primary())), List.of(), null, null);
            stream.leave();
        }
        Expr test = new Expr.Test(line, value, name, args);
        return negated ? new Expr.Not(test) : test;
    }

    private static boolean beginsTestArgument(Token token) {
        return switch (token.kind()) {
            case NAME -> !token.text().equals("else") && !token.text().equals("or") && !token.text().equals("and");
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            default -> false;
        };
    }

    private Expr.Args arguments() {
        stream.expectOperator("(");
        List<Expr> positional = new ArrayList<>();
        List<Expr.Named> named = new ArrayList<>();
        Expr star = null;
        Expr doubleStar = null;
        while (!stream.skipOperator(")")) {
            if (stream.skipOperator("*")) {
                ensure(star == null && doubleStar == null);
                star = expression();
            } else if (stream.skipOperator("**")) {
                ensure(doubleStar == null);
                doubleStar = expression();
            } else if (stream.is(Token.Kind.NAME) && stream.look().isOperator("=")) {
                ensure(doubleStar == null);
                String name = stream.next().text();
                stream.next();
                named.add(new Expr.Named(name, expression()));
            } else {
                ensure(star == null && doubleStar == null && named.isEmpty());
                positional.add(expression());
            }
            if (!stream.current().isOperator(")")) {
                stream.expectOperator(",");
            }
        }
        return new Expr.Args(positional, named, star, doubleStar);
    }

    private static void ensure(boolean valid) {
        if (!valid) {
            throw TokenStream.syntax("invalid syntax for function call expression");
        }
    }
}
