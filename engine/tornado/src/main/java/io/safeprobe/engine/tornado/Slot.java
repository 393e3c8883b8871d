package io.safeprobe.engine.tornado;

/**
 * Where a launch finds its arguments. They travel to the device while earlier kernels still run, so consecutive launches write different slots
 * of one array. A kernel knows its slot by the number of its work-groups, which is padded until its remainder by {@link #COUNT} is the slot:
 * unlike memory, the size of a launch is passed by value. Groups beyond the work do nothing.
 */
final class Slot {
    /** Launches whose arguments may be on their way at once. */
    static final int COUNT = 16;
    /** Whole numbers of a launch. */
    static final int INTS = 16;
    /** Real numbers of a launch. */
    static final int FLOATS = 8;
    /** Lanes of a work-group, but for matrix products. */
    static final int GROUP = 64;

    private Slot() {}

    /** The first whole number of a launch of so many lanes in all. */
    static int ints(int lanes) {
        return lanes / GROUP % COUNT * INTS;
    }

    /** The first real number of a launch of so many lanes in all. */
    static int floats(int lanes) {
        return lanes / GROUP % COUNT * FLOATS;
    }

    /** The least number of groups that names {@code slot} and is no less than what is needed. */
    static long groups(long needed, int slot) {
        return needed + Math.floorMod(slot - needed, (long) COUNT);
    }
}
