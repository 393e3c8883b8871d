package io.safeprobe.shell.session;

import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.model.generate.Generator;
import io.safeprobe.model.generate.TextGenerator;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.PeftFolder;
import io.safeprobe.sap.data.PromptData;
import io.safeprobe.sap.data.RowEncoder;
import io.safeprobe.sap.data.SafetyData;
import io.safeprobe.sap.data.TaskData;
import io.safeprobe.sap.objective.Dropouts;
import io.safeprobe.sap.objective.Objective;
import io.safeprobe.sap.objective.Trainable;
import io.safeprobe.shell.report.Output;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What is open: memory, kernels, a model with what stands on top of it, data, settings. Commands work on it, one at a time. */
public final class Session implements AutoCloseable {
    private static final int MAX_TOKENS = 512;

    private final Path folder;
    private final Output output;
    private final Interrupt interrupt;
    private final Settings settings = new Settings();
    private final Supplier<Memory> newMemory;
    private Lines lines = Lines.NONE;
    private Supplier<List<String>> history = List::of;
    private final List<Measured> measured = new ArrayList<>();
    private boolean typed;
    private boolean leaving;
    private @Nullable Memory memory;
    private @Nullable VectorKernels kernels;
    private @Nullable ModelFolder model;
    private @Nullable Tuned tuned;
    private @Nullable DataSlot<TaskData> task;
    private @Nullable DataSlot<SafetyData> safety;
    private @Nullable DataSlot<PromptData> prompts;

    /**
     * A session in which nothing is open.
     *
     * @param folder what relative paths are relative to
     * @param newMemory makes the memory when it is first needed
     */
    public Session(Path folder, Output output, Supplier<Memory> newMemory) {
        this(folder, output, newMemory, new Interrupt());
    }

    private Session(Path folder, Output output, Supplier<Memory> newMemory, Interrupt interrupt) {
        this.folder = folder;
        this.output = output;
        this.newMemory = newMemory;
        this.interrupt = interrupt;
    }

    /** Another session with nothing open, for work that is to leave this one as it is; one Ctrl-C ends either. */
    public Session beside() {
        return new Session(folder, output, newMemory, interrupt);
    }

    /** Where commands write. */
    public Output output() {
        return output;
    }

    /** Asked between steps by whatever runs long. */
    public Interrupt interrupt() {
        return interrupt;
    }

    /** What {@code set} changes. */
    public Settings settings() {
        return settings;
    }

    /** The lines after the running command, for commands that hold a conversation. */
    public Lines lines() {
        return lines;
    }

    /** Says where lines come from. */
    public void readFrom(Lines source) {
        lines = source;
    }

    /** Whether a person types the lines. */
    public boolean typed() {
        return typed;
    }

    /** Says that a person types the lines. */
    public void setTyped() {
        typed = true;
    }

    /** Asks to end the session after this command. */
    public void leave() {
        leaving = true;
    }

    /** Whether that was asked. */
    public boolean leaving() {
        return leaving;
    }

    /** What was entered so far. */
    public List<String> history() {
        return history.get();
    }

    /** Says where to find what was entered. */
    public void remember(Supplier<List<String>> entered) {
        history = entered;
    }

    /** A path a person gave: relative to the session's folder, {@code ~} being the home. */
    public Path path(String given) {
        if (given.equals("~") || given.startsWith("~/")) {
            return Path.of(System.getProperty("user.home") + given.substring(1));
        }
        return folder.resolve(given);
    }

    /** Tensor memory. */
    public Memory memory() {
        if (memory == null) {
            memory = newMemory.get();
        }
        return memory;
    }

    /** Threads the kernels run on. */
    public int threads() {
        return settings.threads().orElse(Runtime.getRuntime().availableProcessors());
    }

    /** The kernels. */
    public VectorKernels kernels() {
        if (kernels == null) {
            kernels = new VectorKernels(threads());
        }
        return kernels;
    }

    /** Makes new kernels when they are next needed: the number of threads has changed. */
    public void renewKernels() {
        if (kernels != null) {
            kernels.close();
            kernels = null;
        }
    }

    /** Opens a model; what was open before stays so if that fails, and is closed otherwise. */
    public void open(Path modelFolder, @Nullable Path adapterFolder, StoredType type) {
        ModelFolder opened = ModelFolder.open(memory(), kernels(), modelFolder, type);
        Tuned onTop;
        try {
            if (adapterFolder != null && opened.labels().isPresent()) {
                throw new CommandException(modelFolder + " is a classifier, and adapters of classifiers are not supported; merge " + adapterFolder
                        + " into it with peft and open the result");
            }
            onTop = adapterFolder == null ? null : loaded(opened, adapterFolder);
        } catch (RuntimeException failure) {
            opened.close();
            throw failure;
        }
        closeModel();
        model = opened;
        tuned = onTop;
        measured.clear();
    }

    private Tuned loaded(ModelFolder base, Path adapterFolder) {
        LoraAdapter adapter = PeftFolder.read(memory(), base.config(), adapterFolder);
        return new Tuned(new Trainable.Lora(adapter), adapterFolder.toString(), Made.of(adapterFolder).orElse(null), adapter::close);
    }

    /** The open language model. */
    public ModelFolder model() {
        ModelFolder opened = opened();
        if (opened.labels().isPresent()) {
            throw new CommandException(opened.path() + " is a classifier; use it as a judge: classify \"TEXT\"");
        }
        return opened;
    }

    /** The open classifier. */
    public ModelFolder judge() {
        ModelFolder opened = opened();
        if (opened.labels().isEmpty()) {
            throw new CommandException(opened.path() + " is a language model, not a classifier; open a folder of a ...ForSequenceClassification: open DIR");
        }
        return opened;
    }

    /** What is open, a language model or a classifier. */
    public ModelFolder opened() {
        if (model == null) {
            throw new CommandException("no model is open; open one with: open DIR");
        }
        return model;
    }

    /** What is open, a language model or a classifier, if anything is. */
    public Optional<ModelFolder> openModel() {
        return Optional.ofNullable(model);
    }

    /** What stands on top of the model, if anything does. */
    public Optional<Tuned> tuned() {
        return Optional.ofNullable(tuned);
    }

    /** Puts something on top of the model; what stood there is freed. */
    public void tune(Tuned made) {
        if (tuned != null) {
            tuned.close();
        }
        tuned = made;
        measured.removeIf(Measured::tuned);
    }

    private record Measured(boolean tuned, String text) {}

    /** Keeps a score of the model as it is now, for the card of what will be saved. */
    public void measure(String text) {
        measured.add(new Measured(tuned != null, text));
    }

    /** Scores of the base, and of what stands on top of it. */
    List<String> measured() {
        return measured.stream().map(each -> (each.tuned() ? "after training: " : "base model: ") + each.text()).toList();
    }

    /** The model with what stands on top of it. */
    public Objective objective() {
        Trainable trainable = tuned == null ? new Trainable.Full(Map.of()) : tuned.trainable();
        return new Objective(memory(), kernels(), model().config(), model().weights(), trainable, new Dropouts(0, 0), false);
    }

    /** Generates with the model and what stands on top of it. */
    public TextGenerator generator() {
        Generator generator = new Generator(memory(), kernels(), model().config(), objective()::frozen);
        return new TextGenerator(generator, model().tokenizer());
    }

    /** Encodes text for the open model; refuses text, but not token ids, when it has no tokenizer. */
    public RowEncoder encoder() {
        return model().hasTokenizer()
                ? model().encoder()::encode
                : RowEncoder.unavailable(model().path() + " has no tokenizer.json; without it only rows with input_ids and labels can be used");
    }

    /** Where rows are cut: as given, else at 512 tokens or at the context length of the model if that is less. */
    public int maxTokens(@Nullable Integer given) {
        return given != null ? given : Math.min(MAX_TOKENS, model().config().maxPositions());
    }

    /** Rows to learn. */
    public DataSlot<TaskData> task() {
        if (task == null) {
            throw new CommandException("no task data is open; open some with: data task FILE");
        }
        return task;
    }

    /** Rows to learn, if there are any. */
    public Optional<DataSlot<TaskData>> openTask() {
        return Optional.ofNullable(task);
    }

    /** Takes rows to learn. */
    public void useTask(DataSlot<TaskData> data) {
        task = data;
    }

    /** Safety pairs. */
    public DataSlot<SafetyData> safety() {
        if (safety == null) {
            throw new CommandException("no safety pairs are open; open some with: data safety FILE");
        }
        return safety;
    }

    /** Safety pairs, if there are any. */
    public Optional<DataSlot<SafetyData>> openSafety() {
        return Optional.ofNullable(safety);
    }

    /** Takes safety pairs. */
    public void useSafety(DataSlot<SafetyData> data) {
        safety = data;
    }

    /** Prompts to score with. */
    public DataSlot<PromptData> prompts() {
        if (prompts == null) {
            throw new CommandException("no prompts are open; open some with: data prompts FILE");
        }
        return prompts;
    }

    /** Prompts to score with, if there are any. */
    public Optional<DataSlot<PromptData>> openPrompts() {
        return Optional.ofNullable(prompts);
    }

    /** Takes prompts. */
    public void usePrompts(DataSlot<PromptData> data) {
        prompts = data;
    }

    private void closeModel() {
        if (tuned != null) {
            tuned.close();
            tuned = null;
        }
        if (model != null) {
            model.close();
            model = null;
        }
    }

    @Override
    public void close() {
        closeModel();
        renewKernels();
        if (memory != null) {
            memory.close();
            memory = null;
        }
    }
}
