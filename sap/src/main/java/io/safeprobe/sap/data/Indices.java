package io.safeprobe.sap.data;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;

/** A list of whole numbers that takes 4 bytes for each; it only grows. */
final class Indices extends AbstractList<Integer> implements RandomAccess {
    private int[] values = new int[1 << 10];
    private int size;

    /** Appends a number. */
    void append(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, Math.addExact(size, size >> 1));
        }
        values[size++] = value;
    }

    @Override
    public Integer get(int index) {
        return values[java.util.Objects.checkIndex(index, size)];
    }

    @Override
    public int size() {
        return size;
    }
}
