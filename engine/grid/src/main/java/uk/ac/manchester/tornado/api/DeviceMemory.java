package uk.ac.manchester.tornado.api;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** What a plan has on the device: for each array of the process one of its own. */
final class DeviceMemory {
    private static final int UNWRITTEN = 0xdeadbeef;
    private static final short UNWRITTEN_BITS = 0x7fff; // NaN in both formats of 16 bits

    /** An array is equal to itself only. */
    private final Map<Object, Object> arrays = new HashMap<>();

    /** The array of the device for one of the process. */
    @SuppressWarnings("unchecked") // of its own class
    <T> T of(T array) {
        return (T) arrays.computeIfAbsent(array, DeviceMemory::like);
    }

    private static Object like(Object array) {
        return switch (array) {
            case FloatArray floats -> new FloatArray(floats.getSize());
            case ShortArray shorts -> new ShortArray(shorts.getSize());
            case IntArray ints -> new IntArray(ints.getSize());
            default -> throw new IllegalArgumentException("kernels get no " + array.getClass());
        };
    }

    void send(Object array) {
        numbers(of(array)).copyFrom(numbers(array));
    }

    void fetch(Object array) {
        numbers(array).copyFrom(numbers(of(array)));
    }

    private static MemorySegment numbers(Object array) {
        return switch (array) {
            case FloatArray floats -> floats.getSegment();
            case ShortArray shorts -> shorts.getSegment();
            case IntArray ints -> ints.getSegment();
            default -> throw new IllegalArgumentException("nothing crosses as " + array.getClass());
        };
    }

    /** As memory is before anybody writes to it. */
    void forget(Object array) {
        switch (of(array)) {
            case FloatArray floats -> floats.init(Float.NaN);
            case ShortArray shorts -> shorts.init(UNWRITTEN_BITS);
            case IntArray ints -> ints.init(UNWRITTEN);
            default -> throw new IllegalArgumentException("kernels get no " + array.getClass());
        }
    }

    void free() {
        arrays.clear();
    }
}
