package io.safeprobe.model.gguf;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Deferred;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraModule;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/** A LoRA adapter as a GGUF file, which llama.cpp puts on top of a GGUF file of the base model ({@code --lora}). */
public final class GgufAdapter {
    private GgufAdapter() {}

    /**
     * Writes an adapter. llama.cpp's factor on {@code B A} is alpha by rank, whatever the adapter's own rule, so B takes up what is left.
     *
     * @param name general.name
     * @param dtype type of the matrices: F32, F16 or BF16
     * @throws ModelException for an architecture that is not supported
     */
    public static void write(Memory memory, DecoderConfig config, LoraAdapter adapter, String name, DType dtype, Path file) {
        Dialect dialect = Dialect.of(config);
        requirePlain(adapter);
        if (!dialect.storesHead(config) && adapter.changesTiedHead()) {
            throw new ModelException("llama.cpp puts an adapter on the tensors of the model's file, which has none for " + config.names().head()
                    + ", tied to the embedding; leave --adapter out to write the model with the adapter folded in");
        }
        LoraModule first = adapter.modules().getFirst();
        double alpha = first.scale() * first.rank();
        Metadata metadata = new Metadata().text("general.architecture", dialect.name()).text("general.type", "adapter").text("general.name", name);
        metadata.text("adapter.type", "lora").real("adapter.lora.alpha", alpha);
        Rows rows = new Rows(memory);
        Map<String, Deferred> tensors = new LinkedHashMap<>();
        for (LoraModule module : adapter.modules()) {
            String weight = WeightNames.weight(module.module());
            String gguf = dialect.tensorName(weight);
            tensors.put(gguf + ".lora_a", rows.of(module.aName(), Deferred.of(adapter.tensor(module.aName())), dtype, LongUnaryOperator.identity(), 1));
            tensors.put(gguf + ".lora_b", rows.of(module.bName(), Deferred.of(adapter.tensor(module.bName())), dtype, GgufModel.order(dialect, config, weight),
                    module.scale() * module.rank() / (float) alpha));
        }
        GgufFile.write(file, metadata, tensors);
    }

    private static void requirePlain(LoraAdapter adapter) {
        boolean dora = adapter.modules().stream().anyMatch(LoraModule::dora);
        boolean biased = adapter.modules().stream().anyMatch(LoraModule::bias);
        if (dora || biased || !adapter.copies().isEmpty()) {
            throw new ModelException("a GGUF adapter holds A and B of its branches only, but this one has "
                    + (dora ? "magnitudes (DoRA)" : biased ? "biases on its branches" : "copies of " + adapter.copies().keySet().stream().limit(4).toList())
                    + "; leave --adapter out to write the model with the adapter folded in");
        }
    }
}
