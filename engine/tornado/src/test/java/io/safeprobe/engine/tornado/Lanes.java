package io.safeprobe.engine.tornado;

import java.util.Random;
import java.util.function.IntConsumer;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Arrays of a device that is the JVM, on which lane functions run one after the other. */
final class Lanes {
    final FloatArray heap = new FloatArray(StoredLanes.TABLE + 4096);
    final ShortArray weights = new ShortArray(1024);
    final IntArray index = new IntArray(1024);
    private final IntArray ints = new IntArray(Slot.INTS);
    private final FloatArray floats = new FloatArray(Slot.FLOATS);

    /** Positions behind this one hold the table of a format. */
    static final int TABLE_AT = 4096;

    static Lanes random(long seed) {
        Lanes lanes = new Lanes();
        Random random = new Random(seed);
        for (int i = 0; i < TABLE_AT; i++) {
            lanes.heap.set(i, random.nextFloat(-2, 2));
        }
        for (int i = 0; i < lanes.weights.getSize(); i++) {
            lanes.weights.set(i, (short) random.nextInt(0x3c00));
        }
        for (int bits = 0; bits < StoredLanes.TABLE; bits++) {
            lanes.heap.set(TABLE_AT + bits, Float.float16ToFloat((short) bits));
        }
        return lanes;
    }

    IntArray ints(int... values) {
        for (int i = 0; i < values.length; i++) {
            ints.set(i, values[i]);
        }
        return ints;
    }

    FloatArray floats(float... values) {
        for (int i = 0; i < values.length; i++) {
            floats.set(i, values[i]);
        }
        return floats;
    }

    /** Runs the lanes of so many elements, and those of the padding. */
    static void each(int elements, IntConsumer lane) {
        for (int i = 0; i < elements + Slot.GROUP; i++) {
            lane.accept(i);
        }
    }

    float[] copy(int from, int count) {
        float[] copy = new float[count];
        for (int i = 0; i < count; i++) {
            copy[i] = heap.get(from + i);
        }
        return copy;
    }
}
