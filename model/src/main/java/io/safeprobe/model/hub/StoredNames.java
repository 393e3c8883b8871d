package io.safeprobe.model.hub;

import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Under which name a folder stores each weight: as {@link WeightNames} says, without their prefix where the decoder was saved
 * without its head, or, for a tied embedding, as the head.
 *
 * @param names stored name of each weight of the decoder
 * @param unused stored tensors that the decoder has no use for
 */
record StoredNames(Map<String, String> names, List<String> unused) {
    /**
     * Finds every weight.
     *
     * @throws ModelException naming a weight that is missing, or a tensor inside a layer that the decoder would pass over
     */
    static StoredNames find(Path folder, DecoderConfig config, Set<String> wanted, Map<String, Tensor> stored) {
        Map<String, String> names = new LinkedHashMap<>();
        String head = WeightNames.weight(config.names().head());
        for (String name : wanted) {
            String found = find(config, name, stored.keySet());
            if (found == null) {
                throw new ModelException(folder + ": the weights lack '" + name + "', which config.json asks for"
                        + (name.equals(head) ? "; if the head is the embedding, set tie_word_embeddings to true" : ""));
            }
            names.put(name, found);
        }
        Set<String> unused = new TreeSet<>(stored.keySet());
        unused.removeAll(names.values());
        unused.removeIf(name -> config.names().buffers().stream().anyMatch(name::endsWith));
        if (config.tiedHead() && unused.remove(head)) {
            String embedding = WeightNames.weight(config.names().embedding());
            requireSame(folder, head, names.getOrDefault(embedding, embedding), stored);
        }
        for (String name : unused) {
            requireOutside(folder, config, name);
        }
        return new StoredNames(names, List.copyOf(unused));
    }

    private static @Nullable String find(DecoderConfig config, String name, Set<String> stored) {
        if (stored.contains(name)) {
            return name;
        }
        String bare = withoutPrefix(config, name);
        if (stored.contains(bare)) {
            return bare;
        }
        String head = WeightNames.weight(config.names().head());
        boolean tied = config.tiedHead() && name.equals(WeightNames.weight(config.names().embedding())) && stored.contains(head);
        return tied ? head : null;
    }

    private static String withoutPrefix(DecoderConfig config, String name) {
        String prefix = config.names().prefix();
        return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
    }

    /** transformers 4 would take the embedding for both, transformers 5 each for itself. */
    private static void requireSame(Path folder, String head, String embedding, Map<String, Tensor> stored) {
        Tensor first = stored.get(embedding);
        Tensor second = stored.get(head);
        boolean same = first != null && second != null && first.dtype() == second.dtype() && first.data().mismatch(second.data()) == -1;
        if (!same) {
            throw new ModelException(folder + ": config.json ties the head to the embedding, but '" + head + "' and '" + embedding
                    + "' differ; set tie_word_embeddings to false to use both, or remove the one that is not meant");
        }
    }

    /** A bias or norm that is passed over would change every result. Tensors elsewhere, as of layers beyond the last, do no harm. */
    private static void requireOutside(Path folder, DecoderConfig config, String name) {
        String inner = withoutPrefix(config, name);
        for (int layer = 0; layer < config.layers(); layer++) {
            if (inner.startsWith(withoutPrefix(config, config.names().module(layer, "")))) {
                throw new ModelException(folder + ": the decoder of " + config.architecture() + " as config.json describes it has no place for '" + name
                        + "'; without it results would be wrong");
            }
        }
    }
}
