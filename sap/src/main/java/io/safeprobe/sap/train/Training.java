package io.safeprobe.sap.train;

import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.MemoryException;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.optim.Optimizer;
import io.safeprobe.engine.optim.Schedule;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.decoder.Weights;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.PeftFolder;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairBatches;
import io.safeprobe.sap.data.TaskBatches;
import io.safeprobe.sap.objective.Dropouts;
import io.safeprobe.sap.objective.Objective;
import io.safeprobe.sap.objective.TokenLoss;
import io.safeprobe.sap.objective.Trainable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/**
 * A training, ready to run: the trainable weights, the method, the data and the order they come in. Every step depends on the weights,
 * the method's state and the step's number alone, so that a resumed run goes on with the same bits.
 */
public final class Training implements AutoCloseable {
    private final TrainSettings settings;
    private final TrainingData data;
    private final Scope lasting;
    private final Weights weights;
    private final Objective objective;
    private final Method method;
    private final Timetable timetable;
    private final Schedule schedule;
    private final Schedule stageSchedule;
    private long done;

    private Training(TrainSettings settings, TrainingData data, Scope lasting, Weights weights, Objective objective, Method method) {
        this.settings = settings;
        this.data = data;
        this.lasting = lasting;
        this.weights = weights;
        this.objective = objective;
        this.method = method;
        this.timetable = Timetable.of(settings, rowOrder().batchesPerEpoch());
        StageSettings stage = settings.defences().stage();
        this.schedule = new Schedule(settings.schedule(), settings.lr(), settings.warmup(), timetable.body());
        this.stageSchedule = new Schedule(settings.schedule(), stage == null || stage.lr() == 0 ? settings.lr() : stage.lr(), settings.warmup(), timetable.stage());
    }

    /**
     * Makes everything ready, starting at step 0.
     *
     * @param modelName written into the adapter as the name of its base
     * @throws io.safeprobe.model.config.ModelException when settings and model do not fit
     */
    public static Training prepare(
            Memory memory, Kernels kernels, DecoderConfig config, Weights weights, String modelName, TrainSettings settings, TrainingData data) {
        if (settings.needsPairs() && data.pairs().isEmpty()) {
            throw new IllegalArgumentException(settings.method() + " needs safety pairs; give them with 'data safety FILE', or train with --method sft");
        }
        Scope lasting = memory.scope();
        Trainable trainable = null;
        try {
            trainable = trainable(memory, kernels, lasting, config, weights, modelName, settings);
            Dropouts dropouts = new Dropouts(settings.full() ? 0 : settings.lora().dropout(), settings.seed());
            Objective objective = new Objective(memory, kernels, config, weights, trainable, dropouts, settings.recompute());
            requireProjection(settings, objective, weights);
            Optimizer optimizer = new Optimizer(kernels, lasting, Optimizer.Rule.AdamW.PYTORCH, trainable.tensors());
            return new Training(settings, mixed(settings, data), lasting, weights, objective, Composition.of(objective, lasting, optimizer, settings));
        } catch (RuntimeException failure) {
            if (trainable instanceof Trainable.Lora lora) {
                lora.adapter().close();
            }
            lasting.close();
            throw failure;
        }
    }

    private static TrainingData mixed(TrainSettings settings, TrainingData data) {
        SafeInstr safeInstr = settings.defences().safeInstr();
        return safeInstr == null ? data : new TrainingData(
                safeInstr.mixed(data.rows(), data.pairs(), settings.seed(), settings.shuffle()), data.pairs(), data.validation());
    }

    /** A folder that cannot be read must not be found out after the last step. */
    private static void requireProjection(TrainSettings settings, Objective objective, Weights weights) {
        SafeLora safeLora = settings.defences().safeLora();
        if (safeLora != null) {
            safeLora.open(objective.memory(), objective.kernels(), objective.config(), weights, (aligned, base) -> {
                AlignmentProjection.requireFit(
                        objective.memory(), objective.kernels(), objective.config(), objective.trainable(), safeLora, weights, aligned, base);
                return safeLora;
            });
        }
    }

    private static Trainable trainable(
            Memory memory, Kernels kernels, Scope lasting, DecoderConfig config, Weights weights, String modelName, TrainSettings settings) {
        if (settings.full()) {
            return Trainable.Full.copyOf(kernels, lasting, weights);
        }
        String initial = settings.initAdapter();
        if (initial != null) {
            return new Trainable.Lora(PeftFolder.read(memory, config, weights::get, Path.of(initial)));
        }
        return new Trainable.Lora(LoraAdapter.fresh(memory, config, weights::get, settings.lora().config(modelName),
                RandomGeneratorFactory.of("L64X128MixRandom").create(settings.seed())));
    }

    /** Steps of one pass over the rows. */
    public long stepsPerEpoch() {
        return timetable.perEpoch();
    }

    private TaskBatches rowOrder() {
        return new TaskBatches(data.rows().size(), Math.multiplyExact(settings.batch(), settings.accumulate()), settings.seed(), settings.shuffle());
    }

    /** Steps in all, also those on other rows than the task's. */
    public long totalSteps() {
        return timetable.total();
    }

    /** Steps done so far. */
    public long done() {
        return done;
    }

    /** Whether the last step done was the last of a pass over the rows, or of all. */
    public boolean endsEpoch() {
        return done == totalSteps() || (done > 0 && timetable.endsEpoch(done - 1));
    }

    /** Takes back the weights of the time that the run folder holds as the one to keep. */
    public void restoreKept(RunFolder run) {
        run.restoreWeights(objective.memory(), saved -> objective.trainable().tensors().forEach((name, tensor) ->
                objective.kernels().apply(new Update.Copy(), tensor, Objects.requireNonNull(saved.get(name), name))));
    }

    /** The model under training. */
    public Objective objective() {
        return objective;
    }

    /** Number of trained weights. */
    public long trainableParameters() {
        return objective.trainable().tensors().values().stream().mapToLong(Tensor::elements).sum();
    }

    /**
     * The most bytes of tensors a step will need on top of what is in use, found by rehearsing the largest one. The angles of its positions are in
     * use from then on.
     *
     * @throws MemoryException when that is more than memory has left, with the numbers and settings that fit
     */
    public long requireMemory() {
        long need = rehearse(settings);
        Memory memory = objective.memory();
        long room = memory.available();
        if (need > room) {
            throw new MemoryException(String.format(Locale.ROOT, "training needs %.1f MB on top of the %.1f MB in use, but %.1f MB are left on %s; %s",
                    need / 1e6, memory.inUse() / 1e6, room / 1e6, objective.kernels().device(), LeanerSettings.advice(settings, room, this::rehearse)));
        }
        return need;
    }

    private long rehearse(TrainSettings tried) {
        Device device = objective.kernels().device();
        RehearsalKernels kernels = new RehearsalKernels(device);
        try (Memory unlimited = device.equals(Device.CPU) ? Memory.ofLimit(Long.MAX_VALUE) : Memory.onDevice(new RehearsalHeap(device.name())); Scope scope = unlimited.scope()) {
            Optimizer optimizer = new Optimizer(kernels, scope, Optimizer.Rule.AdamW.PYTORCH, objective.trainable().tensors());
            Method rehearsal = Composition.of(objective.on(unlimited, kernels, tried.recompute()), scope, optimizer, tried);
            long before = unlimited.inUse();
            unlimited.resetPeak();
            largest(tried).forEach(batch -> rehearsal.step(batch, 0));
            return unlimited.peak() - before;
        }
    }

    /** One of each kind; no step of the run needs more. */
    private List<StepBatch> largest(TrainSettings tried) {
        Defences defences = tried.defences();
        SapSettings sap = tried.sap();
        int rows = Math.multiplyExact(tried.batch(), tried.accumulate());
        List<StepBatch> largest = new ArrayList<>();
        largest.add(new StepBatch(0, new Turn(Phase.TASK, 0, true), parts(LargestBatch.rows(data.rows(), rows), tried.batch()),
                sap == null ? List.of() : LargestBatch.pairs(data.pairs(), sap.batch(), objective.config().ropeScaling()),
                defences.kl() == null ? List.of() : LargestBatch.responses(data.safe(), defences.batch())));
        if (timetable.align() > 0) {
            largest.add(new StepBatch(0, new Turn(Phase.ALIGNMENT, 0, true), List.of(LargestBatch.responses(data.safe(), defences.batch())), List.of(), List.of()));
        }
        if (timetable.stage() > 0) {
            largest.add(new StepBatch(0, new Turn(Phase.STAGE, 0, true), List.of(LargestBatch.responses(data.safe(), defences.batch())), List.of(),
                    defences.booster() == null ? List.of() : LargestBatch.responses(data.harmful(), defences.batch())));
        }
        return largest;
    }

    /**
     * What SafeLoRA does once all steps are done: projects the trained update. Nothing where it is no part of the method.
     *
     * @return what became of each linear layer
     */
    public List<AlignmentProjection.Layer> project() {
        SafeLora safeLora = settings.defences().safeLora();
        return safeLora == null ? List.of() : safeLora.open(objective.memory(), objective.kernels(), objective.config(), weights, (aligned, base) ->
                AlignmentProjection.apply(objective.memory(), objective.kernels(), objective.config(), objective.trainable(), safeLora, weights, aligned, base));
    }

    /** The batch of a step, counted from 0. */
    public StepBatch batch(long step) {
        Turn turn = timetable.at(step);
        Defences defences = settings.defences();
        return switch (turn.phase()) {
            case TASK -> {
                List<Example> rows = Arrays.stream(rowOrder().at(turn.index())).mapToObj(data.rows()::get).toList();
                SapSettings sap = settings.sap();
                yield new StepBatch(step, turn, parts(rows, settings.batch()), sap == null ? List.of() : chosen(data.pairs(), sap.batch(), turn),
                        defences.kl() == null ? List.of() : chosen(data.safe(), defences.batch(), turn));
            }
            case ALIGNMENT -> new StepBatch(step, turn, List.of(chosen(data.safe(), defences.batch(), turn)), List.of(), List.of());
            case STAGE -> new StepBatch(step, turn, List.of(chosen(data.safe(), defences.batch(), turn)), List.of(),
                    defences.booster() == null ? List.of() : chosen(data.harmful(), defences.batch(), turn));
        };
    }

    /** Pairs, or one side of them, of a step; both sides of a step are of the same pairs. */
    private <T> List<T> chosen(List<T> ofPairs, int batch, Turn turn) {
        return Arrays.stream(new PairBatches(ofPairs.size(), batch, settings.seed(), settings.shuffle()).at(turn.index())).mapToObj(ofPairs::get).toList();
    }

    private static List<List<Example>> parts(List<Example> rows, int size) {
        List<List<Example>> parts = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += size) {
            parts.add(rows.subList(from, Math.min(rows.size(), from + size)));
        }
        return parts;
    }

    /** Takes over the newest checkpoint of a run that was made with the same settings and data. */
    public void restore(RunFolder run) {
        RunFolder.Checkpoint checkpoint = run.latest().orElse(null);
        if (checkpoint == null) {
            run.cutLog(0);
            return;
        }
        run.restore(objective.memory(), checkpoint, saved -> {
            objective.trainable().tensors().forEach((name, tensor) -> {
                Tensor stored = saved.get(name);
                if (stored == null || !stored.shape().equals(tensor.shape())) {
                    throw new IllegalArgumentException(checkpoint.path() + " does not fit this model: '" + name + "' is missing or has another shape");
                }
                objective.kernels().apply(new Update.Copy(), tensor, stored);
            });
            method.optimizer().restore(saved, timetable.ofOptimizer(checkpoint.steps()));
            method.restore(saved, timetable.ofTask(checkpoint.steps()));
        });
        done = checkpoint.steps();
        run.cutLog(done);
    }

    /**
     * Trains from where it stands to the end, or until cancelled; a checkpoint stands after the last step in both cases.
     *
     * @param cancelled asked after every step
     * @return whether all steps were done
     * @throws DivergedException when a figure is not finite; the last checkpoint stays
     */
    public boolean run(RunFolder folder, TrainListener listener, BooleanSupplier cancelled) {
        long saved = folder.latest().map(RunFolder.Checkpoint::steps).orElse(0L);
        while (done < totalSteps() && !cancelled.getAsBoolean()) {
            StepRecord record = step();
            Map<String, Object> line = record.toMap();
            line.putAll(listener.figures(record));
            folder.log(line);
            listener.step(record);
            if (record.validation() != null) {
                listener.validation(record, record.validation());
            }
            if (saves(done - 1)) {
                save(folder, listener);
                saved = done;
            }
        }
        if (saved < done) {
            save(folder, listener);
        }
        return done == totalSteps();
    }

    /** Does the next step; {@link #run} also keeps what came of it. */
    public StepRecord step() {
        StepBatch batch = batch(done);
        double lr = batch.turn().phase() == Phase.STAGE ? stageSchedule.at(done) : schedule.at(done - timetable.stage());
        long start = System.nanoTime();
        StepFigures figures = method.step(batch, lr);
        double seconds = (System.nanoTime() - start) / 1e9;
        TokenLoss validation = timetable.endsEpoch(done) && !data.validation().isEmpty() ? Evaluation.loss(objective, data.validation(), settings.batch()) : null;
        StepRecord record = new StepRecord(done + 1, batch.turn().phase(), timetable.epoch(done), figures, lr, batch.tokens(), seconds, validation);
        done++;
        return record;
    }

    private boolean saves(long step) {
        return settings.saveEvery() > 0 ? (step + 1) % settings.saveEvery() == 0 : timetable.endsEpoch(step) || timetable.endsStage(step);
    }

    private void save(RunFolder folder, TrainListener listener) {
        Map<String, Tensor> state = new LinkedHashMap<>(objective.trainable().tensors());
        state.putAll(method.optimizer().state());
        state.putAll(method.state());
        folder.checkpoint(done, state);
        listener.checkpoint(done);
    }

    /** The adapter under training; null when all weights are trained. It is closed with this. */
    public @Nullable LoraAdapter adapter() {
        return objective.trainable() instanceof Trainable.Lora lora ? lora.adapter() : null;
    }

    @Override
    public void close() {
        LoraAdapter adapter = adapter();
        if (adapter != null) {
            adapter.close();
        }
        lasting.close();
    }
}
