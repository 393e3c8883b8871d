package io.safeprobe.sap.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class BatchesTest {
    @Property(tries = 300)
    void everyRowOnceAnEpoch(@ForAll @IntRange(min = 1, max = 70) int rows, @ForAll @IntRange(min = 1, max = 80) int batch, @ForAll long seed,
            @ForAll boolean shuffle, @ForAll @IntRange(max = 1000) int epoch) {
        TaskBatches batches = new TaskBatches(rows, batch, seed, shuffle);
        long first = (long) epoch * batches.batchesPerEpoch();
        long[] numbers = LongStream.range(first, first + batches.batchesPerEpoch()).toArray();

        int[] taken = Arrays.stream(numbers).mapToObj(batches::at).flatMapToInt(Arrays::stream).toArray();

        assertThat(Arrays.stream(taken).sorted()).containsExactlyElementsOf(IntStream.range(0, rows).boxed().toList());
        assertThat(Arrays.stream(numbers).map(batches::epoch).distinct()).containsExactly((long) epoch);
        for (int i = 0; i < numbers.length; i++) {
            boolean last = i == numbers.length - 1;
            assertThat(batches.at(numbers[i])).hasSize(last ? rows - batch * (numbers.length - 1) : batch);
        }
        if (!shuffle) {
            assertThat(taken).isSorted();
        }
    }

    /** A run that goes on after a stop makes new objects and asks for later steps only. */
    @Property(tries = 200)
    void aLaterStartTakesTheSameRows(@ForAll @IntRange(min = 1, max = 40) int rows, @ForAll @IntRange(min = 1, max = 9) int batch, @ForAll long seed,
            @ForAll boolean shuffle, @ForAll @IntRange(max = 60) int stop) {
        TaskBatches whole = new TaskBatches(rows, batch, seed, shuffle);
        PairBatches wholePairs = new PairBatches(rows, batch, seed, shuffle);
        int[][] rowsOfWhole = IntStream.range(0, stop + 5).mapToObj(whole::at).toArray(int[][]::new);
        int[][] pairsOfWhole = IntStream.range(0, stop + 5).mapToObj(wholePairs::at).toArray(int[][]::new);

        for (int step = stop; step < stop + 5; step++) {
            assertThat(new TaskBatches(rows, batch, seed, shuffle).at(step)).isEqualTo(rowsOfWhole[step]);
            assertThat(new PairBatches(rows, batch, seed, shuffle).at(step)).isEqualTo(pairsOfWhole[step]);
        }
    }

    @Property(tries = 300)
    void pairsGoRoundAndEveryBatchIsFull(@ForAll @IntRange(min = 1, max = 50) int pairs, @ForAll @IntRange(min = 1, max = 60) int batch, @ForAll long seed,
            @ForAll boolean shuffle, @ForAll @IntRange(max = 20) int pass) {
        PairBatches batches = new PairBatches(pairs, batch, seed, shuffle);
        long begin = (long) pass * pairs;
        long end = begin + pairs;
        long firstStep = begin / batch;

        int[] taken = LongStream.rangeClosed(firstStep, (end - 1) / batch).mapToObj(batches::at)
                .peek(indices -> assertThat(indices).hasSize(batch)).flatMapToInt(Arrays::stream).toArray();

        int skipped = (int) (begin - firstStep * batch);
        int[] ofPass = Arrays.copyOfRange(taken, skipped, skipped + pairs);
        assertThat(Arrays.stream(ofPass).sorted()).containsExactlyElementsOf(IntStream.range(0, pairs).boxed().toList());
        if (!shuffle) {
            assertThat(ofPass).isSorted();
        }
    }

    @Property(tries = 100)
    void withoutShufflingPairsAreThoseOfTheFileInTurn(@ForAll @IntRange(min = 1, max = 50) int pairs, @ForAll @IntRange(min = 1, max = 60) int batch,
            @ForAll @IntRange(max = 1000) int step) {
        int[] expected = IntStream.range(0, batch).map(i -> (step * batch + i) % pairs).toArray();

        assertThat(new PairBatches(pairs, batch, 7, false).at(step)).isEqualTo(expected);
    }

    @Property(tries = 100)
    void epochsSeedsAndStreamsAreShuffledApart(@ForAll long seed) {
        int rows = 200;
        Set<String> orders = new HashSet<>();
        for (int epoch = 0; epoch < 5; epoch++) {
            orders.add(Arrays.toString(new TaskBatches(rows, rows, seed, true).at(epoch)));
            orders.add(Arrays.toString(new TaskBatches(rows, rows, seed + 1, true).at(epoch)));
            orders.add(Arrays.toString(new PairBatches(rows, rows, seed, true).at(epoch)));
        }

        assertThat(orders).hasSize(15);
    }

    /** Runs that are resumed with another Java release must go on as they began, so the very numbers are held. */
    @Example
    void theOrderIsPinned() {
        assertThat(new TaskBatches(8, 8, 42, true).at(0)).containsExactly(5, 4, 2, 3, 6, 7, 1, 0);
        assertThat(new TaskBatches(8, 8, 42, true).at(1)).containsExactly(0, 1, 6, 4, 3, 7, 5, 2);
        assertThat(new PairBatches(8, 8, 42, true).at(0)).containsExactly(1, 2, 7, 4, 6, 5, 3, 0);
    }

    /** Over many seeds each row comes first about equally often: the standard deviation of a count is near 30 here. */
    @Example
    void shufflingFavoursNoRow() {
        int[] first = new int[10];
        for (int seed = 0; seed < 10_000; seed++) {
            first[new TaskBatches(10, 1, seed, true).at(0)[0]]++;
        }

        assertThat(Arrays.stream(first)).allMatch(count -> count > 850 && count < 1150);
    }

    @Example
    void refusesImpossibleNumbers() {
        assertThatThrownBy(() -> new TaskBatches(0, 4, 1, true)).isInstanceOf(DataException.class).hasMessageContaining("not 0 rows and 4");
        assertThatThrownBy(() -> new TaskBatches(4, 0, 1, true)).hasMessageContaining("give --batch a positive number");
        assertThatThrownBy(() -> new PairBatches(4, 0, 1, true)).hasMessageContaining("give --safety-batch a positive number");
        assertThatThrownBy(() -> new PairBatches(0, 4, 1, true)).isInstanceOf(DataException.class);
        assertThatThrownBy(() -> new TaskBatches(4, 4, 1, true).at(-1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("count from 0");
        assertThatThrownBy(() -> new PairBatches(4, 4, 1, true).at(-1)).isInstanceOf(IllegalArgumentException.class);
    }
}
