package io.safeprobe.engine.tensor;

import io.safeprobe.engine.memory.Block;
import io.safeprobe.engine.memory.DeviceHeap;
import io.safeprobe.engine.memory.Scope;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.LongToDoubleFunction;

/**
 * A dense row-major array of one {@link DType}, in memory of the process or of a device. A tensor is a view: its memory belongs to the
 * {@link Scope} or mapped file it was made from, and views of one block share its bytes. Little-endian, as safetensors files are.
 *
 * <p>On a device, numbers are read and written in copies: {@link #toFloats} is one, {@link #get} and {@link #set} one for each element.
 */
public final class Tensor {
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Device device;
    private final DType dtype;
    private final Shape shape;
    private final Block block;
    private final long offset;

    private Tensor(Device device, DType dtype, Shape shape, Block block, long offset) {
        this.device = device;
        this.dtype = dtype;
        this.shape = shape;
        this.block = block;
        this.offset = offset;
    }

    /** A tensor with undefined content. */
    public static Tensor allocate(Scope scope, DType dtype, Shape shape) {
        long bytes = Math.multiplyExact(shape.elements(), dtype.bytes());
        DeviceHeap.Kind kind = dtype.kind();
        Block block = kind == null ? scope.allocate(bytes) : scope.allocate(kind, bytes);
        return new Tensor(Device.of(block), dtype, shape, block, 0);
    }

    /** A tensor of zeros. */
    public static Tensor zeros(Scope scope, DType dtype, Shape shape) {
        Tensor tensor = allocate(scope, dtype, shape);
        if (tensor.device.equals(Device.CPU)) {
            tensor.data().fill((byte) 0);
        } else {
            tensor.copyFrom(MemorySegment.ofArray(new byte[Math.toIntExact(tensor.byteSize())]));
        }
        return tensor;
    }

    /** An F32 tensor holding {@code values} in row-major order. */
    public static Tensor of(Scope scope, Shape shape, float... values) {
        Tensor tensor = allocate(scope, DType.F32, shape);
        tensor.requireElements(values.length);
        tensor.copyFrom(MemorySegment.ofArray(values));
        return tensor;
    }

    /** An F64 tensor holding {@code values} in row-major order. */
    public static Tensor of(Scope scope, Shape shape, double... values) {
        Tensor tensor = allocate(scope, DType.F64, shape);
        tensor.requireElements(values.length);
        MemorySegment.copy(values, 0, tensor.data(), F64, 0, values.length);
        return tensor;
    }

    /** An I32 tensor holding {@code values} in row-major order. */
    public static Tensor of(Scope scope, Shape shape, int... values) {
        Tensor tensor = allocate(scope, DType.I32, shape);
        tensor.requireElements(values.length);
        MemorySegment.copy(values, 0, tensor.data(), I32, 0, values.length);
        return tensor;
    }

    /** A tensor whose elements are {@code values} of their indices, asked for in order and rounded to the type; sent in one copy where it lies on a device. */
    public static Tensor of(Scope scope, DType dtype, Shape shape, LongToDoubleFunction values) {
        Tensor tensor = allocate(scope, dtype, shape);
        boolean here = tensor.device.equals(Device.CPU);
        MemorySegment data = here ? tensor.data() : MemorySegment.ofArray(new byte[Math.toIntExact(tensor.byteSize())]);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setElement(data, i * dtype.bytes(), values.applyAsDouble(i));
        }
        if (!here) {
            tensor.copyFrom(data);
        }
        return tensor;
    }

    /** A view on {@code block} starting at byte {@code offset}. */
    public static Tensor view(Block block, long offset, DType dtype, Shape shape) {
        long bytes = Math.multiplyExact(shape.elements(), dtype.bytes());
        if (offset < 0 || offset > block.size() - bytes) {
            throw new ShapeException("a " + dtype + " tensor of " + shape + " at byte " + offset + " does not fit a block of " + block.size());
        }
        return new Tensor(Device.of(block), dtype, shape, block, offset);
    }

    /** The same elements under another shape of the same number of elements; shares memory. */
    public Tensor reshape(Shape other) {
        if (other.elements() != shape.elements()) {
            throw new ShapeException("cannot reshape " + shape + " to " + other + ": the number of elements differs");
        }
        return new Tensor(device, dtype, other, block, offset);
    }

    /** Rows {@code from} to {@code from + count} of the first dimension; shares memory. */
    public Tensor rows(long from, long count) {
        if (shape.rank() == 0 || from < 0 || count < 0 || count > shape.dim(0) - from) {
            throw new ShapeException("rows " + from + " to " + (from + count) + " are not inside " + shape);
        }
        long[] extents = shape.toArray();
        long rowBytes = elements() / Math.max(1, extents[0]) * dtype.bytes();
        extents[0] = count;
        return new Tensor(device, dtype, Shape.of(extents), block, offset + from * rowBytes);
    }

    /** The block this tensor is a view of; two tensors of one block share its fate. */
    public Block block() {
        return block;
    }

    /** Where the tensor lives. */
    public Device device() {
        return device;
    }

    /** Type of the elements. */
    public DType dtype() {
        return dtype;
    }

    /** Extents, outermost first. */
    public Shape shape() {
        return shape;
    }

    /** Number of elements. */
    public long elements() {
        return shape.elements();
    }

    /** Bytes of all elements. */
    public long byteSize() {
        return elements() * dtype.bytes();
    }

    /** Byte of the block at which this tensor begins. */
    public long offset() {
        return offset;
    }

    /** This tensor where it lies in the process, else a copy there, which {@code scope} owns. */
    public Tensor inProcess(Scope scope) {
        if (device.equals(Device.CPU)) {
            return this;
        }
        Tensor copy = new Tensor(Device.CPU, dtype, shape, scope.allocate(byteSize()), 0);
        copyTo(copy.data());
        return copy;
    }

    /** Copies all elements to {@code target}, which has as many bytes; from a device too. */
    public void copyTo(MemorySegment target) {
        block.read(offset, target.asSlice(0, byteSize()));
    }

    /** Replaces all elements by the bytes of {@code source}; on a device too. */
    public void copyFrom(MemorySegment source) {
        block.write(offset, source.asSlice(0, byteSize()));
    }

    /** Exactly the bytes of this tensor, which must be in the process; access outside is refused. */
    public MemorySegment data() {
        return block.segment().asSlice(offset, byteSize());
    }

    /** Element {@code index} in row-major order, widened; for reference kernels, tests and scalars. */
    public double get(long index) {
        long at = offset + checkIndex(index) * dtype.bytes();
        if (device.equals(Device.CPU)) {
            return element(block.segment(), at);
        }
        MemorySegment cell = MemorySegment.ofArray(new byte[dtype.bytes()]);
        block.read(at, cell);
        return element(cell, 0);
    }

    private double element(MemorySegment data, long at) {
        return switch (dtype) {
            case F64 -> data.get(F64, at);
            case F32 -> data.get(F32, at);
            case F16 -> Float.float16ToFloat(data.get(I16, at));
            case BF16 -> DType.fromBf16(data.get(I16, at));
            case I64 -> data.get(I64, at);
            case I32 -> data.get(I32, at);
            case U8, BOOL -> data.get(ValueLayout.JAVA_BYTE, at) & 0xff;
        };
    }

    /** Sets element {@code index}, rounded to the type. */
    public void set(long index, double value) {
        long at = offset + checkIndex(index) * dtype.bytes();
        if (device.equals(Device.CPU)) {
            setElement(block.segment(), at, value);
        } else {
            MemorySegment cell = MemorySegment.ofArray(new byte[dtype.bytes()]);
            setElement(cell, 0, value);
            block.write(at, cell);
        }
    }

    private void setElement(MemorySegment data, long at, double value) {
        switch (dtype) {
            case F64 -> data.set(F64, at, value);
            case F32 -> data.set(F32, at, (float) value);
            case F16 -> data.set(I16, at, Float.floatToFloat16((float) value));
            case BF16 -> data.set(I16, at, DType.toBf16((float) value));
            case I64 -> data.set(I64, at, (long) value);
            case I32 -> data.set(I32, at, (int) value);
            case U8, BOOL -> data.set(ValueLayout.JAVA_BYTE, at, (byte) (int) value);
        }
    }

    /** Element {@code index} of an integer tensor. */
    public int getInt(long index) {
        return dtype == DType.I32
                ? block.segment().get(I32, offset + checkIndex(index) * 4)
                : Math.toIntExact((long) get(index));
    }

    /** The only element of a tensor of one element. */
    public double item() {
        if (elements() != 1) {
            throw new ShapeException("item() needs one element, not " + shape);
        }
        return get(0);
    }

    /** A copy of all elements as floats. */
    public float[] toFloats() {
        float[] copy = new float[Math.toIntExact(elements())];
        MemorySegment data = here();
        for (int i = 0; i < copy.length; i++) {
            copy[i] = (float) element(data, (long) i * dtype.bytes());
        }
        return copy;
    }

    /** A copy of all elements as doubles. */
    public double[] toDoubles() {
        double[] copy = new double[Math.toIntExact(elements())];
        MemorySegment data = here();
        for (int i = 0; i < copy.length; i++) {
            copy[i] = element(data, (long) i * dtype.bytes());
        }
        return copy;
    }

    /** The bytes, or a copy of them where they are on a device. */
    private MemorySegment here() {
        if (device.equals(Device.CPU)) {
            return data();
        }
        MemorySegment copy = MemorySegment.ofArray(new byte[Math.toIntExact(byteSize())]);
        copyTo(copy);
        return copy;
    }

    private long checkIndex(long index) {
        return java.util.Objects.checkIndex(index, elements());
    }

    private void requireElements(long count) {
        if (count != elements()) {
            throw new ShapeException(count + " values given for a tensor of " + shape);
        }
    }

    @Override
    public String toString() {
        return dtype + shape.toString() + "@" + device;
    }
}
