package io.safeprobe.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** A model folder with the numbers that PyTorch gave for it in float64; see testdata/golden/README.md. */
public final class Golden implements AutoCloseable {
    /** Model folders of testdata/golden: each architecture, and each rotary scaling. */
    public static final List<String> FOLDERS = List.of("tiny-llama", "tiny-llama-tied", "tiny-llama-bias", "rope-linear", "rope-dynamic", "rope-yarn", "rope-llama3",
            "rope-longrope", "tiny-mistral", "tiny-mistral-window", "tiny-qwen2", "tiny-qwen2-window", "tiny-qwen3", "tiny-olmo2", "tiny-smollm3", "tiny-phi3",
            "tiny-phi3-longrope", "tiny-neox", "tiny-neox-serial", "tiny-gpt2", "tiny-gemma3", "tiny-gemma2");

    /** Adapters on every linear layer of the folder that their name begins with. */
    public static final List<String> ADAPTERS = List.of("tiny-phi3-peft", "tiny-neox-peft", "tiny-gpt2-peft", "tiny-gemma3-peft", "tiny-gemma2-peft");

    public final Memory memory = Memory.ofLimit(2L << 30);
    public final Kernels kernels;
    public final ModelFolder model;
    public final JsonNode json;
    public final SafetensorsFile tensors;

    private Golden(Kernels kernels, Path folder, Path json, Path tensors) {
        this.kernels = kernels;
        this.model = ModelFolder.open(memory, kernels, folder, StoredType.AUTO);
        this.json = ConfigFile.json(json);
        this.tensors = SafetensorsFile.open(memory, tensors);
    }

    /** A folder of testdata/golden on the scalar kernels. */
    public static Golden open(String name) {
        return open(name, new ReferenceKernels());
    }

    public static Golden open(String name, Kernels kernels) {
        Path folder = path(name);
        return new Golden(kernels, folder, folder.resolve("golden.json"), folder.resolve("golden.safetensors"));
    }

    /** The numbers of an adapter folder together with its base model. */
    public static Golden adapter(String name, Kernels kernels) {
        return new Golden(kernels, path(name.replace("-peft", "")), path(name).resolve("golden.json"), path(name).resolve("golden.safetensors"));
    }

    /** stories260K with its golden numbers; the test is skipped where the data is not at hand. */
    public static Golden stories(Kernels kernels) {
        Path models = shared("models");
        return new Golden(kernels, models.resolve("stories260K"), models.resolve("stories260K.golden.json"), models.resolve("stories260K.golden.safetensors"));
    }

    public static Path path(String name) {
        return root().resolve("testdata/golden").resolve(name);
    }

    public static Path root() {
        return Path.of(System.getProperty("safeprobe.root"));
    }

    /** A folder of the data that stands beside the project. */
    public static Path shared(String name) {
        Path path = root().resolve("../shared/data").resolve(name);
        Assumptions.assumeTrue(Files.exists(path), "skipped: " + name + " of ../shared/data is not at hand");
        return path;
    }

    public Tensor tensor(String name) {
        Tensor tensor = tensors.tensors().get(name);
        if (tensor == null) {
            throw new AssertionError("the golden file has no " + name + ", only " + tensors.tensors().keySet());
        }
        return tensor;
    }

    public int[] ids(String key) {
        return ints(json.path(key));
    }

    public static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt();
        }
        return values;
    }

    @Override
    public void close() {
        tensors.close();
        model.close();
        memory.close();
    }
}
