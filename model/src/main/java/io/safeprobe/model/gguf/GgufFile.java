package io.safeprobe.model.gguf;

import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Deferred;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ModelException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Writes GGUF version 3, little-endian: a header, keys and values, a list of tensors, then their data, each at a multiple of 32 bytes.
 * Written aside and renamed; one tensor at a time is in memory.
 */
final class GgufFile {
    private static final int MAGIC = 0x46554747;
    private static final int VERSION = 3;
    /** What a reader assumes where general.alignment is not set. */
    private static final int ALIGNMENT = 32;
    /** Bytes of a name that ggml has room for, less its closing zero. */
    private static final int LONGEST_NAME = 63;
    private static final int CHUNK = 1 << 30;

    private GgufFile() {}

    /**
     * Writes a file.
     *
     * @param tensors name to tensor; extents are written innermost first, as the format has them
     * @throws ModelException when it cannot be written; a file that stood there before is left as it was
     */
    static void write(Path file, Metadata metadata, Map<String, Deferred> tensors) {
        Path aside = file.resolveSibling(file.getFileName() + ".part");
        try {
            try {
                writeAside(aside, metadata, tensors);
                Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException | RuntimeException failure) {
                Files.deleteIfExists(aside);
                throw failure;
            }
        } catch (IOException failure) {
            throw new ModelException(file + " cannot be written: " + failure.getMessage() + "; free some space or choose another folder", failure);
        }
    }

    private static void writeAside(Path aside, Metadata metadata, Map<String, Deferred> tensors) throws IOException {
        try (FileChannel channel = FileChannel.open(
                aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeFully(channel, ByteBuffer.wrap(head(metadata, tensors)));
            pad(channel);
            for (Deferred tensor : tensors.values()) {
                tensor.content().give(made -> writeData(channel, made));
                pad(channel);
            }
            channel.force(true);
        }
    }

    private static byte[] head(Metadata metadata, Map<String, Deferred> tensors) {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        byte[] header = new byte[24];
        ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putInt(MAGIC).putInt(VERSION).putLong(tensors.size()).putLong(metadata.count());
        head.writeBytes(header);
        head.writeBytes(metadata.encoded());
        long offset = 0;
        for (Map.Entry<String, Deferred> tensor : tensors.entrySet()) {
            byte[] name = tensor.getKey().getBytes(StandardCharsets.UTF_8);
            if (name.length > LONGEST_NAME) {
                throw new ModelException("the tensor name '" + tensor.getKey() + "' is longer than the " + LONGEST_NAME + " bytes GGUF has room for");
            }
            long[] extents = tensor.getValue().shape().toArray();
            byte[] bytes = new byte[8 + name.length + 4 + 8 * extents.length + 4 + 8];
            ByteBuffer info = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(name.length).put(name).putInt(extents.length);
            for (int i = extents.length - 1; i >= 0; i--) {
                info.putLong(extents[i]);
            }
            info.putInt(type(tensor.getValue().dtype())).putLong(offset);
            head.writeBytes(bytes);
            offset += aligned(tensor.getValue().byteSize());
        }
        return head.toByteArray();
    }

    /** The number of an element type in the format. */
    private static int type(DType dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 30;
            case F64, I64, I32, U8, BOOL -> throw new ModelException("weights of type " + dtype + " are not written as GGUF; F32, F16 and BF16 are");
        };
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static void pad(FileChannel channel) throws IOException {
        writeFully(channel, ByteBuffer.allocate((int) (aligned(channel.position()) - channel.position())));
    }

    private static void writeData(FileChannel channel, Tensor tensor) throws IOException {
        for (long at = 0; at < tensor.byteSize(); at += CHUNK) {
            writeFully(channel, tensor.data().asSlice(at, Math.min(CHUNK, tensor.byteSize() - at)).asByteBuffer());
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
