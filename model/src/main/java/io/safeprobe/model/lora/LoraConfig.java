package io.safeprobe.model.lora;

import io.safeprobe.model.config.ModelException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What adapter_config.json says.
 *
 * @param rank r
 * @param alpha lora_alpha
 * @param dropout probability of zeroing an input of A while training
 * @param where which layers get a branch
 * @param patterns ranks and alphas of their own
 * @param rankStabilised whether the scale is alpha / sqrt(r) (arXiv 2312.03732)
 * @param dora whether branches have a magnitude (arXiv 2402.09353)
 * @param branchBias lora_bias: whether branches have a bias
 * @param bias which biases of the model the adapter holds copies of
 * @param modulesToSave ends of the paths of modules of which the adapter holds whole copies, such as lm_head
 * @param init how A of a fresh branch begins; B is zero
 * @param baseModel name or path of the model the adapter belongs to; informative
 */
public record LoraConfig(
        int rank,
        double alpha,
        double dropout,
        Where where,
        Patterns patterns,
        boolean rankStabilised,
        boolean dora,
        boolean branchBias,
        Bias bias,
        List<String> modulesToSave,
        Init init,
        String baseModel) {

    /**
     * Which linear layers get a branch.
     *
     * @param targets target_modules
     * @param exclude exclude_modules
     * @param layers layers_to_transform; empty for all
     * @param layersPattern layers_pattern: names of the list of layers, as regular expressions; empty for any
     */
    public record Where(Targets targets, @Nullable Targets exclude, List<Integer> layers, List<String> layersPattern) {
        /** Copies the lists. */
        public Where {
            layers = List.copyOf(layers);
            layersPattern = List.copyOf(layersPattern);
            layersPattern.forEach(pattern -> Targets.compile(pattern, pattern));
            boolean named = targets instanceof Targets.Names(var names) && !names.isEmpty();
            if (!named && !layers.isEmpty()) {
                throw new ModelException("layers " + layers + " can be chosen only where targets are names; say them in the regular expression, or list the targets");
            }
        }

        /** Layers of these targets. */
        public static Where of(Targets targets) {
            return new Where(targets, null, List.of(), List.of());
        }
    }

    /** Ranks and alphas by regular expressions for the end of a path; the first that fits counts. */
    public record Patterns(Map<String, Integer> rank, Map<String, Double> alpha) {
        /** None. */
        public static final Patterns NONE = new Patterns(Map.of(), Map.of());

        /** Keeps the order. */
        public Patterns {
            rank = Collections.unmodifiableMap(new LinkedHashMap<>(rank));
            alpha = Collections.unmodifiableMap(new LinkedHashMap<>(alpha));
            rank.keySet().forEach(key -> Targets.compile(key, key));
            alpha.keySet().forEach(key -> Targets.compile(key, key));
            if (rank.values().stream().anyMatch(value -> value <= 0) || alpha.values().stream().anyMatch(value -> !(value > 0))) {
                throw new ModelException("rank_pattern " + rank + " and alpha_pattern " + alpha + " need numbers above 0");
            }
        }

        private static <T> T of(Map<String, T> patterns, String module, T otherwise) {
            return patterns.entrySet().stream().filter(entry -> module.matches("(.*\\.)?(" + entry.getKey() + ")")).findFirst().map(Map.Entry::getValue)
                    .orElse(otherwise);
        }
    }

    /** Which biases of the model are trained. */
    public enum Bias {
        NONE,
        ALL,
        LORA_ONLY;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** How A of a fresh branch begins. */
    public enum Init {
        /** Uniform in {@code +-1/sqrt(in)}: PEFT's Kaiming initialisation with a = sqrt(5). */
        DEFAULT,
        /** Normally distributed with deviation 1 / r. */
        GAUSSIAN;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Checks the numbers. */
    public LoraConfig {
        modulesToSave = List.copyOf(modulesToSave);
        modulesToSave.forEach(name -> Targets.compile(name, name));
        boolean none = where.targets() instanceof Targets.Names(var names) && names.isEmpty();
        if (rank <= 0 || !(alpha > 0 && alpha < Double.POSITIVE_INFINITY) || !(dropout >= 0 && dropout < 1) || none) {
            throw new ModelException("LoRA needs rank > 0, alpha > 0, 0 <= dropout < 1 and at least one target, not rank " + rank + ", alpha " + alpha
                    + ", dropout " + dropout + ", targets " + where.targets());
        }
        if (dora && branchBias) {
            throw new ModelException("DoRA has no bias on its branches: leave out use_dora or lora_bias");
        }
    }

    /** Plain LoRA on targets that are given as {@link Targets#of}. */
    public LoraConfig(int rank, double alpha, double dropout, List<String> targets, boolean rankStabilised, String baseModel) {
        this(rank, alpha, dropout, Where.of(Targets.of(targets)), Patterns.NONE, rankStabilised, false, false, Bias.NONE, List.of(), Init.DEFAULT, baseModel);
    }

    /** The branch on a linear layer. */
    LoraModule branch(String module, boolean transposed) {
        int ownRank = Patterns.of(patterns.rank(), module, rank);
        double ownAlpha = Patterns.of(patterns.alpha(), module, alpha);
        return new LoraModule(module, ownRank, ownAlpha / (rankStabilised ? Math.sqrt(ownRank) : ownRank), dora, branchBias, transposed);
    }
}
