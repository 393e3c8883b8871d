package io.safeprobe.engine.kernel.cpu;

/** Arrays that one worker keeps from task to task; they only grow. Content is undefined. */
final class Scratch {
    private static final int SLOTS = 16;
    private static final int PAGE = 1024;

    private final float[][] slots = new float[SLOTS][0];

    /** At least {@code size} floats; the same array on the next call with this slot. */
    float[] floats(int slot, int size) {
        if (slots[slot].length < size) {
            slots[slot] = new float[Math.addExact(size, PAGE)];
        }
        return slots[slot];
    }
}
