package org.apache.arrow.memory.unsafe;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.apache.arrow.memory.AllocationManager;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.ReferenceManager;

/**
 * Arrow memory from the C library through the foreign-function API, aligned to 64 bytes.
 *
 * <p>Arrow looks for an allocation manager by this very class name and refuses to start without one; the managers it ships need
 * {@code sun.misc.Unsafe} or Netty. This is the only class of the project outside its own package root.
 */
@SuppressWarnings("restricted") // the C library is reached on purpose
public final class DefaultAllocationManagerFactory implements AllocationManager.Factory {
    /** Read reflectively by Arrow. */
    public static final AllocationManager.Factory FACTORY = new DefaultAllocationManagerFactory();

    private static final long ALIGNMENT = 64;
    private static final MethodHandle ALIGNED_ALLOC;
    private static final MethodHandle FREE;

    static {
        Linker linker = Linker.nativeLinker();
        ALIGNED_ALLOC = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("aligned_alloc"),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        FREE = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("free"), FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
    }

    private static final ArrowBuf EMPTY = new ArrowBuf(ReferenceManager.NO_OP, null, 0, allocate(ALIGNMENT));

    private DefaultAllocationManagerFactory() {}

    @Override
    public AllocationManager create(BufferAllocator accountingAllocator, long size) {
        return new NativeBlock(accountingAllocator, size);
    }

    @Override
    public ArrowBuf empty() {
        return EMPTY;
    }

    private static long allocate(long size) {
        long rounded = (size + ALIGNMENT - 1) & -ALIGNMENT;
        long address;
        try {
            address = (long) ALIGNED_ALLOC.invokeExact(ALIGNMENT, rounded);
        } catch (Throwable unexpected) {
            throw new AssertionError("aligned_alloc cannot throw", unexpected);
        }
        if (address == 0) {
            throw new OutOfMemoryError("the system gave no block of " + rounded + " bytes; close other programs or use a smaller batch");
        }
        return address;
    }

    private static final class NativeBlock extends AllocationManager {
        private final long address;
        private final long size;

        NativeBlock(BufferAllocator accountingAllocator, long size) {
            super(accountingAllocator);
            this.size = size;
            this.address = allocate(size);
        }

        @Override
        public long getSize() {
            return size;
        }

        @Override
        protected long memoryAddress() {
            return address;
        }

        @Override
        protected void release0() {
            try {
                FREE.invokeExact(address);
            } catch (Throwable unexpected) {
                throw new AssertionError("free cannot throw", unexpected);
            }
        }
    }
}
