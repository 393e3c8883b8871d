package io.safeprobe.model.chat.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/** Parses statements. */
final class Parser {
    /** Tags of Jinja that need other templates or have no place in a chat. */
    private static final Set<String> UNSUPPORTED =
            Set.of("block", "extends", "include", "import", "from", "autoescape");

    private final TokenStream stream;
    private final ExpressionParser expressions;
    /** The open tags, innermost first, for the message about one that is never closed. */
    private final Deque<String> open = new ArrayDeque<>();
    /** The tags that may end each body being parsed, innermost first. */
    private final Deque<List<String>> ends = new ArrayDeque<>();
    private int loops;

    private Parser(List<Token> tokens) {
        stream = new TokenStream(tokens);
        expressions = new ExpressionParser(stream);
    }

    static List<Node> parse(String source) {
        List<Token> tokens = Lexer.tokens(source);
        if (tokens.getFirst().kind() == Token.Kind.INVALID) {
            throw new TemplateException(TokenStream.syntax(tokens.getFirst().text()), tokens.getFirst().line());
        }
        Parser parser = new Parser(tokens);
        try {
            List<Node> nodes = parser.body(List.of());
            ExpressionParser.Complaint complaint = parser.expressions.complaint();
            if (complaint != null) {
                throw new TemplateException(complaint.failure(), complaint.line());
            }
            return nodes;
        } catch (Failure e) {
            throw new TemplateException(e, parser.stream.current().line());
        }
    }

    /** Statements up to a tag named in {@code endTags}, whose name is then the current token; or to the end where there are none. */
    private List<Node> body(List<String> endTags) {
        stream.enter();
        ends.push(endTags);
        List<Node> nodes = new ArrayList<>();
        while (true) {
            Token token = stream.next();
            switch (token.kind()) {
                case DATA -> nodes.add(new Node.Text(token.line(), token.text()));
                case PRINT_BEGIN -> {
                    nodes.add(new Node.Print(token.line(), expressions.tuple(true)));
                    stream.expect(Token.Kind.PRINT_END);
                }
                case BLOCK_BEGIN -> {
                    if (stream.is(Token.Kind.NAME) && endTags.contains(stream.current().text())) {
                        ends.pop();
                        stream.leave();
                        return nodes;
                    }
                    nodes.add(statement());
                    stream.expect(Token.Kind.BLOCK_END);
                }
                case END -> {
                    if (!endTags.isEmpty()) {
                        throw TokenStream.syntax("Unexpected end of template. Jinja was looking for the following tags: "
                                + listed(endTags) + ". The innermost block that needs to be closed is '" + open.peek() + "'.");
                    }
                    ends.pop();
                    stream.leave();
                    return nodes;
                }
                default -> throw TokenStream.syntax("unexpected '" + token.shown() + "'");
            }
        }
    }

    private static String listed(List<String> tags) {
        return "'" + String.join("' or '", tags) + "'";
    }

    /** The rest of an opening tag, and statements up to one of {@code endTags}. */
    private List<Node> block(List<String> endTags) {
        stream.skipOperator(":");
        stream.expect(Token.Kind.BLOCK_END);
        return body(endTags);
    }

    private List<Node> block(String end) {
        List<Node> body = block(List.of(end));
        stream.next();
        return body;
    }

    private Node statement() {
        if (!stream.is(Token.Kind.NAME)) {
            throw TokenStream.syntax("tag name expected");
        }
        Token tag = stream.next();
        int line = tag.line();
        open.push(tag.text());
        Node node = switch (tag.text()) {
            case "for" -> loop(line);
            case "if" -> condition(line);
            case "set" -> assignment(line);
            case "print" -> print(line);
            case "with" -> with(line);
            case "macro" -> macro(line);
            case "call" -> call(line);
            case "filter" -> filter(line);
            case "generation" -> generation(line);
            case "break" -> {
                requireLoop("break");
                yield new Node.Break(line);
            }
            case "continue" -> {
                requireLoop("continue");
                yield new Node.Continue(line);
            }
            default -> throw unknown(tag.text());
        };
        open.pop();
        return node;
    }

    private Failure unknown(String tag) {
        open.pop();
        if (UNSUPPORTED.contains(tag)) {
            return Failure.unsupported("the tag '" + tag + "' of Jinja is not available in chat templates");
        }
        List<String> wanted = ends.getFirst();
        boolean nesting = ends.stream().anyMatch(tags -> tags.contains(tag));
        return TokenStream.syntax("Encountered unknown tag '" + tag + "'."
                + (nesting
                        ? " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for "
                                + listed(wanted) + "."
                        : wanted.isEmpty() ? "" : " Jinja was looking for the following tags: " + listed(wanted) + ".")
                + (open.isEmpty() ? "" : " The innermost block that needs to be closed is '" + open.peek() + "'."));
    }

    private void requireLoop(String tag) {
        if (loops == 0) {
            throw TokenStream.syntax("'" + tag + "' outside loop");
        }
    }

    private Node loop(int line) {
        Node.Target target = targets(false);
        if (takesLoop(target)) {
            expressions.complain(
                    new Failure(Fault.ASSERTION, "Can't assign to special loop variable in for-loop target"), line);
        }
        stream.expectName("in");
        Expr items = expressions.tuple(false);
        int branches = expressions.enterBody();
        Expr filter = stream.skipName("if") ? expressions.expression() : null;
        if (stream.current().isName("recursive")) {
            throw Failure.unsupported("recursive loops are not available in chat templates; use a macro that calls itself");
        }
        loops++;
        List<Node> body = block(List.of("endfor", "else"));
        loops--;
        List<Node> otherwise = stream.next().text().equals("endfor") ? List.of() : block("endfor");
        expressions.leaveBody(branches);
        return new Node.For(line, target, items, filter, body, otherwise);
    }

    private static boolean takesLoop(Node.Target target) {
        return switch (target) {
            case Node.Target.Name(String name) -> name.equals("loop");
            case Node.Target.Unpack(List<Node.Target> targets) -> targets.stream().anyMatch(Parser::takesLoop);
            case Node.Target.Attribute ignored -> false;
        };
    }

    private Node condition(int line) {
        List<Node.Branch> branches = new ArrayList<>();
        List<Node> otherwise = List.of();
        expressions.enterBranch();
        while (true) {
            Expr test = expressions.tuple(false);
            branches.add(new Node.Branch(test, block(List.of("elif", "else", "endif"))));
            String end = stream.next().text();
            if (end.equals("else")) {
                otherwise = block("endif");
            }
            if (!end.equals("elif")) {
                expressions.leaveBranch();
                return new Node.If(line, branches, otherwise);
            }
        }
    }

    private Node assignment(int line) {
        Node.Target target = targets(true);
        if (stream.skipOperator("=")) {
            return new Node.Assign(line, target, expressions.tuple(true));
        }
        int branches = expressions.enterBody();
        List<Expr.FilterCall> filters = expressions.filters(false);
        List<Node> body = block("endset");
        expressions.leaveBody(branches);
        return new Node.AssignBlock(line, target, filters, body);
    }

    private Node filter(int line) {
        int branches = expressions.enterBody();
        List<Expr.FilterCall> filters = expressions.filters(true);
        List<Node> body = block("endfilter");
        expressions.leaveBody(branches);
        return new Node.FilterBlock(line, filters, body);
    }

    private Node print(int line) {
        List<Expr> parts = new ArrayList<>();
        while (!stream.is(Token.Kind.BLOCK_END)) {
            if (!parts.isEmpty()) {
                stream.expectOperator(",");
            }
            parts.add(expressions.expression());
        }
        return new Node.Print(line, new Expr.Concat(parts));
    }

    private Node with(int line) {
        List<Node.Target> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!stream.is(Token.Kind.BLOCK_END)) {
            if (!targets.isEmpty()) {
                stream.expectOperator(",");
            }
            targets.add(targets(false));
            stream.expectOperator("=");
            values.add(expressions.expression());
        }
        int branches = expressions.enterBody();
        List<Node> body = block("endwith");
        expressions.leaveBody(branches);
        return new Node.With(line, targets, values, body);
    }

    private Node macro(int line) {
        String name = assignable(stream.expect(Token.Kind.NAME).text());
        return function(line, name, "endmacro", signature());
    }

    private Node call(int line) {
        List<Node.Parameter> parameters = stream.current().isOperator("(") ? signature() : List.of();
        if (!(expressions.expression() instanceof Expr.Call called)) {
            throw TokenStream.syntax("expected call");
        }
        return new Node.CallBlock(line, function(line, "caller", "endcall", parameters), called);
    }

    private Node.MacroDef function(int line, String name, String end, List<Node.Parameter> parameters) {
        int around = loops;
        loops = 0;
        int branches = expressions.enterBody();
        expressions.enterMacro();
        List<Node> body = block(end);
        expressions.leaveBody(branches);
        Set<String> names = expressions.leaveMacro();
        loops = around;
        List<String> declared = parameters.stream().map(Node.Parameter::name).toList();
        List<String> uses = names.stream()
                .filter(n -> List.of("caller", "varargs", "kwargs").contains(n) && !declared.contains(n)).toList();
        return new Node.MacroDef(line, name, parameters, body, uses);
    }

    private Node generation(int line) {
        // Jinja compiles the block to a function, which a loop's break cannot leave.
        int around = loops;
        loops = 0;
        int branches = expressions.enterBody();
        List<Node> body = block("endgeneration");
        expressions.leaveBody(branches);
        loops = around;
        return new Node.Generation(line, body);
    }

    private List<Node.Parameter> signature() {
        List<Node.Parameter> parameters = new ArrayList<>();
        boolean defaults = false;
        stream.expectOperator("(");
        while (!stream.skipOperator(")")) {
            if (!parameters.isEmpty()) {
                stream.expectOperator(",");
            }
            String name = assignable(stream.expect(Token.Kind.NAME).text());
            if (parameters.stream().anyMatch(p -> p.name().equals(name))) {
                throw TokenStream.syntax("duplicate argument '" + name + "' in function definition");
            }
            Expr otherwise = stream.skipOperator("=") ? expressions.expression() : null;
            if (defaults && otherwise == null) {
                throw TokenStream.syntax("non-default argument follows default argument");
            }
            defaults = otherwise != null;
            parameters.add(new Node.Parameter(name, otherwise));
        }
        return parameters;
    }

    /** One target or several with commas. */
    private Node.Target targets(boolean attributes) {
        List<Node.Target> targets = new ArrayList<>();
        boolean several = false;
        while (!(several && (stream.current().isOperator(")") || stream.is(Token.Kind.BLOCK_END)))) {
            targets.add(target(attributes));
            if (!stream.skipOperator(",")) {
                break;
            }
            several = true;
        }
        return several ? new Node.Target.Unpack(targets) : targets.getFirst();
    }

    private Node.Target target(boolean attributes) {
        if (stream.skipOperator("(")) {
            stream.enter();
            Node.Target inner = targets(attributes);
            stream.leave();
            stream.expectOperator(")");
            return inner;
        }
        if (!stream.is(Token.Kind.NAME)) {
            throw TokenStream.syntax(switch (stream.current().kind()) {
                case STRING, INTEGER, FLOAT -> "can't assign to 'const'";
                case BLOCK_END -> "Expected an expression, got '" + stream.current().shown() + "'";
                default -> "unexpected '" + stream.current().shown() + "'";
            });
        }
        String name = assignable(stream.next().text());
        return attributes && stream.skipOperator(".")
                ? new Node.Target.Attribute(name, stream.expect(Token.Kind.NAME).text())
                : new Node.Target.Name(name);
    }

    private static String assignable(String name) {
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
            throw TokenStream.syntax("can't assign to 'const'");
        }
        return name;
    }
}
