package io.safeprobe.sap.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.safeprobe.engine.kernel.CopyingDevice;
import io.safeprobe.engine.kernel.DeviceKernels;
import io.safeprobe.engine.kernel.Kernels;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.kernel.Update;
import io.safeprobe.engine.kernel.cpu.VectorKernels;
import io.safeprobe.engine.memory.DeviceHeap;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.generate.GenerationConfig;
import io.safeprobe.model.generate.Generator;
import io.safeprobe.model.generate.Seeds;
import io.safeprobe.sap.TinyModel;
import io.safeprobe.sap.checkpoint.RunFolder;
import io.safeprobe.sap.train.SapSettings.Variant;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training, checkpoints and generation where tensors lie out of the program's reach: the same bits, and everything given back. */
class DeviceTest {
    @TempDir
    Path folder = Path.of("");

    private static TrainSettings settings(String method) {
        TrainSettings sft = TinyModel.settings(null, 4, 5, 1, 0.1, true);
        StageSettings stage = new StageSettings(2, 0);
        return switch (method) {
            case "paper" -> sft.with(TinyModel.sap(Variant.PAPER, 2e-2, 0.5, true), Defences.NONE);
            case "code" -> sft.with(TinyModel.sap(Variant.CODE, 2e-2, 0.05, false), Defences.NONE);
            case "exact" -> sft.with(TinyModel.sap(Variant.PAPER, 2e-2, 0.5, true).with(ProbeGradient.EXACT), Defences.NONE);
            default -> MethodName.parse(method).settings(sft, TinyModel.sap(Variant.PAPER, 2e-2, 0.5, true),
                    new Defences(3, new SafeInstr(0.25), new LisaSettings(1, 1, 0.5), new KlSettings(0.7), new VaccineSettings(0.5, stage), new BoosterSettings(5, 0.1, stage)));
        };
    }

    private static Map<String, List<Float>> weights(Training training) {
        Map<String, List<Float>> weights = new LinkedHashMap<>();
        training.objective().trainable().tensors().forEach((name, tensor) -> {
            float[] values = tensor.toFloats();
            weights.put(name, java.util.stream.IntStream.range(0, values.length).mapToObj(i -> values[i]).toList());
        });
        return weights;
    }

    private Map<String, List<Float>> trained(Kernels kernels, String method, boolean stopped) {
        TrainSettings settings = settings(method);
        Path run = folder.resolve(kernels.device() + "-" + method + stopped);
        RunFolder made = RunFolder.create(run, settings);
        try (TinyModel tiny = new TinyModel(kernels, 1L << 30)) {
            if (stopped) {
                try (Training first = tiny.training(settings)) {
                    int[] steps = {0};
                    first.run(made, _ -> {}, () -> steps[0]++ >= 2);
                }
            }
            try (Training training = tiny.training(settings)) {
                assertThat(training.requireMemory()).isPositive();
                training.restore(made);
                assertThat(training.run(made, _ -> {}, () -> false)).isTrue();
                return weights(training);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "paper", "code", "exact", "safeinstr", "lisa", "kl", "vaccine", "booster", "sap+safeinstr+lisa+kl+vaccine"})
    void aTrainingHasTheSameBitsStoppedOrNot(String method) {
        try (VectorKernels processor = new VectorKernels(1); CopyingDevice device = new CopyingDevice()) {
            Map<String, List<Float>> wanted = trained(processor, method, false);
            assertThat(trained(device, method, false)).isEqualTo(wanted);
            assertThat(trained(device, method, true)).isEqualTo(wanted);
            assertThat(device.blocks()).isZero();
        }
    }

    /** A device that keeps account of what crosses to and from it outside of its kernels. */
    private static final class Watched implements DeviceKernels {
        private final CopyingDevice device = new CopyingDevice();
        private final List<Long> sent = new ArrayList<>();
        private final List<Long> fetched = new ArrayList<>();
        private boolean inside;

        private final DeviceHeap heap = new DeviceHeap() {
            @Override
            public String device() {
                return device.heap().device();
            }

            @Override
            public long capacity() {
                return device.heap().capacity();
            }

            @Override
            public long unused(Kind kind) {
                return device.heap().unused(kind);
            }

            @Override
            public long take(Kind kind, long bytes) {
                return device.heap().take(kind, bytes);
            }

            @Override
            public void giveBack(Kind kind, long position, long bytes) {
                device.heap().giveBack(kind, position, bytes);
            }

            @Override
            public void write(Kind kind, long position, MemorySegment source) {
                count(sent, source);
                device.heap().write(kind, position, source);
            }

            @Override
            public void read(Kind kind, long position, MemorySegment target) {
                count(fetched, target);
                device.heap().read(kind, position, target);
            }

            private void count(List<Long> transfers, MemorySegment data) {
                if (!inside) {
                    transfers.add(data.byteSize() / Float.BYTES);
                }
            }
        };

        @Override
        public Device device() {
            return device.device();
        }

        @Override
        public DeviceHeap heap() {
            return heap;
        }

        @Override
        public void run(Op op, List<Tensor> inputs, List<Tensor> outputs) {
            inside = true;
            device.run(op, inputs, outputs);
            inside = false;
        }

        @Override
        public void update(Update update, List<Tensor> tensors) {
            inside = true;
            device.update(update, tensors);
            inside = false;
        }

        @Override
        public void close() {
            device.close();
        }
    }

    /** In a step, dropout included, one number a pair goes to the device besides ids, the slope of the safety loss, and a loss or the margins of the pairs come back. */
    @ParameterizedTest
    @ValueSource(strings = {"sft", "paper", "code"})
    void aStepLeavesItsNumbersOnTheDevice(String method) {
        TrainSettings settings = settings(method);
        try (Watched device = new Watched(); TinyModel tiny = new TinyModel(device, 1L << 30); Training training = tiny.training(settings)) {
            training.step();
            device.sent.clear();
            device.fetched.clear();
            StepBatch batch = training.batch(1);
            training.step();
            long pairs = batch.pairs().size();
            int passes = method.equals("sft") ? 1 : method.equals("paper") ? 4 : 3;
            assertThat(device.fetched).allMatch(numbers -> numbers == 1 || numbers == pairs).hasSize(passes);
            assertThat(device.sent).isEqualTo(settings.sap() == null ? List.of() : List.of(pairs));
        }
    }

    @Test
    void generationGivesTheSameTokens() {
        List<int[]> prompts = List.of(new int[] {1, 5, 9}, new int[] {1, 44, 3, 17, 60, 2, 8});
        try (VectorKernels processor = new VectorKernels(1); CopyingDevice device = new CopyingDevice()) {
            assertThat(generated(device, prompts)).isEqualTo(generated(processor, prompts)).isNotEmpty();
            assertThat(device.blocks()).isZero();
        }
    }

    private static List<List<Integer>> generated(Kernels kernels, List<int[]> prompts) {
        try (TinyModel tiny = new TinyModel(kernels, 1L << 30)) {
            Generator generator = new Generator(tiny.memory, kernels, tiny.model.config(),
                    graph -> new io.safeprobe.model.decoder.Forward(graph, tiny.model.config(), tiny.model.weights()));
            return generator.generate(prompts, GenerationConfig.greedy(12), Seeds.of(3), Generator.Listener.NONE, () -> false).stream()
                    .map(response -> Arrays.stream(response.toArray()).boxed().toList()).toList();
        }
    }
}
