package io.safeprobe.model.lora;

import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import java.util.ArrayList;
import java.util.List;

/**
 * What adapter_config.json says.
 *
 * @param rank r
 * @param alpha lora_alpha
 * @param dropout probability of zeroing an input of A while training
 * @param targets last parts of module names, such as q_proj
 * @param rankStabilised whether the scale is alpha / sqrt(r) (arXiv 2312.03732)
 * @param baseModel name or path of the model the adapter belongs to; informative
 */
public record LoraConfig(int rank, double alpha, double dropout, List<String> targets, boolean rankStabilised, String baseModel) {
    /** Checks the numbers. */
    public LoraConfig {
        targets = List.copyOf(targets);
        if (rank <= 0 || !(alpha > 0) || !(dropout >= 0 && dropout < 1) || targets.isEmpty()) {
            throw new ModelException("LoRA needs rank > 0, alpha > 0, 0 <= dropout < 1 and at least one target, not rank " + rank + ", alpha " + alpha
                    + ", dropout " + dropout + ", targets " + targets);
        }
    }

    /** The factor on the low-rank branch. */
    public double scale() {
        return alpha / (rankStabilised ? Math.sqrt(rank) : rank);
    }

    /**
     * The branches on a model, in layer order.
     *
     * @throws ModelException when a target names no linear layer, listing those there are
     */
    public List<LoraModule> modules(DecoderConfig model) {
        for (String target : targets) {
            if (!model.names().linear().contains(target)) {
                throw new ModelException("LoRA target '" + target + "' names no linear layer of this model; choose from " + model.names().linear());
            }
        }
        List<LoraModule> modules = new ArrayList<>();
        for (int layer = 0; layer < model.layers(); layer++) {
            for (String module : model.names().linears(layer)) {
                if (targets.contains(module.substring(module.lastIndexOf('.') + 1))) {
                    modules.add(new LoraModule(module, rank, scale()));
                }
            }
        }
        return List.copyOf(modules);
    }
}
