package io.safeprobe.shell.report;

import io.safeprobe.model.lora.LoraConfig;
import java.util.ArrayList;
import java.util.List;

/** An adapter in a few words. */
public final class AdapterText {
    private AdapterText() {}

    /** What an adapter consists of. */
    public static String of(LoraConfig config) {
        List<String> more = new ArrayList<>();
        if (config.rankStabilised()) {
            more.add("rank-stabilised");
        }
        if (!config.where().layers().isEmpty()) {
            more.add("layers " + String.join(", ", config.where().layers().stream().map(String::valueOf).toList()));
        }
        if (!config.modulesToSave().isEmpty()) {
            more.add(String.join(", ", config.modulesToSave()) + " whole");
        }
        if (config.bias() != LoraConfig.Bias.NONE) {
            more.add("bias " + config.bias());
        }
        return (config.dora() ? "DoRA" : "LoRA") + " r " + config.rank() + " on " + config.where().targets() + (more.isEmpty() ? "" : ", " + String.join(", ", more));
    }
}
