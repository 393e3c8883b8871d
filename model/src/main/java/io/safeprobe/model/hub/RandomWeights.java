package io.safeprobe.model.hub;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.safetensors.SafetensorsWriter;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.Variant;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Weights of a model that has learnt nothing: where pretraining begins, and good enough to measure speed with. */
public final class RandomWeights {
    private static final double DEVIATION = 0.02;

    private RandomWeights() {}

    /**
     * Writes {@code model.safetensors} into a folder that has its config.json: norms change nothing, biases 0, all else normally distributed with deviation 0.02.
     *
     * @param dtype the type they are stored in
     */
    public static void write(Memory memory, Path folder, DType dtype, long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        try (Scope scope = memory.processScope()) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            DecoderConfig config = ConfigFile.decoder(folder.resolve("config.json"));
            double norm = config.variant().norm() == Variant.Norm.RMS_PLUS_ONE ? 0 : 1;
            config.weightShapes().forEach((name, extents) -> {
                Tensor weight = Tensor.allocate(scope, dtype, Shape.of(extents));
                for (long i = 0; i < weight.elements(); i++) {
                    weight.set(i, name.endsWith(".bias") ? 0 : extents.length == 1 ? norm : random.nextGaussian() * DEVIATION);
                }
                weights.put(name, weight);
            });
            SafetensorsWriter.write(folder.resolve("model.safetensors"), weights, Map.of("format", "pt"));
        }
    }
}
