package io.safeprobe.shell.command;

import io.safeprobe.engine.optim.Schedule;
import io.safeprobe.sap.objective.SafetyForm;
import io.safeprobe.sap.train.SapSettings;
import io.safeprobe.sap.train.TrainSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All that is fixed about the demonstration; {@code testdata/reports/demo.md} tells how the figures were chosen. */
final class DemoPlan {
    static final String MODEL = "testdata/demo/model";
    static final String TASK = "testdata/demo/data/task.jsonl";
    static final String HELD_OUT = "testdata/demo/data/task-heldout.jsonl";
    static final String SAFETY = "testdata/demo/data/safety.jsonl";
    static final String PROMPTS = "testdata/demo/data/harmful-prompts.jsonl";

    static final int MAX_TOKENS = 128;
    static final int MAX_NEW_TOKENS = 32;

    private static final int EPOCHS = 2;
    private static final int BATCH = 10;
    private static final double LEARNING_RATE = 3e-4;
    private static final TrainSettings.Lora LORA = new TrainSettings.Lora(8, 16, 0, List.of("q_proj", "v_proj"));
    private static final List<Integer> PROBE_LAYERS = List.of(0, 1, 2, 3);
    private static final double PROBE_NORM = 2.9;
    private static final double EPSILON = 0.1;
    /** Of the order of the margins between the two responses, in nats: at 1 the loss is flat and the pair with the smallest margin decides alone. */
    private static final double TEMPERATURE = 30;
    private static final int SAFETY_BATCH = 8;

    private DemoPlan() {}

    /** Plain fine-tuning. */
    static TrainSettings sft(long seed) {
        return settings(null, seed);
    }

    /** The same with safety-aware probing, paper variant, on all layers, the probe's norm fixed. */
    static TrainSettings sap(long seed) {
        return settings(new SapSettings(
                SapSettings.Variant.PAPER, PROBE_LAYERS, PROBE_NORM, true, EPSILON, TEMPERATURE, SafetyForm.CONTRASTIVE, SAFETY_BATCH), seed);
    }

    private static TrainSettings settings(@Nullable SapSettings sap, long seed) {
        return new TrainSettings(
                0, EPOCHS, BATCH, 1, LEARNING_RATE, Schedule.Kind.CONSTANT, 0, 0, false, LORA, null, sap, MAX_TOKENS, MAX_TOKENS, seed, true, 0, false);
    }
}
