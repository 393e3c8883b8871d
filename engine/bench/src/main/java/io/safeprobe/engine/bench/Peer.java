package io.safeprobe.engine.bench;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import io.safeprobe.engine.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/** PyTorch in the same process, through DJL. */
final class Peer implements AutoCloseable {
    /** What a single operation of PyTorch is compared as. */
    static final String NAME = "PyTorch";
    /** What DJL has no operation for and is put together from several; PyTorch itself may do better. */
    static final String COMPOSED = "PyTorch, composed";

    private final NDManager manager = Engine.getEngine("PyTorch").newBaseManager();

    /** Whether the build has brought PyTorch's library for this machine along. */
    static boolean isAvailable() {
        return System.getProperty("os.name").equals("Linux") && System.getProperty("os.arch").equals("amd64");
    }

    /**
     * Settings that PyTorch reads once, when it is loaded: its threads, and the folder its libraries are unpacked to, which would be
     * in the user's home otherwise. Nothing is fetched from the network.
     */
    static void configure(int threads, Path libraries) {
        System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("DJL_CACHE_DIR", libraries.toString());
    }

    /** A copy of an F32 or I32 tensor. */
    NDArray array(Tensor tensor) {
        DataType type = switch (tensor.dtype()) {
            case F32 -> DataType.FLOAT32;
            case I32 -> DataType.INT32;
            case F64, F16, BF16, I64, U8, BOOL -> throw new IllegalArgumentException("no arrays are made of " + tensor.dtype());
        };
        // DJL wraps a direct buffer without a copy, and in-place operations would change our tensor.
        try (NDArray shared = manager.create(
                tensor.data().asByteBuffer().order(ByteOrder.nativeOrder()), new Shape(tensor.shape().toArray()), type)) {
            return shared.duplicate();
        }
    }

    /** A copy of a tensor {@code [outer * middle, inner * size]} as a contiguous array {@code [outer * inner, middle, size]}. */
    NDArray heads(Tensor tensor, long outer, long inner) {
        long middle = tensor.shape().dim(0) / outer;
        long size = tensor.shape().dim(1) / inner;
        NDArray split = array(tensor).reshape(outer, middle, inner, size).transpose(0, 2, 1, 3);
        // Flattening is what copies: a reshape alone may stay a view.
        return split.flatten().reshape(outer * inner, middle, size);
    }

    /** Ids as PyTorch wants them: I64, one column. */
    NDArray column(Tensor ids) {
        return array(ids).toType(DataType.INT64, false).reshape(-1, 1);
    }

    /** A TorchScript module beside this class, {@code training} if gradients are to flow through it. */
    Function<List<NDArray>, NDArray> module(String resource, boolean training) {
        try (InputStream stream = Objects.requireNonNull(Peer.class.getResourceAsStream(resource), resource)) {
            PtSymbolBlock module = JniUtils.loadModule((PtNDManager) manager, stream, false, false);
            return in -> IValueUtils.forward(module, new NDList(in), training).singletonOrThrow();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** The work of {@code forward} without a tape. */
    PeerSide forward(List<NDArray> inputs, Function<List<NDArray>, NDArray> forward) {
        return new PeerSide(manager, inputs, forward, null);
    }

    /** The work of {@code forward} and of the gradients of all inputs, given the gradient of the result. */
    PeerSide gradient(List<NDArray> inputs, NDArray seed, Function<List<NDArray>, NDArray> forward) {
        return new PeerSide(manager, inputs, forward, seed);
    }

    @Override
    public void close() {
        manager.close();
    }
}
