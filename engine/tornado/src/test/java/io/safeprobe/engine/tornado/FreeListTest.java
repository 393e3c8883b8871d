package io.safeprobe.engine.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FreeListTest {
    private record Taken(long position, long bytes) {
        boolean overlaps(Taken other) {
            return position < other.position + other.bytes && other.position < position + bytes;
        }
    }

    @Test
    void whatIsTakenNeverOverlapsAndEverythingBecomesOneStretchAgain() {
        SplittableRandom random = new SplittableRandom(7);
        FreeList list = new FreeList(1 << 16);
        List<Taken> taken = new ArrayList<>();
        int refused = 0;
        for (int step = 0; step < 20_000; step++) {
            if (taken.isEmpty() || random.nextInt(5) < 3) {
                long bytes = random.nextLong(1, 5000);
                long position = list.take(bytes);
                if (position < 0) {
                    refused++;
                    taken.sort((a, b) -> Long.compare(a.position, b.position));
                    Taken given = taken.remove(random.nextInt(taken.size()));
                    list.giveBack(given.position, given.bytes);
                } else {
                    Taken fresh = new Taken(position, bytes);
                    assertThat(position % 64).isZero();
                    assertThat(position + bytes).isLessThanOrEqualTo(1 << 16);
                    assertThat(taken).noneMatch(fresh::overlaps);
                    taken.add(fresh);
                }
            } else {
                Taken given = taken.remove(random.nextInt(taken.size()));
                list.giveBack(given.position, given.bytes);
            }
        }
        assertThat(refused).isPositive();
        taken.forEach(given -> list.giveBack(given.position, given.bytes));
        assertThat(list.unused()).isEqualTo(1 << 16);
        assertThat(list.longest()).isEqualTo(1 << 16);
        assertThat(list.take(1 << 16)).isZero();
    }

    @Test
    void aStretchThatFitsExactlyIsTakenBeforeALargerOne() {
        FreeList list = new FreeList(1024);
        long first = list.take(128);
        list.take(64);
        list.giveBack(first, 128);
        assertThat(list.take(128)).isEqualTo(first);
    }
}
