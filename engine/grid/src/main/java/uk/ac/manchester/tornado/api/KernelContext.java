package uk.ac.manchester.tornado.api;

import org.jspecify.annotations.Nullable;

/** What a lane knows of itself, and what it shares with the others of its work-group. */
public final class KernelContext {
    public final int globalIdx;
    public final int localIdx;
    public final int groupIdx;
    public final int globalGroupSizeX;
    private final @Nullable WorkGroup group;
    private int allocated;

    /** One that stands for those of all lanes where a kernel is named. */
    public KernelContext() {
        this(0, 0, 0, 0, null);
    }

    private KernelContext(int globalIdx, int localIdx, int groupIdx, int globalGroupSizeX, @Nullable WorkGroup group) {
        this.globalIdx = globalIdx;
        this.localIdx = localIdx;
        this.groupIdx = groupIdx;
        this.globalGroupSizeX = globalGroupSizeX;
        this.group = group;
    }

    static KernelContext of(WorkGroup group, int lane, int lanes, int index, int groups) {
        return new KernelContext(index * lanes + lane, lane, index, groups * lanes, group);
    }

    /** Waits for all lanes of the work-group. */
    public void localBarrier() {
        group().await(localIdx);
    }

    /** Memory of the work-group: what one lane gets by its n-th call, all get by theirs. */
    public float[] allocateFloatLocalArray(int size) {
        return group().floats(allocated++, size);
    }

    /** As {@link #allocateFloatLocalArray}. */
    public double[] allocateDoubleLocalArray(int size) {
        return group().doubles(allocated++, size);
    }

    private WorkGroup group() {
        if (group == null) {
            throw new IllegalStateException("only lanes of a launch have a work-group");
        }
        return group;
    }
}
