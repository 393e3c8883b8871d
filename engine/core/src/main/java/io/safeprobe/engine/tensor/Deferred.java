package io.safeprobe.engine.tensor;

import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * A tensor to be written, made when its turn comes and freed right after: what goes into a file need not be in memory all at once.
 *
 * @param dtype type it will have
 * @param shape shape it will have
 */
public record Deferred(DType dtype, Shape shape, Content content) {
    /** Where the elements come from. */
    @FunctionalInterface
    public interface Content {
        /** Makes the tensor, valid during {@code use} only. */
        void give(Use use) throws IOException;
    }

    /** What is done with the elements. */
    @FunctionalInterface
    public interface Use {
        /** Takes the tensor. */
        void accept(Tensor tensor) throws IOException;
    }

    /** A tensor that is there already. */
    public static Deferred of(Tensor tensor) {
        return new Deferred(tensor.dtype(), tensor.shape(), use -> use.accept(tensor));
    }

    /** A tensor that {@code fill} computes into memory of its own. */
    public static Deferred made(Memory memory, DType dtype, Shape shape, Consumer<Tensor> fill) {
        return new Deferred(dtype, shape, use -> {
            try (Scope scope = memory.processScope()) {
                Tensor tensor = Tensor.allocate(scope, dtype, shape);
                fill.accept(tensor);
                use.accept(tensor);
            }
        });
    }

    /** Bytes of all elements. */
    public long byteSize() {
        return Math.multiplyExact(shape.elements(), dtype.bytes());
    }
}
