package io.safeprobe.shell.session;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.safeprobe.model.generate.GenerationConfig;
import io.safeprobe.model.generate.GenerationFile;
import io.safeprobe.model.generate.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/** What {@code set} changes, as texts that were checked when they were set. */
public final class Settings {
    /** The settings there are. */
    public enum Name {
        SEED("42", "of training and sampling"),
        MAX_NEW_TOKENS("model", "most tokens of a response; 'model' is what generation_config.json says, else 128, and always 128 for score"),
        TEMPERATURE("model", "of sampling; 0 is greedy, and so is score where nothing is set"),
        TOP_K("model", "candidates kept in sampling; 0 keeps all"),
        TOP_P("model", "probability mass kept in sampling; 1 keeps all"),
        MIN_P("model", "smallest probability kept in sampling, as a share of the likeliest one's; 0 keeps all"),
        REPETITION_PENALTY("model", "by which tokens of prompt and response become less likely; 1 is none"),
        STOP("model", "texts that end a response and are cut off, with \\n for a line break; \"\" for none"),
        IGNORE("nothing", "keys of generation_config.json that are passed over, with commas between"),
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
    private static final JsonMapper JSON = new JsonMapper();
    private static final int SCORED_TOKENS = 128;

    private final Map<Name, String> values = new LinkedHashMap<>();

    /** The defaults. */
    public Settings() {
        for (Name name : Name.values()) {
            values.put(name, name.initial);
        }
    }

    /**
     * The same with some of them changed, for one command.
     *
     * @throws UsageException when a value makes no sense
     */
    public Settings with(Map<Name, List<String>> changes) {
        Settings changed = new Settings();
        changed.values.putAll(values);
        changes.forEach((name, texts) -> {
            if (name == Name.STOP) {
                // Taken as they are: here, 'default' is a text like any other.
                changed.values.put(name, stopStrings(texts));
            } else {
                changed.set(name, texts);
            }
        });
        return changed;
    }

    /** All settings in order. */
    public Map<Name, String> all() {
        return Collections.unmodifiableMap(values);
    }

    /**
     * Changes one; {@code default} puts it back.
     *
     * @param texts its value; only {@code stop} may have several
     * @throws UsageException when the value makes no sense
     */
    public void set(Name name, List<String> texts) {
        if (texts.size() != 1 && name != Name.STOP) {
            throw new UsageException("'" + String.join(" ", texts) + "' are several values for " + name + ", which has one");
        }
        String text = String.join(" ", texts);
        if (text.equals("default") || (name != Name.STOP && text.equals(name.initial))) {
            values.put(name, name.initial);
            return;
        }
        boolean fits = switch (name) {
            case SEED -> wholeNumber(text, Long.MIN_VALUE);
            case MAX_NEW_TOKENS, THREADS -> wholeNumber(text, 1);
            case TOP_K -> wholeNumber(text, 0);
            case TEMPERATURE -> number(text) >= 0;
            case TOP_P, MIN_P -> number(text) >= 0 && number(text) <= 1;
            case REPETITION_PENALTY -> (float) number(text) > 0 && Float.isFinite((float) number(text));
            case STOP, IGNORE -> true;
            case TRACE -> text.equals("on") || text.equals("off");
        };
        if (!fits) {
            throw new UsageException("'" + text + "' is no value for " + name + " (" + name.meaning + "); the default is " + name.initial);
        }
        values.put(name, name == Name.STOP ? stopStrings(texts) : text);
    }

    /** A JSON list, so that it shows where each text begins and ends. */
    private static String stopStrings(List<String> texts) {
        ArrayNode list = JSON.createArrayNode();
        for (String text : texts) {
            try {
                String string = text.translateEscapes();
                if (!string.isEmpty()) {
                    list.add(string);
                }
            } catch (IllegalArgumentException unknown) {
                throw new UsageException("'" + text + "' has a backslash that means nothing; write \\n for a line break, \\t for a tab and \\\\ for a backslash", unknown);
            }
        }
        return list.toString();
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

    /** Whether errors show their trace. */
    public boolean trace() {
        return value(Name.TRACE).equals("on");
    }

    /** Threads to use; empty for all. */
    public OptionalInt threads() {
        String threads = value(Name.THREADS);
        return threads.equals(Name.THREADS.initial) ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(threads));
    }

    /**
     * How a model generates: what was set here, and what its folder says for the rest.
     *
     * @throws io.safeprobe.model.config.ModelException for what its folder says and is not supported
     */
    public GenerationConfig generation(GenerationFile file) {
        return generation(file, false);
    }

    /** The same for scores, which are to be the same whenever they are taken: greedy and of a fixed length unless set otherwise. */
    public GenerationConfig scoring(GenerationFile file) {
        GenerationConfig config = generation(file, true);
        return value(Name.MAX_NEW_TOKENS).equals(MODEL) ? config.withMaxNewTokens(SCORED_TOKENS) : config;
    }

    private GenerationConfig generation(GenerationFile file, boolean greedy) {
        String ignore = value(Name.IGNORE);
        Set<String> ignored = ignore.equals(Name.IGNORE.initial) ? Set.of() : Set.copyOf(Arrays.asList(ignore.split("[,\\s]+")));
        GenerationConfig config = file.read(ignored, greedy);
        Sampling base = config.sampling();
        config = config.with(new Sampling(real(Name.TEMPERATURE).orElse(base.temperature()), (int) real(Name.TOP_K).orElse(base.topK()),
                real(Name.TOP_P).orElse(base.topP()), real(Name.MIN_P).orElse(base.minP())));
        config = config.with(config.rules().withRepetitionPenalty(real(Name.REPETITION_PENALTY).orElse(config.rules().repetitionPenalty())));
        if (!value(Name.MAX_NEW_TOKENS).equals(MODEL)) {
            config = config.withMaxNewTokens(Integer.parseInt(value(Name.MAX_NEW_TOKENS)));
        }
        if (!value(Name.STOP).equals(MODEL)) {
            config = config.withStopStrings(stops());
        }
        file.requireSupported(ignored, config.sampling().greedy());
        return config;
    }

    private OptionalDouble real(Name name) {
        return value(name).equals(MODEL) ? OptionalDouble.empty() : OptionalDouble.of(number(value(name)));
    }

    private List<String> stops() {
        try {
            return Arrays.asList(JSON.readValue(value(Name.STOP), String[].class));
        } catch (JsonProcessingException failure) {
            throw new IllegalStateException("stop strings were kept as no JSON: " + value(Name.STOP), failure);
        }
    }
}
