package io.safeprobe.engine.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs both sides of a pair in turns and keeps their times. The speed of a shared machine changes by half within seconds, so only
 * times taken within the same moment can be compared. Threads that have worked spin for a while and would take the cores of the other side, so
 * it waits until they sleep; then it works for some time before it is timed, since threads that have just been woken often share a core at first (seen: a third of
 * the speed for some milliseconds).
 */
final class PairedTimes {
    /** Longer than ours spin, and those of PyTorch and OpenBLAS under the settings of the build file. */
    private static final Duration ASLEEP = Duration.ofMillis(4);
    /** Long enough for the system to move threads to cores of their own. */
    private static final Duration AWAKE = Duration.ofMillis(10);

    private final Pair pair;
    private final List<Long> ours = new ArrayList<>();
    private final List<Long> other = new ArrayList<>();

    PairedTimes(Pair pair) {
        this.pair = pair;
    }

    /** Runs each side for some time to wake it, and once for its time. */
    void once(boolean keep) {
        long oursNanos = time(pair.ours());
        Side second = pair.other();
        long otherNanos = second == null ? 0 : time(second);
        if (keep) {
            ours.add(oursNanos);
            if (second != null) {
                other.add(otherNanos);
            }
        }
    }

    private static long time(Side side) {
        pause();
        long awake = System.nanoTime() + AWAKE.toNanos();
        do {
            side.prepare();
            side.run();
            side.release();
        } while (System.nanoTime() < awake);
        side.prepare();
        long start = System.nanoTime();
        side.run();
        long nanos = System.nanoTime() - start;
        side.release();
        return nanos;
    }

    private static void pause() {
        try {
            Thread.sleep(ASLEEP);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** What was kept, under the name of the case. */
    Samples samples(String name) {
        return new Samples(name, pair.against(), pair.work(), pair.unit(), List.copyOf(ours), List.copyOf(other));
    }
}
