package io.safeprobe.model.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs statements. */
final class Interpreter {
    /** How a list of statements ended. */
    private enum End {
        NORMAL,
        BREAK,
        CONTINUE
    }

    private final Context context;
    private final Evaluator evaluator;

    Interpreter(Context context) {
        this.context = context;
        this.evaluator = new Evaluator(context, this::text);
    }

    int line() {
        return evaluator.line();
    }

    Rendered render(List<Node> template, Scope globals) {
        Output output = Output.rendered(context.budget());
        run(template, new Scope(globals), output);
        return output.result();
    }

    private End run(List<Node> nodes, Scope scope, Output output) {
        context.budget().enter();
        End end = End.NORMAL;
        for (Node node : nodes) {
            context.budget().step();
            evaluator.at(node.line());
            end = run(node, scope, output);
            if (end != End.NORMAL) {
                break;
            }
        }
        context.budget().leave();
        return end;
    }

    private End run(Node node, Scope scope, Output output) {
        switch (node) {
            case Node.Text text -> output.write(text.text());
            case Node.Print print -> print(print.value(), scope, output);
            case Node.Assign assign -> assign(assign.target(), evaluator.value(assign.value(), scope), scope);
            case Node.AssignBlock block ->
                    assign(block.target(), filtered(block.filters(), captured(block.body(), scope), scope), scope);
            case Node.If condition -> {
                return condition(condition, scope, output);
            }
            case Node.For loop -> loop(loop, scope, output);
            case Node.MacroDef macro -> scope.set(macro.name(), new Macro(macro, scope));
            case Node.CallBlock call -> call(call, scope, output);
            case Node.FilterBlock block ->
                    output.write(context.str(filtered(block.filters(), captured(block.body(), scope), scope)));
            case Node.With with -> {
                Scope inner = new Scope(scope);
                for (int i = 0; i < with.targets().size(); i++) {
                    assign(with.targets().get(i), evaluator.value(with.values().get(i), scope), inner);
                }
                return run(with.body(), inner, output);
            }
            case Node.Generation generation -> {
                output.beginGeneration();
                run(generation.body(), new Scope(scope), output);
                output.endGeneration();
            }
            case Node.Break ignored -> {
                return End.BREAK;
            }
            case Node.Continue ignored -> {
                return End.CONTINUE;
            }
        }
        return End.NORMAL;
    }

    private void print(Expr expr, Scope scope, Output output) {
        if (expr instanceof Expr.Call call) {
            Value callee = evaluator.value(call.callee(), scope);
            Arguments arguments = evaluator.arguments(call.args(), scope);
            evaluator.at(call.line());
            printCall(callee, arguments, output);
        } else {
            output.write(context.str(evaluator.value(expr, scope)));
        }
    }

    /** A macro that is printed as it is writes to the output itself, so that its generation blocks keep their places. */
    private void printCall(Value callee, Arguments arguments, Output output) {
        if (callee instanceof Macro macro) {
            call(macro, arguments, output);
        } else {
            output.write(context.str(evaluator.apply(callee, arguments)));
        }
    }

    private Value captured(List<Node> body, Scope scope) {
        Output output = Output.captured(context.budget());
        run(body, new Scope(scope), output);
        return Value.of(output.text());
    }

    private Value filtered(List<Expr.FilterCall> filters, Value text, Scope scope) {
        Value value = text;
        for (Expr.FilterCall filter : filters) {
            value = evaluator.filtered(value, filter, scope);
        }
        return value;
    }

    private End condition(Node.If condition, Scope scope, Output output) {
        for (Node.Branch branch : condition.branches()) {
            if (evaluator.holds(branch.test(), scope)) {
                return run(branch.body(), scope, output);
            }
        }
        return run(condition.otherwise(), scope, output);
    }

    private void loop(Node.For loop, Scope scope, Output output) {
        Value source = evaluator.value(loop.items(), scope);
        evaluator.at(loop.line());
        Iterator<Value> items = Iteration.iterator(source, context.budget());
        Expr filter = loop.filter();
        if (filter != null) {
            items = Iteration.filtered(items, item -> {
                Scope inner = new Scope(scope);
                assign(loop.target(), item, inner);
                return evaluator.holds(filter, inner);
            });
        }
        LoopContext running =
                new LoopContext(context, items, filter == null ? Iteration.length(source, context.budget()) : -1);
        boolean finishedOne = false;
        for (Value item = running.advance(); item != null; item = running.advance()) {
            Scope inner = new Scope(scope);
            inner.set("loop", running);
            evaluator.at(loop.line());
            assign(loop.target(), item, inner);
            End end = run(loop.body(), inner, output);
            if (end == End.BREAK) {
                break;
            }
            finishedOne |= end == End.NORMAL;
        }
        // As Jinja compiles it: the else branch runs unless some pass came to the end of the body.
        if (!finishedOne) {
            run(loop.otherwise(), new Scope(scope), output);
        }
    }

    private void assign(Node.Target target, Value value, Scope scope) {
        switch (target) {
            case Node.Target.Name name -> scope.set(name.name(), value);
            case Node.Target.Attribute attribute -> {
                if (!(scope.get(attribute.namespace()) instanceof Namespace namespace)) {
                    throw new Failure(Fault.RUNTIME, "cannot assign attribute on non-namespace object");
                }
                namespace.attributes().put(attribute.name(), value);
            }
            case Node.Target.Unpack unpack -> unpack(unpack.targets(), value, scope);
        }
    }

    private void unpack(List<Node.Target> targets, Value value, Scope scope) {
        Iterator<Value> items = Iteration.iteratorOrNull(value, context.budget());
        if (items == null) {
            throw Failure.type("cannot unpack non-iterable " + Types.name(value) + " object");
        }
        List<Value> taken = new ArrayList<>();
        while (items.hasNext() && taken.size() <= targets.size()) {
            taken.add(items.next());
        }
        if (taken.size() > targets.size()) {
            throw Failure.value("too many values to unpack (expected " + targets.size() + ")");
        }
        if (taken.size() < targets.size()) {
            throw Failure.value("not enough values to unpack (expected " + targets.size() + ", got " + taken.size() + ")");
        }
        for (int i = 0; i < targets.size(); i++) {
            assign(targets.get(i), taken.get(i), scope);
        }
    }

    private void call(Node.CallBlock block, Scope scope, Output output) {
        Value callee = evaluator.value(block.call().callee(), scope);
        Arguments arguments = evaluator.arguments(block.call().args(), scope);
        evaluator.at(block.line());
        Map<String, Value> named = new LinkedHashMap<>(arguments.named());
        named.put("caller", new Macro(block.caller(), scope));
        printCall(callee, new Arguments(arguments.positional(), named), output);
    }

    private String text(Macro macro, Arguments arguments) {
        Output output = Output.captured(context.budget());
        call(macro, arguments, output);
        return output.text();
    }

    private void call(Macro macro, Arguments arguments, Output output) {
        Node.MacroDef definition = macro.definition();
        Scope scope = new Scope(macro.scope());
        Map<String, Value> named = new LinkedHashMap<>(arguments.named());
        List<Node.Parameter> missing = new ArrayList<>();
        int count = definition.parameters().size();
        for (int i = 0; i < count; i++) {
            Node.Parameter parameter = definition.parameters().get(i);
            if (i < arguments.positional().size()) {
                scope.set(parameter.name(), arguments.positional().get(i));
            } else if (named.containsKey(parameter.name())) {
                scope.set(parameter.name(), named.remove(parameter.name()));
            } else {
                scope.set(parameter.name(), Value.Undefined.of("parameter '" + parameter.name() + "' was not provided"));
                missing.add(parameter);
            }
        }
        surplus(definition, scope, named, arguments.from(count).positional());
        for (Node.Parameter parameter : missing) {
            if (parameter.otherwise() != null) {
                scope.set(parameter.name(), evaluator.value(parameter.otherwise(), scope));
            }
        }
        run(definition.body(), scope, output);
    }

    /** Hands what no parameter took to {@code caller}, {@code kwargs} and {@code varargs}, where the body uses them. */
    private static void surplus(Node.MacroDef definition, Scope scope, Map<String, Value> named, List<Value> positional) {
        if (definition.uses().contains("caller")) {
            Value caller = named.remove("caller");
            scope.set("caller", caller == null ? Value.Undefined.of("No caller defined") : caller);
        }
        if (definition.uses().contains("kwargs")) {
            Dict dict = new Dict();
            named.forEach(dict::put);
            scope.set("kwargs", dict);
        } else if (!named.isEmpty()) {
            throw Failure.type(named.containsKey("caller")
                    ? "macro '" + definition.name()
                            + "' was invoked with two values for the special caller argument. This is most likely a bug."
                    : "macro '" + definition.name() + "' takes no keyword argument '" + named.keySet().iterator().next() + "'");
        }
        if (definition.uses().contains("varargs")) {
            scope.set("varargs", new Value.TupleValue(positional));
        } else if (!positional.isEmpty()) {
            throw Failure.type(
                    "macro '" + definition.name() + "' takes not more than " + definition.parameters().size() + " argument(s)");
        }
    }
}
