package io.safeprobe.sap.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A list that is not on the heap: its elements stand one after the other in a temporary file, mapped, and are made anew whenever one is asked for.
 * On the heap is the end of each, 8 bytes. The file loses its name when it is complete, and its space when nobody holds the list any more.
 */
final class Spilled<T> extends AbstractList<T> implements RandomAccess {
    private static final int BUFFER = 1 << 20;
    /** So much is written before lists that nobody holds are looked for. They are small on the heap, which alone would not have them collected for long. */
    private static final long UNCOLLECTED = 64L << 20;
    private static final AtomicLong WRITTEN = new AtomicLong();

    private final MemorySegment bytes;
    private final long[] ends;
    private final Codec<T> codec;

    private Spilled(MemorySegment bytes, long[] ends, Codec<T> codec) {
        this.bytes = bytes;
        this.ends = ends;
        this.codec = codec;
    }

    /** An element as bytes, and back. */
    interface Codec<T> {
        /** The bytes of an element. */
        byte[] bytes(T value);

        /** An element equal to the one these bytes are of. */
        T value(byte[] bytes);
    }

    @Override
    public T get(int index) {
        long end = ends[java.util.Objects.checkIndex(index, ends.length)];
        long begin = index == 0 ? 0 : ends[index - 1];
        return codec.value(bytes.asSlice(begin, end - begin).toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public int size() {
        return ends.length;
    }

    /** Takes elements, then becomes the list. */
    static final class Writer<T> implements AutoCloseable {
        private final Codec<T> codec;
        private final Path file;
        private final FileChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        private long[] ends = new long[1 << 10];
        private int size;
        private long written;

        /** Makes the temporary file, in the folder that {@code java.io.tmpdir} names. */
        Writer(Codec<T> codec) {
            this.codec = codec;
            if (WRITTEN.get() > UNCOLLECTED) {
                WRITTEN.set(0);
                System.gc();
            }
            try {
                file = Files.createTempFile("safeprobe-rows", ".tmp");
                channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            } catch (IOException failure) {
                throw full(failure);
            }
        }

        void add(T value) {
            byte[] bytes = codec.bytes(value);
            try {
                if (bytes.length > buffer.remaining()) {
                    flush();
                }
                if (bytes.length > buffer.capacity()) {
                    drain(ByteBuffer.wrap(bytes));
                } else {
                    buffer.put(bytes);
                }
            } catch (IOException failure) {
                throw full(failure);
            }
            written += bytes.length;
            if (size == ends.length) {
                ends = Arrays.copyOf(ends, Math.addExact(size, size >> 1));
            }
            ends[size++] = written;
        }

        int size() {
            return size;
        }

        /** The list. */
        Spilled<T> list() {
            try {
                flush();
                WRITTEN.addAndGet(written);
                // The mapping outlives the channel, and the garbage collector ends it.
                return new Spilled<>(channel.map(FileChannel.MapMode.READ_ONLY, 0, written, Arena.ofAuto()), Arrays.copyOf(ends, size), codec);
            } catch (IOException failure) {
                throw full(failure);
            }
        }

        private void flush() throws IOException {
            drain(buffer.flip());
            buffer.clear();
        }

        private void drain(ByteBuffer source) throws IOException {
            while (source.hasRemaining()) {
                channel.write(source);
            }
        }

        private static DataException full(IOException failure) {
            return new DataException(Path.of(System.getProperty("java.io.tmpdir", ".")), "cannot hold the rows in a temporary file: " + failure.getMessage()
                    + "; free some space there, read fewer rows with --limit, or choose another folder with SAP_JAVA_OPTIONS=-Djava.io.tmpdir=DIR", failure);
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }
}
