package io.safeprobe.model.gguf;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Deferred;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.RopeScaling;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.Tuning;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongUnaryOperator;

/**
 * A model as one GGUF file: keys and tensor names of llama.cpp, vectors in float32, matrices in the type asked for.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>
 */
public final class GgufModel {
    private GgufModel() {}

    /**
     * Writes {@code model} with {@code tuning} folded in.
     *
     * @param name general.name
     * @param dtype type of the matrices: F32, F16 or BF16
     * @param tokenizer whether the file gets the tokenizer; without one it takes token ids only
     * @throws ModelException for what llama.cpp would compute otherwise or cannot load, by name
     */
    public static void write(Memory memory, ModelFolder model, Tuning tuning, String name, DType dtype, boolean tokenizer, Path file) {
        DecoderConfig config = model.config();
        Dialect dialect = Dialect.of(config);
        Metadata metadata = new Metadata().text("general.architecture", dialect.name()).text("general.type", "model").text("general.name", name);
        metadata.number("general.file_type", fileType(dtype));
        describe(metadata, dialect, config);
        if (tokenizer) {
            Vocabulary.of(model).describe(metadata);
        } else {
            metadata.text("tokenizer.ggml.model", "no_vocab");
        }
        GgufFile.write(file, metadata, tensors(memory, model, tuning, dialect, dtype));
    }

    private static int fileType(DType dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 32;
            case F64, I64, I32, U8, BOOL -> throw new ModelException("a GGUF file is written in f32, f16 or bf16, not in " + dtype.shortName());
        };
    }

    private static void describe(Metadata metadata, Dialect dialect, DecoderConfig config) {
        metadata.number(dialect.key("vocab_size"), config.vocabulary());
        metadata.number(dialect.key("context_length"), Dialect.context(config));
        metadata.number(dialect.key("embedding_length"), config.hidden());
        metadata.number(dialect.key("block_count"), config.layers());
        metadata.number(dialect.key("feed_forward_length"), config.ffn());
        metadata.number(dialect.key("attention.head_count"), config.heads());
        metadata.number(dialect.key("attention.head_count_kv"), config.kvHeads());
        metadata.number(dialect.key("attention.key_length"), config.headSize());
        metadata.number(dialect.key("attention.value_length"), config.headSize());
        metadata.real(dialect.key("attention.layer_norm_rms_epsilon"), config.normEpsilon());
        metadata.number(dialect.key("rope.dimension_count"), config.headSize());
        metadata.real(dialect.key("rope.freq_base"), config.ropeTheta());
        switch (config.ropeScaling()) {
            case RopeScaling.Linear(double factor) ->
                metadata.text(dialect.key("rope.scaling.type"), "linear").real(dialect.key("rope.scaling.factor"), factor);
            case RopeScaling.Yarn yarn -> {
                metadata.text(dialect.key("rope.scaling.type"), "yarn").real(dialect.key("rope.scaling.factor"), yarn.factor());
                metadata.number(dialect.key("rope.scaling.original_context_length"), yarn.original());
                // llama.cpp multiplies the paper's temperature itself.
                double temperature = 0.1 * Math.log(yarn.factor()) + 1;
                metadata.real(dialect.key("rope.scaling.attn_factor"), yarn.attentionFactor() / temperature);
            }
            // These are in the tensor rope_freqs, or not there at all: Dialect lets no other pass.
            case RopeScaling.None none -> {}
            case RopeScaling.Llama3 llama3 -> {}
            case RopeScaling.Dynamic dynamic -> {}
            case RopeScaling.LongRope longRope -> {}
        }
    }

    private static Map<String, Deferred> tensors(Memory memory, ModelFolder model, Tuning tuning, Dialect dialect, DType dtype) {
        DecoderConfig config = model.config();
        Rows rows = new Rows(memory);
        Map<String, Deferred> tensors = new LinkedHashMap<>();
        Map<String, Deferred> weights = tuning.folded(memory, model);
        weights.forEach((weight, tensor) -> tensors.put(dialect.tensorName(weight),
                rows.of(weight, tensor, tensor.shape().rank() == 1 ? DType.F32 : dtype, order(dialect, config, weight), 1)));
        if (dialect.storesHead(config)) {
            String embedding = WeightNames.weight(config.names().embedding());
            tensors.putIfAbsent("output.weight", rows.of(embedding, Objects.requireNonNull(weights.get(embedding)), dtype, LongUnaryOperator.identity(), 1));
        }
        if (config.ropeScaling() instanceof RopeScaling.Llama3 llama3) {
            tensors.put("rope_freqs.weight", divisors(memory, config, llama3));
        }
        return tensors;
    }

    /** Where each row of a weight comes from. */
    static LongUnaryOperator order(Dialect dialect, DecoderConfig config, String weight) {
        boolean rotated = weight.contains(".q_proj.") || weight.contains(".k_proj.");
        return dialect.interleaved() && rotated ? Rows.interleaved(config.headSize()) : LongUnaryOperator.identity();
    }

    /** What each rotary frequency is divided by, {@code [head / 2]}. */
    private static Deferred divisors(Memory memory, DecoderConfig config, RopeScaling.Llama3 scaling) {
        double[] plain = new RopeScaling.None().frequencies(config.ropeTheta(), config.headSize(), config.maxPositions());
        double[] stretched = scaling.frequencies(config.ropeTheta(), config.headSize(), config.maxPositions());
        return Deferred.made(memory, DType.F32, Shape.of(plain.length), (Tensor target) -> {
            for (int i = 0; i < plain.length; i++) {
                target.set(i, plain[i] / stretched[i]);
            }
        });
    }
}
