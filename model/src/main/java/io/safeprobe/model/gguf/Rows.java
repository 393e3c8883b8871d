package io.safeprobe.model.gguf;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.DType;
import io.safeprobe.engine.tensor.Deferred;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.config.ModelException;
import java.util.function.LongUnaryOperator;

/** Tensors in another element type, or with their rows in another order. */
final class Rows {
    private static final double LARGEST_F16 = 65504;

    private final Memory memory;

    Rows(Memory memory) {
        this.memory = memory;
    }

    /**
     * A matrix or vector in {@code dtype}.
     *
     * @param name for errors
     * @param rowOf the row of the source that each row holds
     * @param factor on every element
     */
    Deferred of(String name, Deferred source, DType dtype, LongUnaryOperator rowOf, double factor) {
        return new Deferred(dtype, source.shape(), use -> source.content().give(given -> {
            try (Scope scope = memory.processScope()) {
                Tensor from = given.inProcess(scope);
                Tensor to = Tensor.allocate(scope, dtype, from.shape());
                long rows = from.shape().dim(0);
                long width = rows == 0 ? 0 : from.elements() / rows;
                for (long row = 0; row < rows; row++) {
                    copy(name, from, rowOf.applyAsLong(row) * width, to, row * width, width, factor);
                }
                use.accept(to);
            }
        }));
    }

    private static void copy(String name, Tensor from, long source, Tensor to, long target, long count, double factor) {
        for (long i = 0; i < count; i++) {
            double value = factor * from.get(source + i);
            if (to.dtype() == DType.F16 && Math.abs(value) > LARGEST_F16) {
                throw new ModelException("'" + name + "' holds " + value + ", which float16 has no room for (its largest number is " + LARGEST_F16
                        + "); write the file with --type bf16 or f32");
            }
            to.set(target + i, value);
        }
    }

    /**
     * llama.cpp rotates numbers 2i and 2i + 1 of a head together, Hugging Face i and i + half: row 2i + s of each head is what was row
     * s * half + i.
     *
     * @param headSize rows of a head
     */
    static LongUnaryOperator interleaved(int headSize) {
        long half = headSize / 2;
        return row -> {
            long within = row % headSize;
            return row - within + within % 2 * half + within / 2;
        };
    }
}
