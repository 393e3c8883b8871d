package io.safeprobe.model.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.chat.Chat;
import io.safeprobe.model.chat.ChatEncoder;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.Labels;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.decoder.Weights;
import io.safeprobe.model.generate.GenerationFile;
import io.safeprobe.model.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A model folder as Hugging Face writes it, open: weights mapped from safetensors, configuration, tokenizer, chat template and
 * generation defaults. It is a language model, or a classifier where it has {@link #labels}.
 */
public final class ModelFolder implements AutoCloseable {
    private final Path path;
    private final DecoderConfig config;
    private final @Nullable Labels labels;
    private final Weights weights;
    private final @Nullable Tokenizer tokenizer;
    private final @Nullable Chat chat;
    private final GenerationFile generation;
    private final StoredNames names;
    private final Shards shards;
    private final Scope scope;

    private ModelFolder(Path path, DecoderConfig config, @Nullable Labels labels, Shards shards, Scope scope, Kernels kernels, StoredType type) {
        this.path = path;
        this.config = config;
        this.labels = labels;
        this.shards = shards;
        this.scope = scope;
        this.names = StoredNames.find(path, config, weightShapes().keySet(), shards.tensors());
        this.weights = load(kernels, type);
        this.tokenizer = Files.isRegularFile(path.resolve("tokenizer.json")) ? Tokenizer.open(path) : null;
        this.chat = tokenizer == null ? null : Chat.find(path, tokenizer.namedTokens());
        this.generation = new GenerationFile(
                generation(path), Set.copyOf(config.endIds()), tokenizer == null ? Set.of() : tokenizer.endId().stream().boxed().collect(Collectors.toSet()));
    }

    /**
     * Opens a folder. Costs no copy of the weights unless {@code type} asks for another type than the stored one, or they are stored in F64, which no kernel
     * computes in: they are narrowed to F32 then.
     *
     * @throws ModelException naming the file at fault, for anything that is missing, damaged, contradictory or not supported
     */
    public static ModelFolder open(Memory memory, Kernels kernels, Path path, StoredType type) {
        if (!Files.isDirectory(path)) {
            throw new ModelException(path + " is not a folder; give the folder that holds config.json and model.safetensors");
        }
        if (Files.isRegularFile(path.resolve("adapter_config.json")) && !Files.isRegularFile(path.resolve("config.json"))) {
            throw new ModelException(path + " is an adapter, not a model; open its base model with --adapter " + path);
        }
        DecoderConfig config = ConfigFile.decoder(path.resolve("config.json"));
        Labels labels = ConfigFile.labels(path.resolve("config.json")).orElse(null);
        Shards shards = Shards.open(memory, path);
        Scope scope = memory.scope();
        try {
            return new ModelFolder(path, config, labels, shards, scope, kernels, type);
        } catch (RuntimeException failure) {
            scope.close();
            shards.close();
            throw failure;
        }
    }

    /** Names and shapes of the weights: a classifier has a head of its own. */
    private Map<String, long[]> weightShapes() {
        Map<String, long[]> shapes = config.weightShapes();
        if (labels != null) {
            shapes.remove(WeightNames.weight(config.names().head()));
            shapes.put(Labels.HEAD, new long[] {labels.names().size(), config.hidden()});
        }
        return shapes;
    }

    private Weights load(Kernels kernels, StoredType type) {
        Map<String, Tensor> loaded = new LinkedHashMap<>();
        weightShapes().forEach((name, extents) -> {
            Tensor stored = stored(name);
            Shape shape = Shape.of(extents);
            if (!stored.shape().equals(shape)) {
                throw new ModelException(path + ": '" + name + "' has shape " + stored.shape() + " but config.json asks for " + shape);
            }
            if (!stored.dtype().floating()) {
                throw new ModelException(path + ": '" + name + "' is stored as " + stored.dtype()
                        + "; only F32, F16, BF16 and F64 weights are supported, so get the weights in BF16, F16 or F32, or convert them");
            }
            // Vectors are tiny and every kernel wants them wide.
            DType wanted = shape.rank() == 1 ? DType.F32 : type.of(stored.dtype());
            boolean there = stored.dtype() == wanted && stored.device().equals(kernels.device());
            loaded.put(name, there ? stored : converted(kernels, stored, wanted));
        });
        return new Weights(scope, loaded);
    }

    /** In another type, or where the kernels compute, sent in the type it is kept in. */
    private Tensor converted(Kernels kernels, Tensor stored, DType wanted) {
        Tensor copy = Tensor.allocate(scope, wanted, stored.shape());
        kernels.apply(new Update.Copy(), copy, stored);
        return copy;
    }

    private static JsonNode generation(Path path) {
        Path file = path.resolve("generation_config.json");
        return Files.isRegularFile(file) ? ConfigFile.json(file) : MissingNode.getInstance();
    }

    /** The folder. */
    public Path path() {
        return path;
    }

    /** The decoder's description. */
    public DecoderConfig config() {
        return config;
    }

    /** The labels of a classifier; empty for a language model. */
    public Optional<Labels> labels() {
        return Optional.ofNullable(labels);
    }

    /** The frozen weights. */
    public Weights weights() {
        return weights;
    }

    /** The tokenizer. */
    public Tokenizer tokenizer() {
        if (tokenizer == null) {
            throw new ModelException(path + " has no tokenizer.json; without it only rows with input_ids and labels can be used");
        }
        return tokenizer;
    }

    /** Whether the folder has a tokenizer. */
    public boolean hasTokenizer() {
        return tokenizer != null;
    }

    /** Whether the folder has a chat template. */
    public boolean hasChatTemplate() {
        return chat != null;
    }

    /** Conversations to token ids by this model's template and tokenizer. */
    public ChatEncoder encoder() {
        return new ChatEncoder(tokenizer(), chat);
    }

    /** How this folder wants responses to be generated. */
    public GenerationFile generation() {
        return generation;
    }

    /** Stored tensors that the decoder has no use for. */
    public List<String> unusedTensors() {
        return names.unused();
    }

    /** Number of weights, a tied head counted once. */
    public long parameters() {
        return weights.all().values().stream().mapToLong(Tensor::elements).sum();
    }

    /** The type most weights are kept in. */
    public DType dtype() {
        return weights.get(WeightNames.weight(config.names().linears(0).getFirst())).dtype();
    }

    /** The type most weights are stored in. */
    public DType storedType() {
        return stored(WeightNames.weight(config.names().linears(0).getFirst())).dtype();
    }

    /** Files of the folder that belong to the model but are not its weights; a merged folder takes them over. */
    List<Path> companions() {
        List<Path> files = new ArrayList<>();
        for (String name : List.of("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                "tokenizer.model", "vocab.json", "merges.txt", "added_tokens.json", "chat_template.jinja", "chat_template.json")) {
            if (Files.isRegularFile(path.resolve(name))) {
                files.add(path.resolve(name));
            }
        }
        return files;
    }

    /** A weight of the decoder as stored in the file, whatever type the model was opened in. */
    Tensor stored(String name) {
        Tensor stored = shards.tensors().get(names.names().getOrDefault(name, name));
        if (stored == null) {
            throw new ModelException(path + ": the weights lack '" + name + "'");
        }
        return stored;
    }

    @Override
    public void close() {
        if (tokenizer != null) {
            tokenizer.close();
        }
        scope.close();
        shards.close();
    }
}
