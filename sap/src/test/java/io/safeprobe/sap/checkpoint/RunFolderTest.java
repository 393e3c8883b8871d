package io.safeprobe.sap.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    Path folder;

    @Test
    void aFolderThatExistsIsNotTouched() throws IOException {
        Path there = Files.createDirectory(folder.resolve("run"));
        Files.writeString(there.resolve("precious"), "text");
        assertThatThrownBy(() -> RunFolder.create(there, Map.of())).isInstanceOf(RunException.class).hasMessageContaining("exists").hasMessageContaining("--resume");
        assertThat(there.resolve("precious")).hasContent("text");
    }

    @Test
    void aFolderThatIsNoRunIsRefused() {
        assertThatThrownBy(() -> RunFolder.open(folder)).isInstanceOf(RunException.class).hasMessageContaining("no run.json");
        assertThat(RunFolder.list(folder.resolve("none"))).isEmpty();
    }

    @Test
    void onlyTheNewestCheckpointStaysAndAHalfWrittenOneIsNotSeen() throws IOException {
        RunFolder run = RunFolder.create(folder.resolve("run"), Map.of("seed", 1));
        assertThat(run.latest()).isEmpty();
        try (Memory memory = Memory.ofLimit(1 << 20); Scope scope = memory.scope()) {
            run.checkpoint(5, Map.of("w", Tensor.of(scope, Shape.of(2), 1f, 2f)));
            run.checkpoint(10, Map.of("w", Tensor.of(scope, Shape.of(2), 3f, 4f)));
            Files.createDirectory(run.path().resolve("checkpoint-00000015.part"));
            assertThat(run.latest()).hasValueSatisfying(checkpoint -> assertThat(checkpoint.steps()).isEqualTo(10));
            run.restore(memory, run.latest().orElseThrow(), saved -> assertThat(saved.get("w")).extracting(Tensor::toFloats).isEqualTo(new float[] {3, 4}));
        }
        try (var entries = Files.list(run.path())) {
            assertThat(entries.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("run.json", "log.jsonl", "checkpoint-00000010", "checkpoint-00000015.part");
        }
    }

    @Test
    void theLogIsAppendedAndCutBack() {
        RunFolder run = RunFolder.create(folder.resolve("run"), Map.of());
        for (int step = 1; step <= 4; step++) {
            run.log(Map.of("step", step));
        }
        run.cutLog(2);
        run.log(Map.of("step", 3));
        assertThat(run.log()).extracting(line -> line.path("step").asInt()).containsExactly(1, 2, 3);
        assertThat(RunFolder.list(folder)).extracting(RunFolder::path).containsExactly(run.path());
    }
}
