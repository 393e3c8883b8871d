package io.safeprobe.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileTest {
    private final Memory memory = Memory.ofLimit(1 << 20);
    private final Scope scope = memory.scope();
    private final Profile profile = new Profile(new ReferenceKernels());
    private final Tensor a = Tensor.of(scope, Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f);
    private final Tensor b = Tensor.of(scope, Shape.of(2, 3), 1f, 0f, 0f, 0f, 1f, 0f);
    private final Tensor product = Tensor.allocate(scope, DType.F32, Shape.of(2, 2));

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    @Test
    void passesCallsOnAndAddsUpByOperation() {
        profile.run(new Op.MatMul(false, true), List.of(a, b), List.of(product));
        profile.run(new Op.MatMul(false, true), List.of(a, b), List.of(product));
        profile.apply(new Update.Fill(0), a);
        assertThat(product.toFloats()).containsExactly(1, 2, 4, 5);
        assertThat(a.toFloats()).containsOnly(0);
        assertThat(profile.entries()).extracting(Profile.Entry::operation).containsExactlyInAnyOrder("MatMul NT", "Fill");
        Profile.Entry matmul = profile.entries().stream().filter(entry -> entry.calls() == 2).findFirst().orElseThrow();
        assertThat(matmul.operation()).isEqualTo("MatMul NT");
        assertThat(matmul.bytes()).isEqualTo(2 * 4 * (6 + 6 + 4));
        assertThat(matmul.nanos()).isPositive();
        profile.reset();
        assertThat(profile.entries()).isEmpty();
    }

    @Test
    void everyCallIsAnEventOfARecording(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("calls.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("io.safeprobe.Kernel").withoutThreshold();
            recording.start();
            profile.run(new Op.MatMul(false, true), List.of(a, b), List.of(product));
            recording.stop();
            recording.dump(file);
        }
        assertThat(Files.size(file)).isPositive();
        List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream().filter(event -> event.getEventType().getName().equals("io.safeprobe.Kernel")).toList();
        assertThat(events).hasSize(1);
        assertThat(events.getFirst().getString("operation")).isEqualTo("MatMul NT");
        assertThat(events.getFirst().getString("shapes")).isEqualTo("F32[2, 3] F32[2, 3]");
        assertThat(events.getFirst().getLong("bytes")).isEqualTo(64);
    }
}
