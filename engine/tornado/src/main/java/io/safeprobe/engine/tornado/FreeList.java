package io.safeprobe.engine.tornado;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** The unused stretches of one array, in bytes. The smallest that fits is taken; neighbours that are given back become one again. */
final class FreeList {
    private static final long GRANULE = 64;

    private record Stretch(long size, long position) implements Comparable<Stretch> {
        @Override
        public int compareTo(Stretch other) {
            return size == other.size ? Long.compare(position, other.position) : Long.compare(size, other.size);
        }
    }

    private final NavigableMap<Long, Long> byPosition = new TreeMap<>();
    private final TreeSet<Stretch> bySize = new TreeSet<>();
    private long unused;

    FreeList(long bytes) {
        add(0, bytes / GRANULE * GRANULE);
    }

    /** Position of {@code bytes} unused bytes, a multiple of 64; -1 when no stretch is long enough. */
    long take(long bytes) {
        long wanted = granules(bytes);
        Stretch fitting = bySize.ceiling(new Stretch(wanted, 0));
        if (fitting == null) {
            return -1;
        }
        remove(fitting.position, fitting.size);
        if (fitting.size > wanted) {
            add(fitting.position + wanted, fitting.size - wanted);
        }
        return fitting.position;
    }

    void giveBack(long position, long bytes) {
        long from = position;
        long size = granules(bytes);
        Map.Entry<Long, Long> before = byPosition.lowerEntry(position);
        if (before != null && before.getKey() + before.getValue() == from) {
            remove(before.getKey(), before.getValue());
            from = before.getKey();
            size += before.getValue();
        }
        Long after = byPosition.get(from + size);
        if (after != null) {
            remove(from + size, after);
            size += after;
        }
        add(from, size);
    }

    /** Bytes that are not in use. */
    long unused() {
        return unused;
    }

    /** Bytes of the longest stretch. */
    long longest() {
        return bySize.isEmpty() ? 0 : bySize.last().size;
    }

    private static long granules(long bytes) {
        return Math.max(1, (bytes + GRANULE - 1) / GRANULE) * GRANULE;
    }

    private void add(long position, long size) {
        if (size > 0) {
            byPosition.put(position, size);
            bySize.add(new Stretch(size, position));
            unused += size;
        }
    }

    private void remove(long position, long size) {
        byPosition.remove(position);
        bySize.remove(new Stretch(size, position));
        unused -= size;
    }
}
