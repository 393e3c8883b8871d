package io.safeprobe.shell.command;

import io.safeprobe.engine.tensor.DType;
import io.safeprobe.model.gguf.GgufAdapter;
import io.safeprobe.model.gguf.GgufModel;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.Tuning;
import io.safeprobe.sap.objective.Trainable;
import io.safeprobe.shell.report.Output;
import io.safeprobe.shell.session.CommandException;
import io.safeprobe.shell.session.Session;
import io.safeprobe.shell.session.Tuned;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a GGUF file. */
@Command(name = "gguf", description = "Write the model as one GGUF file for llama.cpp, what was trained folded in; or the adapter alone.")
final class ExportGgufCommand implements Callable<Integer> {
    /** Types of the matrices. */
    enum Type {
        f32,
        f16,
        bf16
    }

    private final Session session;

    @Parameters(paramLabel = "FILE", description = "File to make; it must not exist.")
    private Path file = Path.of("");

    @Option(names = "--type", paramLabel = "TYPE", description = "Type of the matrices: ${COMPLETION-CANDIDATES}. Default: that of the model, f32 for an adapter.")
    private @Nullable Type type;

    @Option(names = "--adapter", description = "Write the LoRA adapter alone, to be put on top of a GGUF file of the base (llama.cpp's --lora).")
    private boolean adapter;

    @Option(names = "--no-tokenizer", description = "Leave the tokenizer out, where llama.cpp has no like of it; the file then takes token ids only.")
    private boolean noTokenizer;

    @Mixin
    private JsonOption json = new JsonOption();

    ExportGgufCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Path target = session.path(file.toString());
        ModelFolder model = session.model();
        if (Files.exists(target)) {
            throw new CommandException(target + " exists; choose another file");
        }
        Path parent = target.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new CommandException("the folder of " + target + " does not exist; make it, or choose another file");
        }
        String name = String.valueOf(model.path().toAbsolutePath().normalize().getFileName());
        String what;
        DType dtype;
        if (adapter) {
            if (!(session.tuned().map(Tuned::trainable).orElse(null) instanceof Trainable.Lora(var lora))) {
                throw new CommandException("there is no adapter; train one, open one with: open DIR --adapter DIR, or leave --adapter out to write the model");
            }
            dtype = dtype(DType.F32);
            GgufAdapter.write(session.memory(), model.config(), lora, name, dtype, target);
            what = "adapter";
        } else {
            Tuning tuning = session.tuned().map(tuned -> switch (tuned.trainable()) {
                case Trainable.Lora(var lora) -> Tuning.of(lora);
                case Trainable.Full(var tensors) -> Tuning.of(tensors);
            }).orElse(Tuning.NONE);
            dtype = dtype(model.dtype());
            GgufModel.write(session.memory(), model, tuning, name, dtype, !noTokenizer, target);
            what = "model";
        }
        if (json.wanted()) {
            session.output().json(Output.object().put("exported", target.toString()).put("kind", what).put("type", dtype.shortName()));
        } else {
            session.output().message(what + " in " + dtype.shortName() + " saved in " + target);
        }
        return Status.OK;
    }

    private DType dtype(DType fallback) {
        return type == null ? fallback : DType.valueOf(type.name().toUpperCase(Locale.ROOT));
    }
}
