package io.safeprobe.model.hub;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The safetensors files of a folder: model.safetensors, or shards with an index. */
final class Shards implements AutoCloseable {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    private Shards() {}

    static Shards open(Memory memory, Path folder) {
        Shards shards = new Shards();
        try {
            if (Files.isRegularFile(folder.resolve(INDEX))) {
                shards.openIndexed(memory, folder);
            } else if (Files.isRegularFile(folder.resolve(SINGLE))) {
                shards.add(memory, folder.resolve(SINGLE));
            } else {
                throw new ModelException(folder + " has neither " + SINGLE + " nor " + INDEX
                        + "; weights in other formats must be converted to safetensors first");
            }
            return shards;
        } catch (RuntimeException failure) {
            shards.close();
            throw failure;
        }
    }

    private void openIndexed(Memory memory, Path folder) {
        JsonNode map = ConfigFile.json(folder.resolve(INDEX)).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new ModelException(folder.resolve(INDEX) + " has no weight_map; the file is damaged, get it again");
        }
        Map<String, String> fileOf = new TreeMap<>();
        map.properties().forEach(item -> fileOf.put(item.getKey(), item.getValue().asText()));
        for (String name : fileOf.values().stream().distinct().sorted().toList()) {
            if (!Path.of(name).equals(Path.of(name).getFileName())) {
                throw new ModelException(folder.resolve(INDEX) + " names the shard '" + name + "' outside its folder");
            }
            add(memory, folder.resolve(name));
        }
        fileOf.forEach((tensor, file) -> {
            if (!tensors.containsKey(tensor)) {
                throw new ModelException(folder.resolve(file) + " lacks the tensor '" + tensor + "' that the index promises; get the shard again");
            }
        });
    }

    private void add(Memory memory, Path path) {
        SafetensorsFile file = SafetensorsFile.open(memory, path);
        files.add(file);
        file.tensors().forEach((name, tensor) -> {
            if (tensors.put(name, tensor) != null) {
                throw new ModelException(path + " holds the tensor '" + name + "', which another shard holds too");
            }
        });
    }

    Map<String, Tensor> tensors() {
        return tensors;
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
