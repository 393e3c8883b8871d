package io.safeprobe.model.hub;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.safetensors.SafetensorsWriter;
import io.safeprobe.engine.tensor.Deferred;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Writes a full model folder: the weights of a model, an adapter folded in or trained weights in place of its own. One tensor at a time is in
 * memory. The folder is written aside and renamed, so that what stands there is whole.
 */
public final class MergedFolder {
    /** Bytes of a file of weights, from which on there are several: what transformers took for years, and what every file system and host can carry. */
    private static final long LARGEST_FILE = 5_000_000_000L;

    private static final JsonMapper JSON = new JsonMapper();

    private MergedFolder() {}

    /**
     * Writes {@code model} with {@code tuning} folded in, in the base's types, with its configuration and tokenizer.
     *
     * @param card text of its README.md
     * @throws ModelException when the folder exists and is not empty, or cannot be written
     */
    public static void write(Memory memory, ModelFolder model, Tuning tuning, String card, Path target) {
        write(memory, model, tuning, card, target, LARGEST_FILE);
    }

    static void write(Memory memory, ModelFolder model, Tuning tuning, String card, Path target, long largestFile) {
        Path aside = target.resolveSibling(target.getFileName() + ".part");
        try {
            requireEmpty(target);
            // An earlier writing may have been cut short.
            remove(aside);
            Files.createDirectories(aside);
            try {
                Map<String, Deferred> weights = tuning.folded(memory, model);
                writeWeights(aside, weights, largestFile);
                for (Path file : model.companions()) {
                    Files.copy(file, aside.resolve(file.getFileName()));
                }
                if (model.config().tiedHead() && weights.containsKey(WeightNames.weight(model.config().names().head()))) {
                    untie(aside.resolve("config.json"));
                }
                Files.writeString(aside.resolve("README.md"), card);
                Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException | RuntimeException failure) {
                remove(aside);
                throw failure;
            }
        } catch (IOException failure) {
            throw new ModelException(target + " cannot be written: " + failure.getMessage() + "; free some space or choose another folder", failure);
        }
    }

    private static void untie(Path config) throws IOException {
        ObjectNode json = (ObjectNode) ConfigFile.json(config);
        Files.writeString(config, json.put("tie_word_embeddings", false).toPrettyString() + "\n");
    }

    private static void requireEmpty(Path target) throws IOException {
        if (!Files.exists(target)) {
            return;
        }
        if (Files.isDirectory(target)) {
            try (Stream<Path> entries = Files.list(target)) {
                if (entries.findAny().isEmpty()) {
                    return;
                }
            }
        }
        throw new ModelException(target + " exists and is not empty; choose another folder");
    }

    private static void writeWeights(Path folder, Map<String, Deferred> weights, long largestFile) throws IOException {
        List<Map<String, Deferred>> files = divided(weights, largestFile);
        if (files.size() == 1) {
            SafetensorsWriter.writeDeferred(folder.resolve(Shards.SINGLE), weights, Map.of("format", "pt"));
            return;
        }
        ObjectNode index = JSON.createObjectNode();
        index.putObject("metadata").put("total_parameters", weights.values().stream().mapToLong(weight -> weight.shape().elements()).sum())
                .put("total_size", weights.values().stream().mapToLong(Deferred::byteSize).sum());
        ObjectNode map = index.putObject("weight_map");
        for (int i = 0; i < files.size(); i++) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, files.size());
            SafetensorsWriter.writeDeferred(folder.resolve(name), files.get(i), Map.of("format", "pt"));
            files.get(i).keySet().forEach(weight -> map.put(weight, name));
        }
        Files.writeString(folder.resolve(Shards.INDEX), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(index) + "\n");
    }

    /** In order, a new file where the next weight would not fit; a weight larger than a file has one of its own. */
    private static List<Map<String, Deferred>> divided(Map<String, Deferred> weights, long largestFile) {
        List<Map<String, Deferred>> files = new ArrayList<>(List.of(new LinkedHashMap<>()));
        long size = 0;
        for (Map.Entry<String, Deferred> weight : weights.entrySet()) {
            long bytes = weight.getValue().byteSize();
            if (size > 0 && size + bytes > largestFile) {
                files.add(new LinkedHashMap<>());
                size = 0;
            }
            files.getLast().put(weight.getKey(), weight.getValue());
            size += bytes;
        }
        return files;
    }

    private static void remove(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path entry : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(entry);
            }
        }
    }
}
