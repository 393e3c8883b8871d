package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Numbers that kernels read and write. */
public final class IntArray {
    private final int[] values;

    public IntArray(int size) {
        values = new int[size];
    }

    public int get(int index) {
        return values[index];
    }

    public void set(int index, int value) {
        values[index] = value;
    }

    public void init(int value) {
        Arrays.fill(values, value);
    }

    public int getSize() {
        return values.length;
    }

    public MemorySegment getSegment() {
        return MemorySegment.ofArray(values);
    }
}
