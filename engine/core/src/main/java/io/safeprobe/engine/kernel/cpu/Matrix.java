package io.safeprobe.engine.kernel.cpu;

import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Where an operand of a product lies in memory.
 *
 * @param data the bytes of its tensor
 * @param type how elements are stored
 * @param at index of the first element
 * @param stride elements from one stored row to the next
 */
record Matrix(MemorySegment data, DType type, long at, long stride) {
    /** All of a tensor of rank 2. */
    static Matrix of(Tensor tensor) {
        return new Matrix(tensor.data(), tensor.dtype(), 0, tensor.shape().dim(1));
    }

    /** The same matrix from an element on. */
    Matrix from(long row, long column) {
        return new Matrix(data, type, index(row, column), stride);
    }

    /** Index of an element given its stored row and column. */
    long index(long row, long column) {
        return at + row * stride + column;
    }
}
