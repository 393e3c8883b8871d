package io.safeprobe.model.chat.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The arguments of a call, evaluated. */
record Arguments(List<Value> positional, Map<String, Value> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    boolean isEmpty() {
        return positional.isEmpty() && named.isEmpty();
    }

    /** The arguments from the {@code n}-th positional one on. */
    Arguments from(int n) {
        return new Arguments(positional.subList(Math.min(n, positional.size()), positional.size()), named);
    }

    /** As {@link #bind}, for a method whose arguments have no names. */
    Bound positional(String type, String function, String... parameters) {
        if (!named.isEmpty()) {
            throw Failure.type(type + "." + function + "() takes no keyword arguments");
        }
        return bind(function, parameters);
    }

    /** Gives each argument the name of its parameter; refuses surplus, unknown and doubled ones as Python does. */
    Bound bind(String function, String... parameters) {
        if (positional.size() > parameters.length) {
            throw Failure.type(function + "() takes at most " + parameters.length + " argument" + (parameters.length == 1 ? "" : "s")
                    + " (" + positional.size() + " given)");
        }
        Map<String, Value> bound = new LinkedHashMap<>();
        for (int i = 0; i < positional.size(); i++) {
            bound.put(parameters[i], positional.get(i));
        }
        for (Map.Entry<String, Value> argument : named.entrySet()) {
            if (!List.of(parameters).contains(argument.getKey())) {
                throw Failure.type(function + "() got an unexpected keyword argument '" + argument.getKey() + "'");
            }
            if (bound.putIfAbsent(argument.getKey(), argument.getValue()) != null) {
                throw Failure.type(function + "() got multiple values for argument '" + argument.getKey() + "'");
            }
        }
        return new Bound(function, bound);
    }
}
