package io.safeprobe.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Between the arrays that are sent and those that stay. Ints: position on the device, elements. */
final class TransferLanes {
    private TransferLanes() {}

    static void up(KernelContext c, FloatArray stage, IntArray done, FloatArray heap, ShortArray weights, IntArray index, IntArray ints) {
        upLane(c.globalIdx, stage, done, heap, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void upLane(int i, FloatArray stage, IntArray done, FloatArray heap, IntArray ints, int at) {
        if (i < ints.get(at + 1)) {
            heap.set(ints.get(at) + i, stage.get(i));
        }
        if (i == 0) {
            done.set(0, 1);
        }
    }

    static void down(KernelContext c, FloatArray stage, IntArray done, FloatArray heap, ShortArray weights, IntArray index, IntArray ints) {
        downLane(c.globalIdx, stage, heap, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void downLane(int i, FloatArray stage, FloatArray heap, IntArray ints, int at) {
        if (i < ints.get(at + 1)) {
            stage.set(i, heap.get(ints.get(at) + i));
        }
    }

    static void upBits(KernelContext c, ShortArray stage, IntArray done, FloatArray heap, ShortArray weights, IntArray index, IntArray ints) {
        upBitsLane(c.globalIdx, stage, done, weights, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void upBitsLane(int i, ShortArray stage, IntArray done, ShortArray weights, IntArray ints, int at) {
        if (i < ints.get(at + 1)) {
            weights.set(ints.get(at) + i, stage.get(i));
        }
        if (i == 0) {
            done.set(0, 1);
        }
    }

    static void downBits(KernelContext c, ShortArray stage, IntArray done, FloatArray heap, ShortArray weights, IntArray index, IntArray ints) {
        downBitsLane(c.globalIdx, stage, weights, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void downBitsLane(int i, ShortArray stage, ShortArray weights, IntArray ints, int at) {
        if (i < ints.get(at + 1)) {
            stage.set(i, weights.get(ints.get(at) + i));
        }
    }

    static void upIndex(KernelContext c, IntArray stage, IntArray done, FloatArray heap, ShortArray weights, IntArray index, IntArray ints) {
        upIndexLane(c.globalIdx, stage, done, index, ints, Slot.ints(c.globalGroupSizeX));
    }

    static void upIndexLane(int i, IntArray stage, IntArray done, IntArray index, IntArray ints, int at) {
        if (i < ints.get(at + 1)) {
            index.set(ints.get(at) + i, stage.get(i));
        }
        if (i == 0) {
            done.set(0, 1);
        }
    }

    /** Writes to every array that stays, so that the driver makes them writable: it decides by the first kernel it sees. */
    static void touch(KernelContext c, FloatArray heap, ShortArray weights, IntArray index) {
        if (c.globalIdx == 0) {
            heap.set(0, 0f);
            weights.set(0, (short) 0);
            index.set(0, 0);
        }
    }
}
