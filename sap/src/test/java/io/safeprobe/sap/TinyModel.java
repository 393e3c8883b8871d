package io.safeprobe.sap;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.safeprobe.engine.kernel.DeviceKernels;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.optim.Schedule;
import io.safeprobe.model.hub.ModelFolder;
import io.safeprobe.model.hub.StoredType;
import io.safeprobe.sap.data.Example;
import io.safeprobe.sap.data.PairExample;
import io.safeprobe.sap.objective.SafetyForm;
import io.safeprobe.sap.train.SapSettings;
import io.safeprobe.sap.train.TrainSettings;
import io.safeprobe.sap.train.Training;
import io.safeprobe.sap.train.TrainingData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The random model of testdata/golden with its rows and pairs, and the settings of the trials that PyTorch ran on it. */
public final class TinyModel implements AutoCloseable {
    public final Memory memory;
    public final Kernels kernels;
    public final ModelFolder model;

    public TinyModel() {
        this(new ReferenceKernels(), 1L << 30);
    }

    public TinyModel(Kernels kernels, long memoryLimit) {
        this("tiny-llama", kernels, memoryLimit);
    }

    /** Another model folder of testdata/golden; its vocabulary is the same. */
    public TinyModel(String folder, Kernels kernels, long memoryLimit) {
        this.kernels = kernels;
        this.memory = kernels instanceof DeviceKernels device ? Memory.onDevice(device.heap()) : Memory.ofLimit(memoryLimit);
        this.model = ModelFolder.open(memory, kernels, path(folder), StoredType.AUTO);
    }

    public static Path path(String name) {
        return Path.of(System.getProperty("safeprobe.root"), "testdata/golden").resolve(name);
    }

    public static List<Example> rows() {
        return lines("task.jsonl", row -> example(row, "input_ids", "labels"));
    }

    public static List<PairExample> pairs() {
        return lines("pairs.jsonl", row -> new PairExample(
                example(row, "chosen_input_ids", "chosen_labels"), example(row, "rejected_input_ids", "rejected_labels")));
    }

    private static Example example(JsonNode row, String ids, String labels) {
        return new Example(ints(row.path(ids)), ints(row.path(labels)), 97);
    }

    private static <T> List<T> lines(String name, Function<JsonNode, T> reader) {
        try {
            List<T> values = new ArrayList<>();
            for (String line : Files.readAllLines(path(name))) {
                values.add(reader.apply(new JsonMapper().readTree(line)));
            }
            return values;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt();
        }
        return values;
    }

    public static SapSettings sap(SapSettings.Variant variant, double epsilon, double beta, boolean normalised) {
        return new SapSettings(variant, List.of(1, 3), beta, normalised, epsilon, 1, SafetyForm.CONTRASTIVE, 3);
    }

    /** Ten steps of 4 rows from init-adapter in file order, as the trials. */
    public static TrainSettings settings(@Nullable SapSettings sap) {
        return settings(sap, 10, 4, 1, 0, false);
    }

    public static TrainSettings settings(@Nullable SapSettings sap, long steps, int batch, int accumulate, double dropout, boolean shuffle) {
        return new TrainSettings(steps, 1, batch, accumulate, 1e-3, Schedule.Kind.CONSTANT, 0, 0, false,
                new TrainSettings.Lora(4, 8, dropout, List.of("q_proj", "v_proj")), dropout > 0 ? null : path("init-adapter").toString(), sap, 128, 256, 7,
                shuffle, 0, false);
    }

    public Training training(TrainSettings settings) {
        return Training.prepare(memory, kernels, model.config(), model.weights(), "tiny-llama", settings, new TrainingData(rows(), pairs(), List.of()));
    }

    @Override
    public void close() {
        model.close();
        memory.close();
    }
}
