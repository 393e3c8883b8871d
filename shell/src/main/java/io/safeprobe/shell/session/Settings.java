package io.safeprobe.shell.session;

import io.safeprobe.model.generate.Sampling;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What {@code set} changes, as texts that were checked when they were set. */
public final class Settings {
    /** The settings there are. */
    public enum Name {
        SEED("42", "of training and sampling"),
        MAX_NEW_TOKENS("128", "most tokens of a response"),
        TEMPERATURE("model", "of sampling; 0 is greedy, 'model' what generation_config.json says"),
        TOP_K("model", "candidates kept in sampling; 0 keeps all"),
        TOP_P("model", "probability mass kept in sampling; 1 keeps all"),
        THREADS("all", "processors used; results do not depend on it"),
        TRACE("off", "show where in the program an error came from: on or off");

        private final String initial;
        private final String meaning;

        Name(String initial, String meaning) {
            this.initial = initial;
            this.meaning = meaning;
        }

        /** For {@code set} without a value. */
        public String meaning() {
            return meaning;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** The setting called so, if there is one. */
        public static Optional<Name> of(String text) {
            for (Name name : values()) {
                if (name.toString().equals(text)) {
                    return Optional.of(name);
                }
            }
            return Optional.empty();
        }

        /** All names. */
        public static List<String> names() {
            List<String> names = new ArrayList<>();
            for (Name name : values()) {
                names.add(name.toString());
            }
            return names;
        }
    }

    private static final String MODEL = "model";
    private final Map<Name, String> values = new LinkedHashMap<>();

    /** The defaults. */
    public Settings() {
        for (Name name : Name.values()) {
            values.put(name, name.initial);
        }
    }

    /** All settings in order. */
    public Map<Name, String> all() {
        return Collections.unmodifiableMap(values);
    }

    /**
     * Changes one; {@code default} puts it back.
     *
     * @throws CommandException when the value makes no sense
     */
    public void set(Name name, String text) {
        String value = text.equals("default") ? name.initial : text;
        boolean fits = value.equals(name.initial) || switch (name) {
            case SEED -> wholeNumber(value, Long.MIN_VALUE);
            case MAX_NEW_TOKENS, THREADS -> wholeNumber(value, 1);
            case TOP_K -> wholeNumber(value, 0);
            case TEMPERATURE -> number(value) >= 0;
            case TOP_P -> number(value) > 0 && number(value) <= 1;
            case TRACE -> value.equals("on") || value.equals("off");
        };
        if (!fits) {
            throw new CommandException("'" + text + "' is no value for " + name + " (" + name.meaning + "); the default is " + name.initial);
        }
        values.put(name, value);
    }

    private static boolean wholeNumber(String text, long least) {
        try {
            long value = Long.parseLong(text);
            return value >= least && (least == Long.MIN_VALUE || value <= Integer.MAX_VALUE);
        } catch (NumberFormatException none) {
            return false;
        }
    }

    private static double number(String text) {
        try {
            double value = Double.parseDouble(text);
            return Double.isFinite(value) ? value : Double.NaN;
        } catch (NumberFormatException none) {
            return Double.NaN;
        }
    }

    private String value(Name name) {
        return values.getOrDefault(name, name.initial);
    }

    /** Seed of everything random. */
    public long seed() {
        return Long.parseLong(value(Name.SEED));
    }

    /** The most tokens of a response. */
    public int maxNewTokens() {
        return Integer.parseInt(value(Name.MAX_NEW_TOKENS));
    }

    /** Whether errors show their trace. */
    public boolean trace() {
        return value(Name.TRACE).equals("on");
    }

    /** Threads to use; empty for all. */
    public OptionalInt threads() {
        String threads = value(Name.THREADS);
        return threads.equals(Name.THREADS.initial) ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(threads));
    }

    /** Sampling: what was set here, and {@code base} for the rest. */
    public Sampling sampling(Sampling base) {
        String temperature = value(Name.TEMPERATURE);
        String topK = value(Name.TOP_K);
        String topP = value(Name.TOP_P);
        return new Sampling(
                temperature.equals(MODEL) ? base.temperature() : Double.parseDouble(temperature),
                topK.equals(MODEL) ? base.topK() : Integer.parseInt(topK),
                topP.equals(MODEL) ? base.topP() : Double.parseDouble(topP));
    }
}
