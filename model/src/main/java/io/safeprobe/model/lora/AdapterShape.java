package io.safeprobe.model.lora;

import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a configuration comes to on a model, by PEFT's rules of matching (peft/tuners/tuners_utils.py, check_target_module_exists).
 *
 * @param modules the branches, in layer order, that of the head last
 * @param copies weights of the model of which the adapter has copies, and their names in the adapter
 */
record AdapterShape(List<LoraModule> modules, Map<String, String> copies) {
    /**
     * @param fresh whether a name that means nothing is an error; PEFT passes over it, so stored adapters may have some
     * @throws ModelException naming what cannot be adapted
     */
    static AdapterShape of(LoraConfig config, DecoderConfig model, boolean fresh) {
        String embedding = model.names().embedding();
        String head = model.names().head();
        List<String> linears = new ArrayList<>();
        for (int layer = 0; layer < model.layers(); layer++) {
            linears.addAll(model.names().linears(layer));
        }
        if (chosen(config, embedding) && !(config.where().targets() instanceof Targets.AllLinear)) {
            throw new ModelException("LoRA on the embedding ('" + config.where().targets() + "' means " + embedding
                    + ") is not supported; train it whole by modules_to_save, or leave it out");
        }
        if (fresh) {
            requireTargets(config.where().targets(), linears, head);
        }
        List<LoraModule> modules = new ArrayList<>();
        for (String module : linears) {
            if (chosen(config, module)) {
                modules.add(config.branch(module, model.variant().projection().transposed()));
            }
        }
        if (!(config.where().targets() instanceof Targets.AllLinear) && chosen(config, head)) {
            modules.add(config.branch(head, false));
        }
        if (modules.isEmpty()) {
            throw new ModelException("no layer is left to adapt: targets " + config.where().targets() + ", excluded " + config.where().exclude() + ", layers "
                    + config.where().layers() + " of " + model.layers() + ", saved whole " + config.modulesToSave());
        }
        return new AdapterShape(List.copyOf(modules), copies(config, model, modules, fresh));
    }

    /** Shapes of everything an adapter can have a copy of: the weights, and a head of its own where that is tied. */
    static Map<String, long[]> weightShapes(DecoderConfig model) {
        Map<String, long[]> shapes = model.weightShapes();
        long[] embedding = shapes.get(WeightNames.weight(model.names().embedding()));
        if (embedding != null) {
            shapes.putIfAbsent(WeightNames.weight(model.names().head()), embedding);
        }
        return shapes;
    }

    private static void requireTargets(Targets targets, List<String> linears, String head) {
        List<String> names = targets instanceof Targets.Names(var given) ? given : List.of();
        for (String name : names) {
            boolean known = Targets.Names.reaches(name, head) || linears.stream().anyMatch(module -> Targets.Names.reaches(name, module));
            if (!known) {
                throw new ModelException("LoRA target '" + name + "' names no linear layer of this model; choose from " + kinds(linears) + ", or all-linear");
            }
        }
    }

    private static String kinds(List<String> linears) {
        return linears.stream().map(module -> module.substring(module.lastIndexOf('.') + 1)).distinct().collect(Collectors.joining(", "));
    }

    private static boolean chosen(LoraConfig config, String module) {
        LoraConfig.Where where = config.where();
        boolean excluded = where.exclude() != null && where.exclude().matches(module);
        boolean saved = config.modulesToSave().stream().anyMatch(name -> module.matches("(^|.*\\.)" + name + "($|\\..*)"));
        if (excluded || saved || !where.targets().matches(module)) {
            return false;
        }
        boolean whole = where.targets() instanceof Targets.Names names && names.namesWhole(module);
        return where.layers().isEmpty() || whole || where.layers().contains(layer(where.layersPattern(), module));
    }

    /** The first number after the name of a list of layers, or after any name; -1 where there is none. */
    private static int layer(List<String> patterns, String module) {
        List<String> expressions = patterns.isEmpty()
                ? List.of(".*?\\.[^.]*\\.(?<idx>\\d+)\\.")
                : patterns.stream().map(pattern -> "(?:^|.*?\\.)" + pattern + "\\.(?<idx>\\d+)\\.").toList();
        for (String expression : expressions) {
            Matcher matcher = Pattern.compile(expression).matcher(module);
            if (matcher.lookingAt()) {
                return Integer.parseInt(matcher.group("idx"));
            }
        }
        return -1;
    }

    private static Map<String, String> copies(LoraConfig config, DecoderConfig model, List<LoraModule> modules, boolean fresh) {
        Set<String> adapted = modules.stream().map(LoraModule::module).collect(Collectors.toSet());
        Map<String, String> copies = new LinkedHashMap<>();
        for (String name : config.modulesToSave()) {
            boolean found = false;
            for (String weight : weightShapes(model).keySet()) {
                if (inside(name, weight)) {
                    found = true;
                    if (adapted.contains(module(weight))) {
                        throw new ModelException("modules_to_save '" + name + "' means " + module(weight) + ", which is to be adapted as well; leave it out of one of them");
                    }
                    copies.put(weight, LoraModule.copyName(weight, false));
                }
            }
            if (fresh && !found) {
                throw new ModelException("modules_to_save '" + name + "' names no module of this model; " + model.names().head() + " and " + model.names().embedding()
                        + " are some, or any of its layers");
            }
        }
        for (String weight : model.weightShapes().keySet()) {
            boolean onBranch = adapted.contains(module(weight));
            boolean wanted = switch (config.bias()) {
                case NONE -> false;
                case ALL -> true;
                case LORA_ONLY -> onBranch;
            };
            if (wanted && weight.endsWith(".bias")) {
                copies.putIfAbsent(weight, LoraModule.copyName(weight, onBranch));
            }
        }
        return copies;
    }

    /** Whether a module around a weight has a path that ends in {@code name}; as in PEFT, also within a word: norm means input_layernorm too. */
    private static boolean inside(String name, String weight) {
        for (int dot = weight.lastIndexOf('.'); dot > 0; dot = weight.lastIndexOf('.', dot - 1)) {
            if (weight.substring(0, dot).endsWith(name)) {
                return true;
            }
        }
        return false;
    }

    private static String module(String weight) {
        return weight.substring(0, weight.lastIndexOf('.'));
    }
}
