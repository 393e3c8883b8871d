package uk.ac.manchester.tornado.api;

/** How many lanes a launch has, in all and in a work-group. */
public final class WorkerGrid1D {
    private long global;
    private long local;

    public WorkerGrid1D(int lanes) {
        global = lanes;
        local = lanes;
    }

    public void setGlobalWork(long x, long y, long z) {
        global = along(x, y, z);
    }

    public void setLocalWork(long x, long y, long z) {
        local = along(x, y, z);
    }

    private static long along(long x, long y, long z) {
        if (x < 1 || y != 1 || z != 1) {
            throw new IllegalArgumentException("a grid of one dimension cannot be " + x + " x " + y + " x " + z);
        }
        return x;
    }

    /** Work-groups; a device would leave out what does not fit, with a warning at most. */
    int groups() {
        if (local > TornadoTargetDevice.MOST_LANES || global % local != 0 || global > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(global + " lanes cannot be launched in work-groups of " + local);
        }
        return Math.toIntExact(global / local);
    }

    /** Lanes of a work-group. */
    int lanes() {
        return Math.toIntExact(local);
    }
}
