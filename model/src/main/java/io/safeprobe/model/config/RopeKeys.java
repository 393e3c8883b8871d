package io.safeprobe.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The rotary part of config.json: rope_theta and rope_scaling as transformers 4 writes them, or the one object rope_parameters of transformers 5. */
final class RopeKeys {
    /**
     * Names of keys.
     *
     * @param theta beside the object
     * @param share the key of the rotated share of a head
     * @param standard that share where the key is missing
     * @param partial whether less than a whole head can be rotated
     * @param original original_max_position_embeddings where the key is missing; 0 for max_position_embeddings
     * @param longRope another name of the type longrope; empty for none
     * @param within the object within rope_parameters that counts, if it is there; empty for rope_parameters itself
     */
    record Spelling(String theta, String share, double standard, boolean partial, int original, String longRope, String within) {
        static final Spelling LLAMA = new Spelling("rope_theta", "partial_rotary_factor", 1, false, 0, "", "");
    }

    private final ConfigKeys keys;
    private final Spelling spelling;
    private final JsonNode object;
    private final String name;
    private final int positions;
    private final int width;

    /**
     * The rotary keys of a configuration.
     *
     * @param positions max_position_embeddings
     * @param head size of a head
     */
    RopeKeys(ConfigKeys keys, Spelling spelling, int positions, int head) {
        this.keys = keys;
        this.spelling = spelling;
        this.positions = positions;
        JsonNode old = keys.get("rope_scaling");
        JsonNode recent = keys.get("rope_parameters");
        // As transformers 5 does with a file that has both.
        this.name = old.isObject() && !old.isEmpty() ? "rope_scaling" : "rope_parameters";
        // Ignored where it has no meaning, as transformers does.
        keys.get("original_max_position_embeddings");
        JsonNode inner = recent.path(spelling.within());
        this.object = name.equals("rope_scaling") ? old : inner.isObject() ? inner : recent;
        for (JsonNode node : List.of(old, recent)) {
            if (!node.isMissingNode() && !node.isNull() && !node.isObject()) {
                throw new ModelException("config.json needs an object for rope_scaling and rope_parameters, but has " + node);
            }
        }
        if (!spelling.within().isEmpty() && recent.isObject() && !recent.isEmpty() && !inner.isObject()) {
            throw new ModelException("config.json needs an object " + spelling.within() + " within rope_parameters, but has " + recent);
        }
        this.width = width(head);
    }

    private int width(int head) {
        double outer = keys.real(spelling.share(), spelling.standard());
        double share = optional("partial_rotary_factor", outer);
        if (!spelling.partial() && share != 1) {
            throw new ModelException("config.json sets partial_rotary_factor; rotating only a part of each head is not supported for this architecture");
        }
        int columns = (int) (head * share);
        if (columns <= 0 || columns > head || columns % 2 != 0) {
            throw new ModelException("config.json: " + share + " of a head of " + head + " columns are " + columns
                    + " to be rotated; they must be an even number, above 0 and at most " + head);
        }
        return columns;
    }

    /** Columns of a head that are rotated. */
    int width() {
        return width;
    }

    /** Base of the frequencies. */
    double theta(double fallback) {
        double outer = keys.real(spelling.theta(), fallback);
        double theta = object.hasNonNull("rope_theta") ? number("rope_theta") : outer;
        if (theta <= 1) {
            throw new ModelException("config.json needs a rope_theta above 1, but has " + theta);
        }
        return theta;
    }

    RopeScaling scaling() {
        String written = object.path("rope_type").asText(object.path("type").asText("default"));
        String type = !spelling.longRope().isEmpty() && written.equals(spelling.longRope()) ? "longrope" : written;
        RopeScaling scaling = switch (type) {
            case "default" -> {
                allow(type, Set.of());
                yield new RopeScaling.None();
            }
            case "linear" -> {
                allow(type, Set.of("factor"));
                yield new RopeScaling.Linear(positive("factor"));
            }
            case "dynamic" -> {
                allow(type, Set.of("factor"));
                if (width <= 2) {
                    throw new ModelException("config.json: the rotary scaling 'dynamic' needs heads wider than 2");
                }
                yield new RopeScaling.Dynamic(positive("factor"), positions);
            }
            case "yarn" -> yarn();
            case "llama3" -> llama3();
            case "longrope" -> longRope();
            default -> throw new ModelException("config.json asks for the rotary scaling '" + type
                    + "', which is not supported; default, linear, dynamic, yarn, llama3 and longrope are");
        };
        for (double frequency : scaling.frequencies(theta(10_000), width, positions)) {
            if (!(frequency > 0) || !Double.isFinite(frequency)) {
                throw new ModelException("config.json: " + name + " " + object + " gives a rotary frequency of " + frequency + "; the file is damaged");
            }
        }
        return scaling;
    }

    private RopeScaling yarn() {
        allow("yarn", Set.of("factor", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate", "original_max_position_embeddings"));
        int original = original();
        double factor = object.hasNonNull("factor") ? positive("factor") : (double) positions / original;
        double over = optional("mscale", 0);
        double under = optional("mscale_all_dim", 0);
        double temperature = over != 0 && under != 0
                ? RopeScaling.Yarn.temperature(factor, over) / RopeScaling.Yarn.temperature(factor, under)
                : RopeScaling.Yarn.temperature(factor, 1);
        return new RopeScaling.Yarn(factor, optional("attention_factor", temperature), original, orDefault("beta_fast", 32), orDefault("beta_slow", 1),
                object.path("truncate").asBoolean(true));
    }

    private RopeScaling llama3() {
        allow("llama3", Set.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"));
        double low = positive("low_freq_factor");
        double high = positive("high_freq_factor");
        if (low >= high) {
            throw new ModelException("config.json: " + name + " needs low_freq_factor below high_freq_factor, but has " + low + " and " + high);
        }
        return new RopeScaling.Llama3(positive("factor"), low, high, original());
    }

    private RopeScaling longRope() {
        allow("longrope", Set.of("factor", "short_factor", "long_factor", "attention_factor", "original_max_position_embeddings"));
        int original = original();
        double factor = object.hasNonNull("factor") ? positive("factor") : (double) positions / original;
        double attention = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        return new RopeScaling.LongRope(factors("short_factor"), factors("long_factor"), optional("attention_factor", attention), original);
    }

    /** A value beside the object goes before one within, as in the folders of Phi-3. */
    private int original() {
        int within = object.hasNonNull("original_max_position_embeddings") ? (int) positive("original_max_position_embeddings") : positions;
        if (spelling.original() > 0) {
            return keys.number("original_max_position_embeddings", spelling.original());
        }
        return keys.number("original_max_position_embeddings", within);
    }

    private List<Double> factors(String key) {
        List<Double> factors = new ArrayList<>();
        object.path(key).forEach(factor -> factors.add(factor.asDouble(0)));
        if (factors.size() != width / 2 || factors.stream().anyMatch(factor -> !(factor > 0))) {
            throw new ModelException("config.json: " + name + "." + key + " must be " + width / 2 + " positive numbers, one for each frequency of a head, but is " + object.path(key));
        }
        return factors;
    }

    private void allow(String type, Set<String> known) {
        object.properties().forEach(item -> {
            boolean expected = Set.of("rope_type", "type", "rope_theta", "partial_rotary_factor").contains(item.getKey()) || known.contains(item.getKey());
            if (!expected && !item.getValue().isNull()) {
                throw new ModelException("config.json: " + name + " sets " + item.getKey() + " = " + item.getValue() + ", which the rotary scaling '" + type
                        + "' does not know; where you know that it changes nothing, remove it");
            }
        });
    }

    /** transformers takes 0 for not set here. */
    private double orDefault(String key, double fallback) {
        double value = optional(key, fallback);
        return value == 0 ? fallback : value;
    }

    private double optional(String key, double fallback) {
        return object.hasNonNull(key) ? number(key) : fallback;
    }

    private double positive(String key) {
        double value = number(key);
        if (value <= 0) {
            throw new ModelException("config.json: " + name + "." + key + " must be above 0, but is " + value);
        }
        return value;
    }

    private double number(String key) {
        JsonNode value = object.path(key);
        if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
            throw new ModelException("config.json: " + name + " needs a number for " + key + ", but has " + (value.isMissingNode() ? "none" : value));
        }
        return value.asDouble();
    }
}
