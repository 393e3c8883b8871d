package io.safeprobe.model.lora;

import io.safeprobe.model.config.ModelException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Which modules are meant, as target_modules and exclude_modules of PEFT say it; a module is named by its path, such as model.layers.0.self_attn.q_proj. */
public sealed interface Targets {
    /** What stands for every linear layer but the head. */
    String ALL_LINEAR = "all-linear";

    /** Whether the module of this path is meant. */
    boolean matches(String module);

    /** Paths, or ends of paths that begin after a dot. */
    record Names(List<String> names) implements Targets {
        /** Copies the list. */
        public Names {
            names = List.copyOf(names);
        }

        @Override
        public boolean matches(String module) {
            return names.stream().anyMatch(name -> reaches(name, module));
        }

        /** Whether the whole path stands in the list; PEFT then does not ask for the layer. */
        boolean namesWhole(String module) {
            return names.contains(module);
        }

        static boolean reaches(String name, String module) {
            return module.equals(name) || module.endsWith("." + name);
        }

        @Override
        public String toString() {
            return String.join(", ", names);
        }
    }

    /** A regular expression for the whole path. */
    record Regex(String regex) implements Targets {
        /** Checks the expression. */
        public Regex {
            compile(regex, regex);
        }

        @Override
        public boolean matches(String module) {
            return module.matches(regex);
        }

        @Override
        public String toString() {
            return regex;
        }
    }

    /** Every linear layer but the head. */
    record AllLinear() implements Targets {
        @Override
        public boolean matches(String module) {
            return true;
        }

        @Override
        public String toString() {
            return ALL_LINEAR;
        }
    }

    /** One text as PEFT reads it: {@code all-linear}, or a regular expression. */
    static Targets ofText(String text) {
        return text.equalsIgnoreCase(ALL_LINEAR) ? new AllLinear() : new Regex(text);
    }

    /** What a person gave: {@code all-linear}, names, or one regular expression, which is what holds anything that a name cannot. */
    static Targets of(List<String> given) {
        boolean text = given.size() == 1 && (given.getFirst().equalsIgnoreCase(ALL_LINEAR) || !given.getFirst().matches("[\\w.-]+"));
        return text ? ofText(given.getFirst()) : new Names(given);
    }

    /** Python's expressions are Java's but for a few; those must not be taken for something else. */
    static Pattern compile(String regex, String shown) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException fault) {
            throw new ModelException("'" + shown + "' is no regular expression that Java understands (" + fault.getDescription()
                    + "); write it without Python's own forms such as (?P<name>..), or list the modules by name", fault);
        }
    }
}
