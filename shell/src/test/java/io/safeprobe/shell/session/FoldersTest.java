package io.safeprobe.shell.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoldersTest {
    @TempDir
    private Path folder = Path.of("");

    private static void write(Path made) {
        try {
            Files.createDirectories(made.resolve("inner"));
            Files.writeString(made.resolve("inner/file"), "text");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Test
    void whatFailsHalfWayCanBeTriedAgain() {
        Path target = folder.resolve("made");
        assertThatThrownBy(() -> Folders.make(target, made -> {
            write(made);
            throw new IllegalStateException("the disk is full");
        })).isInstanceOf(IllegalStateException.class).hasMessage("the disk is full");
        assertThat(target).doesNotExist();
        Folders.make(target, FoldersTest::write);
        assertThat(target.resolve("inner/file")).hasContent("text");
    }

    @Test
    void whatIsThereIsNeverWrittenOver() {
        Folders.make(folder.resolve("made"), FoldersTest::write);
        assertThatThrownBy(() -> Folders.make(folder.resolve("made"), FoldersTest::write)).isInstanceOf(CommandException.class).hasMessageContaining("exists");
        assertThat(folder.resolve("made/inner/file")).hasContent("text");
    }
}
