package io.safeprobe.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as memory. */
class MappedFileTest {
    @TempDir
    Path folder;

    private Path file(byte... bytes) throws IOException {
        return Files.write(folder.resolve("data.bin"), bytes);
    }

    @Test
    void aFileIsReadWithoutCountingAsTensorMemory() throws IOException {
        try (Memory memory = Memory.ofLimit(64); MappedFile mapped = memory.map(file(new byte[1000]))) {
            assertThat(mapped.block().size()).isEqualTo(1000);
            assertThat(memory.inUse()).isZero();
        }
        try (Memory memory = Memory.ofLimit(64); MappedFile mapped = memory.map(file((byte) 1, (byte) 2, (byte) 3))) {
            assertThat(mapped.block().segment().toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 2, 3);
        }
    }

    @Test
    void writingIntoAFileIsRefused() throws IOException {
        try (Memory memory = Memory.ofLimit(64); MappedFile mapped = memory.map(file((byte) 1, (byte) 2))) {
            MemorySegment segment = mapped.block().segment();
            assertThat(segment.isReadOnly()).as("a write to these pages would end the process").isTrue();
            assertThatThrownBy(() -> segment.set(ValueLayout.JAVA_BYTE, 0, (byte) 9)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void accessBehindTheEndIsRefused() throws IOException {
        try (Memory memory = Memory.ofLimit(64); MappedFile mapped = memory.map(file((byte) 1, (byte) 2))) {
            assertThatThrownBy(() -> mapped.block().segment().get(ValueLayout.JAVA_BYTE, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void aClosedFileIsNoLongerReadable() throws IOException {
        try (Memory memory = Memory.ofLimit(64)) {
            MappedFile mapped = memory.map(file((byte) 1));
            Block block = mapped.block();
            mapped.close();
            mapped.close();
            assertThatThrownBy(block::segment).isInstanceOf(MemoryException.class);
        }
    }

    @Test
    void anOpenFileIsReportedAtClose() throws IOException {
        Memory memory = Memory.ofLimit(64);
        MappedFile mapped = memory.map(file(new byte[300]));
        assertThatThrownBy(memory::close)
                .isInstanceOf(MemoryException.class)
                .hasMessageContaining("0 bytes of tensors and 300 bytes of mapped files");
        mapped.close();
        memory.close();
    }

    @Test
    void anEmptyFileIsAnEmptyBlock() throws IOException {
        try (Memory memory = Memory.ofLimit(64); MappedFile mapped = memory.map(file())) {
            assertThat(mapped.block().size()).isZero();
        }
    }

    @Test
    void aMissingFileLeavesNothingOpen() {
        try (Memory memory = Memory.ofLimit(64)) {
            assertThatThrownBy(() -> memory.map(folder.resolve("missing.bin"))).isInstanceOf(NoSuchFileException.class);
        }
    }
}
