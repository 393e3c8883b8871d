package io.safeprobe.engine.safetensors;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.safeprobe.engine.tensor.Deferred;
import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes safetensors files: aside first, then renamed, so that a reader never sees half a file and a full disk destroys nothing. */
public final class SafetensorsWriter {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int CHUNK = 1 << 30;

    private SafetensorsWriter() {}

    /**
     * Writes all tensors, larger element types first so that every one is aligned to its element, then by name.
     *
     * @throws SafetensorsException when the file cannot be written; a file that stood there before is left as it was
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        Map<String, Deferred> made = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> made.put(name, Deferred.of(tensor)));
        writeDeferred(file, made, metadata);
    }

    /** The same with tensors that are made one after the other, so that no more than one of them is in memory. */
    public static void writeDeferred(Path file, Map<String, Deferred> tensors, Map<String, String> metadata) {
        Path aside = file.resolveSibling(file.getFileName() + ".part");
        try {
            writeAside(aside, tensors, metadata);
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failure) {
            SafetensorsException error = new SafetensorsException(
                    file, "cannot be written: " + failure.getMessage() + "; free some space or choose another folder", failure);
            remove(aside, error);
            throw error;
        } catch (RuntimeException failure) {
            remove(aside, failure);
            throw failure;
        }
    }

    private static void remove(Path aside, RuntimeException failure) {
        try {
            Files.deleteIfExists(aside);
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
    }

    private static void writeAside(Path aside, Map<String, Deferred> tensors, Map<String, String> metadata) throws IOException {
        List<Map.Entry<String, Deferred>> ordered = new ArrayList<>(tensors.entrySet());
        ordered.sort(Comparator.comparingInt((Map.Entry<String, Deferred> item) -> -item.getValue().dtype().bytes()).thenComparing(Map.Entry::getKey));
        try (FileChannel channel = FileChannel.open(
                aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeFully(channel, header(ordered, metadata));
            for (Map.Entry<String, Deferred> item : ordered) {
                item.getValue().content().give(tensor -> write(channel, tensor));
            }
            channel.force(true);
        }
    }

    private static void write(FileChannel channel, Tensor tensor) throws IOException {
        for (long at = 0; at < tensor.byteSize(); at += CHUNK) {
            writeFully(channel, part(tensor, at, Math.min(CHUNK, tensor.byteSize() - at)));
        }
    }

    private static ByteBuffer part(Tensor tensor, long at, long bytes) {
        if (tensor.device().equals(Device.CPU)) {
            return tensor.data().asSlice(at, bytes).asByteBuffer();
        }
        ByteBuffer copy = ByteBuffer.allocate(Math.toIntExact(bytes));
        tensor.block().read(tensor.offset() + at, MemorySegment.ofBuffer(copy));
        return copy;
    }

    private static ByteBuffer header(List<Map.Entry<String, Deferred>> ordered, Map<String, String> metadata) {
        ObjectNode root = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            metadata.forEach(root.putObject("__metadata__")::put);
        }
        long offset = 0;
        for (Map.Entry<String, Deferred> item : ordered) {
            Deferred tensor = item.getValue();
            ObjectNode entry = root.putObject(item.getKey()).put("dtype", tensor.dtype().name());
            var shape = entry.putArray("shape");
            for (long extent : tensor.shape().toArray()) {
                shape.add(extent);
            }
            entry.putArray("data_offsets").add(offset).add(offset + tensor.byteSize());
            offset += tensor.byteSize();
        }
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + 7) / 8 * 8;
        ByteBuffer buffer = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
        while (buffer.hasRemaining()) {
            buffer.put((byte) ' ');
        }
        return buffer.flip();
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
