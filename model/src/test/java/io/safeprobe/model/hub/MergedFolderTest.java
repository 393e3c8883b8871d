package io.safeprobe.model.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.MemoryException;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.safetensors.SafetensorsFile;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.Golden;
import io.safeprobe.model.config.ConfigFile;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.WeightNames;
import io.safeprobe.model.lora.LoraAdapter;
import io.safeprobe.model.lora.LoraConfig;
import io.safeprobe.model.lora.PeftFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a merged folder holds; that it gives the right logits is shown in PeftFolderTest. */
class MergedFolderTest {
    @TempDir
    Path folder;

    private static byte[] bytes(Tensor tensor) {
        return tensor.data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @EnumSource(StoredType.class)
    void whatWasNotTrainedHasTheBytesOfTheBaseInWhateverTypeThatWasOpened(StoredType opened) {
        Path target = folder.resolve("merged");
        try (Memory memory = Memory.ofLimit(1 << 26);
                ModelFolder model = ModelFolder.open(memory, new ReferenceKernels(), Golden.path("tiny-llama-tied"), opened);
                LoraAdapter adapter = LoraAdapter.fresh(
                        memory, model.config(), model.weights()::get, new LoraConfig(2, 4, 0, List.of("q_proj"), false, ""), new Random(1))) {
            adapter.tensors().values().forEach(tensor -> tensor.set(0, 1));
            MergedFolder.write(memory, model, Tuning.of(adapter), "the card\n", target);
            try (SafetensorsFile file = SafetensorsFile.open(memory, target.resolve("model.safetensors"))) {
                assertThat(file.tensors().keySet()).isEqualTo(model.config().weightShapes().keySet().stream().collect(java.util.stream.Collectors.toSet()));
                file.tensors().forEach((name, tensor) -> {
                    assertThat(tensor.dtype()).as(name).isEqualTo(DType.BF16);
                    boolean same = java.util.Arrays.equals(bytes(tensor), bytes(model.stored(name)));
                    assertThat(same).as(name).isEqualTo(!name.endsWith("q_proj.weight"));
                });
            }
            assertThat(target.resolve("README.md")).hasContent("the card");
        }
    }

    @Test
    void aLargeModelIsDividedIntoFilesWithAnIndex() throws IOException {
        Path target = folder.resolve("merged");
        try (Golden golden = Golden.open("tiny-llama")) {
            MergedFolder.write(golden.memory, golden.model, Tuning.NONE, "", target, 30_000);
            JsonNode index = ConfigFile.json(target.resolve("model.safetensors.index.json"));
            assertThat(index.path("metadata").path("total_parameters").asLong()).isEqualTo(golden.model.parameters());
            assertThat(index.path("metadata").path("total_size").asLong()).isEqualTo(golden.model.parameters() * 4);
            TreeSet<String> files = new TreeSet<>();
            index.path("weight_map").properties().forEach(item -> files.add(item.getValue().asText()));
            assertThat(files).hasSizeGreaterThan(4).first().isEqualTo("model-00001-of-0000" + files.size() + ".safetensors");
            for (String name : files) {
                try (SafetensorsFile file = SafetensorsFile.open(golden.memory, target.resolve(name))) {
                    long size = file.tensors().values().stream().mapToLong(Tensor::byteSize).sum();
                    assertThat(size <= 30_000 || file.tensors().size() == 1).as(name + " of " + size).isTrue();
                    assertThat(file.tensors().keySet()).allSatisfy(weight -> assertThat(index.path("weight_map").path(weight).asText()).isEqualTo(name));
                }
            }
            try (ModelFolder again = ModelFolder.open(golden.memory, golden.kernels, target, StoredType.AUTO)) {
                golden.model.weights().all().forEach((name, tensor) -> assertThat(bytes(again.weights().get(name))).as(name).isEqualTo(bytes(tensor)));
            }
        }
    }

    @Test
    void noMoreThanOneWeightIsInMemory() {
        try (Memory memory = Memory.ofLimit(1 << 26);
                ModelFolder model = ModelFolder.open(memory, new ReferenceKernels(), Golden.path("tiny-llama"), StoredType.AUTO);
                LoraAdapter adapter = PeftFolder.read(memory, model.config(), model.weights()::get, Golden.path("tiny-llama-peft"))) {
            long before = memory.inUse();
            memory.resetPeak();
            MergedFolder.write(memory, model, Tuning.of(adapter), "", folder.resolve("merged"));
            long largest = adapter.modules().stream().mapToLong(module -> model.weights().get(WeightNames.weight(module.module())).byteSize()).max().orElseThrow();
            assertThat(memory.peak() - before).isPositive().isLessThanOrEqualTo(largest);
        }
    }

    @Test
    void aWritingThatFailsLeavesNothing() throws IOException {
        Path target = folder.resolve("merged");
        Files.createDirectories(folder.resolve("merged.part"));
        Files.writeString(folder.resolve("merged.part").resolve("left-by-a-crash"), "");
        try (Golden golden = Golden.open("tiny-llama"); Memory small = Memory.ofLimit(100)) {
            Map<String, Tensor> trained = Map.of("model.embed_tokens.weight", golden.model.weights().get("model.embed_tokens.weight"));
            assertThatThrownBy(() -> MergedFolder.write(small, golden.model, Tuning.of(trained), "", target)).isInstanceOf(MemoryException.class);
            try (var left = Files.list(folder)) {
                assertThat(left).isEmpty();
            }
            Files.writeString(target, "a file of somebody");
            assertThatThrownBy(() -> MergedFolder.write(golden.memory, golden.model, Tuning.NONE, "", target))
                    .isInstanceOf(ModelException.class).hasMessageContaining("choose another folder");
            assertThat(target).hasContent("a file of somebody");
        }
    }
}
