package io.safeprobe.shell.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.hub.RandomWeights;
import io.safeprobe.shell.report.Numbers;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Folders;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a model of a reference size. */
@Command(name = "new", description = {"Write a Llama folder with random weights, to measure with.",
    "24m: hidden 288, 6 layers, 6 heads, ffn 768, F32. 1.1b: hidden 2048, 22 layers, 32 heads on 4, ffn 5632, BF16. Vocabulary 32,000, untied head."})
final class BenchNewCommand implements Callable<Integer> {
    private static final int VOCABULARY = 32_000;
    private static final int CONTEXT = 2048;
    private static final long SEED = 42;
    private static final List<String> TOKENIZER = List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
            "chat_template.jinja", "chat_template.json");

    /** The reference sizes. */
    private record Size(String name, int hidden, int layers, int heads, int kvHeads, int ffn, DType dtype) {}

    private static final List<Size> SIZES = List.of(new Size("24m", 288, 6, 6, 6, 768, DType.F32), new Size("1.1b", 2048, 22, 32, 4, 5632, DType.BF16));

    private final Session session;

    @Parameters(index = "0", paramLabel = "SIZE", description = "24m or 1.1b.")
    private String size = "";

    @Parameters(index = "1", paramLabel = "DIR", description = "The folder to make.")
    private Path folder = Path.of("");

    @Option(names = "--tokenizer", required = true, paramLabel = "DIR", description = "A folder with tokenizer.json, of at most 32,000 tokens, to be copied with its chat template.")
    private Path tokenizer = Path.of("");

    BenchNewCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Size chosen = SIZES.stream().filter(one -> one.name().equalsIgnoreCase(size)).findFirst()
                .orElseThrow(() -> new UsageException("there is no size '" + size + "'; there are " + String.join(" and ", SIZES.stream().map(Size::name).toList())));
        Path source = session.path(tokenizer.toString());
        if (!Files.isRegularFile(source.resolve(TOKENIZER.getFirst()))) {
            throw new CommandException(source + " has no tokenizer.json; give the folder of a tokenizer with --tokenizer");
        }
        Path target = session.path(folder.toString());
        Folders.make(target, made -> write(chosen, source, made));
        long parameters = ConfigFile.decoder(target.resolve("config.json")).weightShapes().values().stream()
                .mapToLong(extents -> Arrays.stream(extents).reduce(1, Math::multiplyExact)).sum();
        session.output().line(target + ": " + Numbers.count(parameters, "random weight") + " in " + chosen.dtype());
        return Status.OK;
    }

    private void write(Size chosen, Path source, Path target) {
        try {
            Files.createDirectories(target);
            Files.writeString(target.resolve("config.json"), config(chosen).toPrettyString() + "\n");
            for (Path file : TOKENIZER.stream().map(source::resolve).filter(Files::isRegularFile).toList()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        } catch (IOException failure) {
            throw new CommandException(target + " cannot be written: " + failure.getMessage() + "; free some space or choose another folder", failure);
        }
        RandomWeights.write(session.memory(), target, chosen.dtype(), SEED);
    }

    private static ObjectNode config(Size size) {
        ObjectNode config = Output.object();
        config.putArray("architectures").add("LlamaForCausalLM");
        return config.put("model_type", "llama").put("vocab_size", VOCABULARY).put("hidden_size", size.hidden()).put("intermediate_size", size.ffn())
                .put("num_hidden_layers", size.layers()).put("num_attention_heads", size.heads()).put("num_key_value_heads", size.kvHeads()).put("hidden_act", "silu")
                .put("max_position_embeddings", CONTEXT).put("rms_norm_eps", 1e-5).put("rope_theta", 10000.0).put("tie_word_embeddings", false)
                .put("torch_dtype", size.dtype().torchName()).put("bos_token_id", 1).put("eos_token_id", 2);
    }
}
