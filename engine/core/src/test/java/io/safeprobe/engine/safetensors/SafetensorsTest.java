package io.safeprobe.engine.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every malformation the format's reference implementation refuses is refused here by name, and nothing leaks. */
class SafetensorsTest {
    private static final String ONE = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

    @TempDir
    Path folder;

    private final Memory memory = Memory.ofLimit(1 << 24);

    @AfterEach
    void nothingLeaks() {
        memory.close();
    }

    private Path file(long length, String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(length).put(json);
        return Files.write(folder.resolve("model.safetensors"), bytes.array());
    }

    private Path file(String header, int dataBytes) throws IOException {
        return file(header.getBytes(StandardCharsets.UTF_8).length, header, dataBytes);
    }

    private void refused(Path file, String reason) {
        assertThatThrownBy(() -> SafetensorsFile.open(memory, file))
                .isInstanceOf(SafetensorsException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(reason);
    }

    @Test
    void aWellFormedFileIsReadAsAView() throws IOException {
        try (SafetensorsFile opened = SafetensorsFile.open(memory, file("{\"__metadata__\":{\"format\":\"pt\"}," + ONE.substring(1), 8))) {
            assertThat(opened.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(opened.tensors().get("a")).hasToString("F32[2]@cpu");
            assertThat(memory.inUse()).isZero();
        }
    }

    @Test
    void missingFile() {
        refused(folder.resolve("none.safetensors"), "no such file");
    }

    @Test
    void tooShortForALength() throws IOException {
        refused(Files.write(folder.resolve("x"), new byte[7]), "too short");
    }

    @Test
    void headerLargerThanAllowed() throws IOException {
        refused(file(100_000_001, "", 0), "more than the 100000000 allowed");
        refused(file(-1, "", 0), "18446744073709551615 bytes");
    }

    @Test
    void headerLargerThanTheFile() throws IOException {
        refused(file(5000, ONE, 8), "truncated");
    }

    @Test
    void headerThatIsNotText() throws IOException {
        Path path = file(4, "", 4);
        byte[] bytes = Files.readAllBytes(path);
        bytes[8] = (byte) 0xff;
        refused(Files.write(path, bytes), "not UTF-8");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "{\"a\" | not JSON",
        "[1] | not a JSON object",
        "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}} | lacks dtype, shape or two data_offsets",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}} | lacks dtype, shape or two data_offsets",
        "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}} | 'a' is stored as F8_E4M3, which is not supported: quantised weights",
        "{\"a\":{\"dtype\":\"F8_E5M2\",\"shape\":[8],\"data_offsets\":[0,8]}} | 'a' is stored as F8_E5M2, which is not supported",
        "{\"a\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[0,8]}} | get the weights in BF16, F16 or F32, or convert them",
        "{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}} | the type 'F31', which safetensors does not know",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | needs 12 bytes but its data_offsets [0, 8] hold 8",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | -2 in shape",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,8]}} | 1.5 in shape",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}} | overflows",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}} | truncated",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}} | leaves a hole",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,6]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}} | overlaps",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}} | 4 bytes at the end belong to no tensor",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}} | names a tensor twice",
    })
    void malformedHeader(String header, String reason) throws IOException {
        refused(file(header, 8), reason);
    }

    @Property(tries = 50)
    void whatIsWrittenIsReadBack(@ForAll long seed) throws IOException {
        Path path = Files.createTempFile("roundtrip", ".safetensors");
        Random random = new Random(seed);
        try (Memory own = Memory.ofLimit(1 << 24); Scope scope = own.scope()) {
            Map<String, Tensor> tensors = new HashMap<>();
            List<DType> types = List.of(DType.values());
            for (int i = 0; i < random.nextInt(5); i++) {
                DType dtype = types.get(random.nextInt(types.size()));
                Tensor tensor = Tensor.allocate(scope, dtype, Shape.of(random.nextInt(4), random.nextInt(5)));
                for (long j = 0; j < tensor.elements(); j++) {
                    tensor.set(j, random.nextInt(2));
                }
                tensors.put("tensor \"" + i + "\" \u00e9", tensor);
            }
            SafetensorsWriter.write(path, tensors, Map.of("note", "\u2713"));
            try (SafetensorsFile read = SafetensorsFile.open(own, path)) {
                assertThat(read.metadata()).containsEntry("note", "\u2713");
                assertThat(read.tensors().keySet()).isEqualTo(tensors.keySet());
                read.tensors().forEach((name, tensor) -> assertThat(tensor).usingComparator(Comparator.comparing(SafetensorsTest::content))
                        .isEqualTo(tensors.get(name)));
            }
        } finally {
            Files.delete(path);
        }
    }

    private static String content(Tensor tensor) {
        return tensor + Arrays.toString(tensor.toDoubles());
    }

    @Test
    void aFileThatCannotBeWrittenLeavesTheOldOneAndNoRest() throws IOException {
        Path readOnly = Files.createDirectory(folder.resolve("target.safetensors"));
        Files.createFile(readOnly.resolve("inside"));
        try (Scope scope = memory.scope()) {
            Map<String, Tensor> one = Map.of("a", Tensor.of(scope, Shape.of(1), 1f));
            // A folder that is not empty stands where the file should go: the rename fails after everything was written.
            assertThatThrownBy(() -> SafetensorsWriter.write(readOnly, one, Map.of()))
                    .isInstanceOf(SafetensorsException.class)
                    .hasMessageContaining("cannot be written");
        }
        assertThat(readOnly.resolve("inside")).exists();
        try (var entries = Files.list(folder)) {
            assertThat(entries).containsExactly(readOnly);
        }
    }
}
