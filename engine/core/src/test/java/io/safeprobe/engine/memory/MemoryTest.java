package io.safeprobe.engine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** Limits, reuse, and the errors for memory that leaks or is used too late. */
class MemoryTest {
    @Test
    void aScopeStillOpenIsReportedAtCloseWithItsBytes() {
        Memory memory = Memory.ofLimit(1 << 20);
        Scope scope = memory.scope();
        scope.allocate(1000);
        assertThatThrownBy(memory::close)
                .isInstanceOf(MemoryException.class)
                .hasMessage("memory closed while in use: 1024 bytes of tensors and 0 bytes of mapped files; close every scope and model first");
        scope.close();
        memory.close();
    }

    @Test
    void aClosedScopeIsNoLeak() {
        Memory memory = Memory.ofLimit(1 << 20);
        try (Scope scope = memory.scope()) {
            scope.allocate(1000);
        }
        memory.close();
        assertThat(memory.inUse()).isZero();
    }

    @Test
    void memoryIsRefusedAfterItsScopeClosed() {
        try (Memory memory = Memory.ofLimit(1 << 20)) {
            Scope scope = memory.scope();
            Block block = scope.allocate(64);
            block.segment().set(ValueLayout.JAVA_BYTE, 63, (byte) 1);
            scope.close();
            assertThatThrownBy(block::segment)
                    .isInstanceOf(MemoryException.class)
                    .hasMessage("tensor memory was used after it was given back; copy what must outlive its scope, or the last backward pass");
        }
    }

    @Test
    void anOldBlockStaysDeadWhenItsMemoryIsInUseAgain() {
        try (Memory memory = Memory.ofLimit(1 << 20)) {
            Scope first = memory.scope();
            Block old = first.allocate(64);
            first.close();
            try (Scope second = memory.scope()) {
                Block fresh = second.allocate(64);
                assertThat(fresh.segment().byteSize()).isEqualTo(64);
                assertThatThrownBy(old::segment).isInstanceOf(MemoryException.class);
            }
        }
    }

    @Test
    void aClosedScopeAllocatesNoMoreAndClosesOnlyOnce() {
        try (Memory memory = Memory.ofLimit(1 << 20)) {
            Scope scope = memory.scope();
            scope.allocate(64);
            scope.close();
            scope.close();
            assertThat(memory.inUse()).isZero();
            assertThatThrownBy(() -> scope.allocate(64)).isInstanceOf(MemoryException.class).hasMessage("a closed scope cannot allocate");
        }
    }

    @Test
    void accessOutsideABlockIsRefused() {
        try (Memory memory = Memory.ofLimit(1 << 20); Scope scope = memory.scope()) {
            MemorySegment segment = scope.allocate(64).segment();
            assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 64)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, -1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void blocksAreAlignedToCacheLines() {
        try (Memory memory = Memory.ofLimit(1 << 20); Scope scope = memory.scope()) {
            for (long bytes : new long[] {0, 1, 64, 65, 1000, 100_000}) {
                assertThat(scope.allocate(bytes).segment().address() % 64).as("%d bytes", bytes).isZero();
            }
        }
    }

    @Test
    void aBlockGivenBackServesTheNextOfItsClass() {
        try (Memory memory = Memory.ofLimit(1 << 20)) {
            List<Long> addresses = new ArrayList<>();
            for (long bytes : new long[] {10_000, 9_800, 9_300}) {
                try (Scope scope = memory.scope()) {
                    addresses.add(scope.allocate(bytes).segment().address());
                }
            }
            assertThat(addresses.get(1)).as("the class of 9,217 to 10,240 bytes").isEqualTo(addresses.get(0));
            assertThat(addresses.get(2)).isEqualTo(addresses.get(0));
        }
    }

    @Test
    void twoBlocksInUseNeverShareMemory() {
        try (Memory memory = Memory.ofLimit(1 << 20)) {
            for (int round = 0; round < 3; round++) {
                try (Scope scope = memory.scope()) {
                    List<Block> blocks = new ArrayList<>();
                    for (int i = 0; i < 20; i++) {
                        Block block = scope.allocate(100);
                        block.segment().fill((byte) i);
                        blocks.add(block);
                    }
                    for (int i = 0; i < 20; i++) {
                        assertThat(blocks.get(i).segment().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) i);
                        assertThat(blocks.get(i).segment().get(ValueLayout.JAVA_BYTE, 99)).isEqualTo((byte) i);
                    }
                }
            }
        }
    }

    @Test
    void theLimitNamesWhatWasWantedWhatIsInUseAndWhatToDo() {
        try (Memory memory = Memory.ofLimit(4096); Scope scope = memory.scope()) {
            scope.allocate(3072);
            assertThatThrownBy(() -> scope.allocate(2048))
                    .isInstanceOf(MemoryException.class)
                    .hasMessage("tensor memory is exhausted: 2048 bytes wanted, 3072 of 4096 in use; use a smaller batch, fewer tokens a row, "
                            + "or raise SAP_MEMORY");
            assertThat(memory.inUse()).as("a refusal takes nothing").isEqualTo(3072);
            assertThat(scope.allocate(1024).size()).as("what is left can still be had").isEqualTo(1024);
        }
    }

    @Test
    void aSizeBeyondAllMeasureIsRefusedLikeAnyOther() {
        try (Memory memory = Memory.ofLimit(4096); Scope scope = memory.scope()) {
            assertThatThrownBy(() -> scope.allocate(Long.MAX_VALUE))
                    .isInstanceOf(MemoryException.class)
                    .hasMessageContaining("exhausted");
        }
    }

    @Test
    void keptBlocksOfOtherSizesMakeRoomBeforeTheLimitIsReached() {
        try (Memory memory = Memory.ofLimit(4096)) {
            try (Scope scope = memory.scope()) {
                scope.allocate(3072);
            }
            try (Scope scope = memory.scope()) {
                assertThat(scope.allocate(2048).size()).isEqualTo(2048);
            }
        }
    }

    @Test
    void whatALargerBlockHasTooMuchIsNotCounted() {
        try (Memory memory = Memory.ofLimit(8192)) {
            try (Scope scope = memory.scope()) {
                scope.allocate(8192);
            }
            try (Scope scope = memory.scope()) {
                Block small = scope.allocate(2048);
                assertThat(small.segment().byteSize()).isEqualTo(2048);
                assertThat(memory.held()).as("it lies in the block of before").isEqualTo(8192);
                assertThat(memory.inUse()).isEqualTo(2048);
                scope.allocate(6144);
                assertThat(memory.inUse()).isEqualTo(memory.limit());
                assertThatThrownBy(() -> scope.allocate(1)).isInstanceOf(MemoryException.class).hasMessageContaining("8192 of 8192 in use");
            }
        }
    }

    @Test
    void aSmallBlockDoesNotTakeAFarLargerOne() {
        try (Memory memory = Memory.ofLimit(1 << 20)) {
            try (Scope scope = memory.scope()) {
                scope.allocate(8192);
            }
            try (Scope scope = memory.scope()) {
                scope.allocate(1024);
                assertThat(memory.held()).isEqualTo(8192 + 1024);
            }
        }
    }

    @Test
    void thePeakIsTheMostThatWasInUseAtOnce() {
        try (Memory memory = Memory.ofLimit(1 << 20)) {
            try (Scope outer = memory.scope()) {
                outer.allocate(1024);
                try (Scope inner = memory.scope()) {
                    inner.allocate(2048);
                }
                outer.allocate(512);
                assertThat(memory.inUse()).isEqualTo(1536);
                assertThat(memory.peak()).isEqualTo(3072);
                memory.resetPeak();
                assertThat(memory.peak()).isEqualTo(1536);
            }
        }
    }

    @Test
    void aLimitMustBePositive() {
        assertThatThrownBy(() -> Memory.ofLimit(0)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("memory limit must be positive, not 0");
    }

    @Test
    void theMemoryOfTheMachineLeavesAQuarter() {
        try (Memory memory = Memory.ofMachine()) {
            assertThat(memory.limit()).isPositive().isEqualTo(Memory.machineBytes() / 4 * 3);
        }
    }

    @Property(tries = 300, seed = "1")
    void aSizeClassHoldsItsBytesAndWastesLittle(@ForAll @LongRange(min = 0, max = 1L << 40) long bytes) {
        long size = Memory.sizeClass(bytes);
        assertThat(size).isGreaterThanOrEqualTo(bytes);
        assertThat(size % 64).isZero();
        assertThat(size - bytes).as("waste of %d", bytes).isLessThanOrEqualTo(Math.max(63, bytes == 0 ? 64 : bytes / 8));
        assertThat(Memory.sizeClass(size)).as("a class is its own class").isEqualTo(size);
    }

    @Property(tries = 300, seed = "2")
    void sizeClassesGrowWithTheirBytes(@ForAll @LongRange(min = 0, max = 1L << 40) long bytes, @ForAll @LongRange(min = 0,
            max = 5000) long more) {
        assertThat(Memory.sizeClass(bytes + more)).isGreaterThanOrEqualTo(Memory.sizeClass(bytes));
    }

    @Test
    void severalThreadsMayAllocateAtOnce() throws InterruptedException {
        try (Memory memory = Memory.ofLimit(1 << 24)) {
            List<Thread> threads = new ArrayList<>();
            List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
            for (int t = 0; t < 4; t++) {
                byte mark = (byte) t;
                threads.add(Thread.ofPlatform().uncaughtExceptionHandler((thread, failure) -> failures.add(failure)).start(() -> {
                    for (int round = 0; round < 200; round++) {
                        try (Scope scope = memory.scope()) {
                            MemorySegment segment = scope.allocate(1000).segment();
                            segment.fill(mark);
                            scope.allocate(64);
                            if (segment.get(ValueLayout.JAVA_BYTE, 999) != mark) {
                                throw new AssertionError("another thread wrote into this block");
                            }
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failures).isEmpty();
            assertThat(memory.inUse()).isZero();
        }
    }

    @Test
    void batchesOfEverOtherSizesDoNotHoardMemory() {
        long most = 0;
        try (Memory memory = Memory.ofLimit(1L << 32)) {
            for (int round = 0; round < 200; round++) {
                try (Scope scope = memory.scope()) {
                    for (int i = 0; i < 6; i++) {
                        scope.allocate((1L << 20) * (8 + (round * 37 + i * 11) % 40));
                    }
                }
                most = Math.max(most, memory.held());
            }
            assertThat(most).isLessThanOrEqualTo(memory.peak() + memory.peak() / 4);
        }
    }
}
