package io.safeprobe.engine.safetensors;

import io.safeprobe.engine.memory.MappedFile;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A safetensors file, mapped: eight bytes of header length, a JSON header, then the tensors. Its tensors are views on the mapping, so
 * opening costs milliseconds and no copy whatever the size; they are valid until this is closed.
 */
public final class SafetensorsFile implements AutoCloseable {
    /** The limit of the format's reference implementation, against headers made to exhaust memory. */
    private static final long LARGEST_HEADER = 100_000_000;

    private static final int PREFIX = 8;

    private final MappedFile mapping;
    private final Map<String, Tensor> tensors;
    private final Map<String, String> metadata;

    private SafetensorsFile(MappedFile mapping, Map<String, Tensor> tensors, Map<String, String> metadata) {
        this.mapping = mapping;
        this.tensors = tensors;
        this.metadata = metadata;
    }

    /**
     * Opens and checks a file.
     *
     * @throws SafetensorsException when it is missing, truncated or malformed, naming the fault
     */
    public static SafetensorsFile open(Memory memory, Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new SafetensorsException(file, "no such file; check the path or get the missing shard");
            }
            if (Files.size(file) < PREFIX) {
                throw new SafetensorsException(file, "too short to be a safetensors file; get it again");
            }
            MappedFile mapping = memory.map(file);
            try {
                return read(file, mapping);
            } catch (RuntimeException malformed) {
                mapping.close();
                throw malformed;
            }
        } catch (IOException failure) {
            throw new SafetensorsException(file, "cannot be read: " + failure.getMessage(), failure);
        }
    }

    private static SafetensorsFile read(Path file, MappedFile mapping) {
        MemorySegment bytes = mapping.block().segment();
        long length = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (length < 0 || length > LARGEST_HEADER) {
            throw new SafetensorsException(file, "the header claims " + Long.toUnsignedString(length) + " bytes, more than the " + LARGEST_HEADER
                    + " allowed; this is no safetensors file");
        }
        if (PREFIX + length > bytes.byteSize()) {
            throw new SafetensorsException(file, "the header of " + length + " bytes does not fit the file of " + bytes.byteSize()
                    + "; the file is truncated, get it again");
        }
        Header header = Header.parse(file, text(file, bytes.asSlice(PREFIX, length)), bytes.byteSize() - PREFIX - length);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        header.entries().forEach((name, entry) -> tensors.put(
                name, Tensor.view(mapping.block(), PREFIX + length + entry.begin(), entry.dtype(), entry.shape())));
        return new SafetensorsFile(mapping, Collections.unmodifiableMap(tensors), Map.copyOf(header.metadata()));
    }

    private static String text(Path file, MemorySegment bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toArray(ValueLayout.JAVA_BYTE))).toString();
        } catch (CharacterCodingException malformed) {
            throw new SafetensorsException(file, "the header is not UTF-8; the file is damaged, get it again", malformed);
        }
    }

    /** Name to tensor, in the order of the header. The memory is read-only. */
    public Map<String, Tensor> tensors() {
        return tensors;
    }

    /** The free-form texts of the header. */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public void close() {
        mapping.close();
    }
}
