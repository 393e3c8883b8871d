package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Numbers that kernels read and write. */
public final class FloatArray {
    private static final long HEADER = 16;

    private final int size;
    private final float[] values;

    public FloatArray(int size) {
        this(size, new float[size]);
    }

    private FloatArray(int size, float[] values) {
        this.size = size;
        this.values = values;
    }

    /** An array of the size of what is behind a header; the process has none of its numbers. */
    public static FloatArray fromSegmentShallow(MemorySegment segment) {
        return new FloatArray(Math.toIntExact((segment.byteSize() - HEADER) / Float.BYTES), new float[0]);
    }

    public float get(int index) {
        return values[index];
    }

    public void set(int index, float value) {
        values[index] = value;
    }

    public void init(float value) {
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
