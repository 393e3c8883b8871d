package io.safeprobe.engine.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The matrix product of OpenBLAS, which takes the widest vectors of any processor, where PyTorch's library keeps from those of some. */
final class OpenBlas {
    private static final String RESOURCES = "/org/bytedeco/openblas/linux-x86_64/";
    private static final String LIBRARY = "libopenblas.so.0";
    private static final List<String> FILES = List.of("libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5", LIBRARY);
    private static final int ROW_MAJOR = 101;
    private static final int AS_STORED = 111;
    private static final int TRANSPOSED = 112;

    /** Of the process, since a second copy of the library would have threads of its own. */
    private static @Nullable OpenBlas loaded;

    private final SymbolLookup library;
    private final MethodHandle sgemm;
    private final String core;

    @SuppressWarnings("restricted") // a native library
    private OpenBlas(Path folder, int threads) {
        FILES.forEach(file -> SymbolLookup.libraryLookup(unpacked(file, folder), Arena.global()));
        library = SymbolLookup.libraryLookup(folder.resolve(LIBRARY), Arena.global());
        sgemm = function("cblas_sgemm", FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_FLOAT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_FLOAT, ADDRESS, JAVA_INT));
        try {
            function("openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT)).invokeExact(threads);
            MemorySegment text = (MemorySegment) function("openblas_get_corename", FunctionDescriptor.of(ADDRESS)).invokeExact();
            core = text.reinterpret(Byte.MAX_VALUE).getString(0);
        } catch (Throwable failure) {
            throw new IllegalStateException("OpenBLAS cannot be called", failure);
        }
    }

    @SuppressWarnings("restricted") // a native library
    private MethodHandle function(String name, FunctionDescriptor form) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), form);
    }

    /** The library with that many threads: those of the first call. */
    static synchronized OpenBlas load(int threads) {
        OpenBlas known = loaded;
        if (known == null) {
            known = new OpenBlas(Path.of(System.getProperty(Main.TARGET, "target"), "openblas").toAbsolutePath(), threads);
            loaded = known;
        }
        return known;
    }

    private static Path unpacked(String file, Path folder) {
        Path target = folder.resolve(file);
        try (InputStream packed = Objects.requireNonNull(OpenBlas.class.getResourceAsStream(RESOURCES + file), file)) {
            Files.createDirectories(folder);
            Files.copy(packed, target, StandardCopyOption.REPLACE_EXISTING);
            return target;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** What is called, and for which kind of processor: it finds that itself, unless the environment says {@code OPENBLAS_CORETYPE}. */
    String name() {
        return "OpenBLAS for " + core;
    }

    /** {@code y = op(a) op(b)}, all of F32. */
    Side product(Op.MatMul op, Tensor a, Tensor b, Tensor y) {
        int m = extent(y, 0);
        int n = extent(y, 1);
        int k = extent(a, op.transposeA() ? 0 : 1);
        int aStride = extent(a, 1);
        int bStride = extent(b, 1);
        MemorySegment left = a.data();
        MemorySegment right = b.data();
        MemorySegment result = y.data();
        return () -> {
            try {
                sgemm.invokeExact(ROW_MAJOR, layout(op.transposeA()), layout(op.transposeB()), m, n, k, 1f, left, aStride, right, bStride, 0f, result, n);
            } catch (Throwable failure) {
                throw new IllegalStateException("OpenBLAS cannot be called", failure);
            }
        };
    }

    private static int layout(boolean transposed) {
        return transposed ? TRANSPOSED : AS_STORED;
    }

    private static int extent(Tensor tensor, int dimension) {
        return Math.toIntExact(tensor.shape().dim(dimension));
    }
}
