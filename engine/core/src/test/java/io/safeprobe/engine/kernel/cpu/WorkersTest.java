package io.safeprobe.engine.kernel.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The pool: every part exactly once, exceptions reach the caller, threads that slept wake up. */
final class WorkersTest {
    private static void expectEachPartOnce(Workers workers, int parts) {
        AtomicIntegerArray runs = new AtomicIntegerArray(parts);
        workers.run(parts, (part, _) -> runs.incrementAndGet(part));
        for (int part = 0; part < parts; part++) {
            assertThat(runs.get(part)).as("part %d of %d", part, parts).isEqualTo(1);
        }
    }

    @Test
    void runsEveryPartOnce() {
        for (int threads : new int[] {1, 2, 3, 8}) {
            try (Workers workers = new Workers(threads)) {
                for (int round = 0; round < 300; round++) {
                    expectEachPartOnce(workers, round % 40);
                }
            }
        }
    }

    @Test
    void runsEveryFillerOnceAndLast() {
        for (int threads : new int[] {1, 2, 3, 8}) {
            try (Workers workers = new Workers(threads)) {
                for (int round = 0; round < 300; round++) {
                    int parts = round % 20;
                    int fillers = round % 7;
                    // All other threads may have taken a part each that they have yet to begin.
                    int least = parts - threads + 1;
                    AtomicIntegerArray runs = new AtomicIntegerArray(parts + fillers);
                    AtomicInteger begun = new AtomicInteger();
                    workers.run(parts, fillers, (part, _) -> {
                        int before = begun.getAndIncrement();
                        assertThat(part < parts || before >= least).as("part %d was begun behind %d of %d", part, before, parts).isTrue();
                        runs.incrementAndGet(part);
                    });
                    for (int part = 0; part < parts + fillers; part++) {
                        assertThat(runs.get(part)).as("part %d of %d and %d", part, parts, fillers).isEqualTo(1);
                    }
                }
            }
        }
    }

    @Test
    void wakesThreadsThatParked() {
        try (Workers workers = new Workers(3)) {
            for (int round = 0; round < 5; round++) {
                LockSupport.parkNanos(20_000_000);
                expectEachPartOnce(workers, 64);
            }
        }
    }

    @Test
    void rangesCoverAllItemsInMultiplesOfTheGrain() {
        try (Workers workers = new Workers(3)) {
            for (long count : new long[] {0, 1, 63, 64, 65, 1000, 4096, 10_001}) {
                AtomicIntegerArray runs = new AtomicIntegerArray((int) count);
                workers.ranges(count, 64, (from, to, _) -> {
                    assertThat(from % 64).isZero();
                    for (long i = from; i < to; i++) {
                        runs.incrementAndGet((int) i);
                    }
                });
                for (int i = 0; i < count; i++) {
                    assertThat(runs.get(i)).as("item %d of %d", i, count).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void anExceptionReachesTheCallerAndThePoolGoesOn() {
        for (int threads : new int[] {1, 4}) {
            try (Workers workers = new Workers(threads)) {
                for (int failing = 0; failing < 20; failing++) {
                    int bad = failing;
                    assertThatThrownBy(() -> workers.run(20, (part, _) -> {
                                if (part == bad) {
                                    throw new IllegalStateException("part " + bad);
                                }
                            }))
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessage("part " + bad);
                    expectEachPartOnce(workers, 20);
                }
            }
        }
    }

    @Test
    void scratchOfATaskIsItsOwn() {
        try (Workers workers = new Workers(4)) {
            workers.run(200, (part, scratch) -> {
                float[] mine = scratch.floats(0, 1000);
                java.util.Arrays.fill(mine, 0, 1000, part);
                Thread.onSpinWait();
                for (int i = 0; i < 1000; i++) {
                    assertThat(mine[i]).isEqualTo(part);
                }
            });
        }
    }

    @Test
    void refusesNonsense() {
        assertThatThrownBy(() -> new Workers(0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("0");
        Workers closed = new Workers(2);
        closed.close();
        assertThatThrownBy(() -> closed.run(1, (_, _) -> {})).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }
}
