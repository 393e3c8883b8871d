package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Numbers that kernels read and write. */
public final class ShortArray {
    private static final long HEADER = 16;

    private final int size;
    private final short[] values;

    public ShortArray(int size) {
        this(size, new short[size]);
    }

    private ShortArray(int size, short[] values) {
        this.size = size;
        this.values = values;
    }

    /** An array of the size of what is behind a header; the process has none of its numbers. */
    public static ShortArray fromSegmentShallow(MemorySegment segment) {
        return new ShortArray(Math.toIntExact((segment.byteSize() - HEADER) / Short.BYTES), new short[0]);
    }

    public short get(int index) {
        return values[index];
    }

    public void set(int index, short value) {
        values[index] = value;
    }

    public void init(short value) {
        Arrays.fill(values, value);
    }

    public int getSize() {
        return size;
    }

    public MemorySegment getSegment() {
        if (values.length < size) {
            throw new IllegalStateException("the process has none of these numbers");
        }
        return MemorySegment.ofArray(values);
    }
}
