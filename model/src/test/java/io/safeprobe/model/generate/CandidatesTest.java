package io.safeprobe.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CandidatesTest {
    private static float[] logits(long seed, int count, double step) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] logits = new float[count];
        for (int i = 0; i < count; i++) {
            logits[i] = random.nextInt(12) == 0 && i > 0 ? Float.NEGATIVE_INFINITY : (float) (Math.round(random.nextDouble(-8, 8) / step) * step);
        }
        return logits;
    }

    /** All ids, sorted: the plain definition. */
    private static List<Integer> sorted(float[] logits) {
        return IntStream.range(0, logits.length).filter(id -> logits[id] > Float.NEGATIVE_INFINITY).boxed()
                .sorted(Comparator.comparingDouble((Integer id) -> -logits[id]).thenComparing(id -> id)).toList();
    }

    private static Map<Integer, Double> plainly(float[] logits, Sampling sampling) {
        List<Integer> order = new ArrayList<>(sorted(logits));
        if (sampling.topK() > 0 && sampling.topK() < order.size()) {
            float last = logits[order.get(sampling.topK() - 1)];
            order.removeIf(id -> logits[id] < last);
        }
        List<Double> weights = order.stream().map(id -> Math.exp(((double) logits[id] - logits[order.getFirst()]) / sampling.temperature())).toList();
        double total = weights.stream().mapToDouble(Double::doubleValue).sum();
        TreeMap<Integer, Double> kept = new TreeMap<>();
        double before = 0;
        for (int i = 0; i < order.size(); i++) {
            boolean nucleus = sampling.topP() == 1 || before < sampling.topP() * total;
            if (i == 0 || (nucleus && weights.get(i) >= sampling.minP())) {
                kept.put(order.get(i), weights.get(i));
            }
            before += weights.get(i);
        }
        double mass = kept.values().stream().mapToDouble(Double::doubleValue).sum();
        kept.replaceAll((id, weight) -> weight / mass);
        return kept;
    }

    @Property(tries = 400)
    void keepsWhatSortingAllWouldKeep(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 300) int count, @ForAll @IntRange(min = 0, max = 60) int topK,
            @ForAll @DoubleRange(min = 0.1, max = 3) double temperature, @ForAll @IntRange(min = 0, max = 10) int tenthsP, @ForAll @IntRange(min = 0, max = 3) int minP) {
        Sampling sampling = new Sampling(temperature, topK, tenthsP / 10.0, minP * 0.07);
        for (double step : new double[] {1e-4, 1}) {
            float[] logits = logits(seed, count, step);
            Candidates found = Candidates.of(logits, sampling);
            Map<Integer, Double> expected = plainly(logits, sampling);
            TreeMap<Integer, Double> kept = new TreeMap<>();
            for (int i = 0; i < found.size(); i++) {
                kept.put(found.id(i), found.probability(i));
            }
            assertThat(kept.keySet()).isEqualTo(expected.keySet());
            kept.forEach((id, probability) -> assertThat(probability).isCloseTo(expected.get(id), within(1e-12)));
        }
    }

    @Property(tries = 200)
    void theHeapGivesIdsInOrder(@ForAll long seed, @ForAll @IntRange(min = 1, max = 200) int count) {
        float[] logits = logits(seed, count, 0.5);
        Descending order = new Descending(logits);
        List<Integer> taken = new ArrayList<>();
        while (order.size() > 0) {
            int next = order.peek();
            taken.add(order.next());
            assertThat(taken.getLast()).isEqualTo(next);
        }
        assertThat(taken).isEqualTo(sorted(logits));
    }

    @Test
    void tokensArePickedAsOftenAsTheirProbabilitySays() {
        float[] logits = {0.5f, Float.NEGATIVE_INFINITY, 2, -1, 1};
        for (Sampling sampling : List.of(new Sampling(1, 0, 1, 0), new Sampling(1, 3, 1, 0), new Sampling(0.7, 0, 0.9, 0))) {
            Candidates candidates = Candidates.of(logits, sampling);
            SplittableRandom random = new SplittableRandom(1);
            int draws = 200_000;
            int[] counts = new int[logits.length];
            for (int i = 0; i < draws; i++) {
                counts[candidates.pick(random)]++;
            }
            int all = 0;
            for (int i = 0; i < candidates.size(); i++) {
                // Five standard deviations of a share are less than this.
                assertThat(counts[candidates.id(i)] / (double) draws).isCloseTo(candidates.probability(i), within(0.006));
                all += counts[candidates.id(i)];
            }
            assertThat(all).isEqualTo(draws);
        }
    }

    @Test
    void whatHasNoProbabilityIsNeverPicked() {
        float[] logits = {0, -1e30f, 0};
        Candidates candidates = Candidates.of(logits, new Sampling(1e-3, 0, 1, 0));
        assertThat(candidates.size()).isEqualTo(2);
        assertThat(candidates.id(1)).isEqualTo(2);
    }
}
