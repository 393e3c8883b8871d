package io.safeprobe.engine.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * Runs both sides of a pair in turns and keeps their times. The speed of a shared machine changes by half within seconds, so only
 * times taken within the same moment can be compared.
 */
final class PairedTimes {
    private final Pair pair;
    private final List<Long> ours = new ArrayList<>();
    private final List<Long> other = new ArrayList<>();

    PairedTimes(Pair pair) {
        this.pair = pair;
    }

    /** Runs each side once. */
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
        side.prepare();
        long start = System.nanoTime();
        side.run();
        long nanos = System.nanoTime() - start;
        side.release();
        return nanos;
    }

    /** What was kept, under the name of the case. */
    Samples samples(String name) {
        return new Samples(name, pair.against(), pair.work(), pair.unit(), List.copyOf(ours), List.copyOf(other));
    }
}
