package io.safeprobe.engine.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** The functions that lanes of attention and of the head are made of, on the JVM. */
class AttentionLanesTest {
    private final Lanes lanes = Lanes.random(5);

    private void index(int at, int... numbers) {
        for (int i = 0; i < numbers.length; i++) {
            lanes.index.set(at + i, numbers[i]);
        }
    }

    private double dot(int a, int b, int size) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += (double) lanes.heap.get(a + i) * lanes.heap.get(b + i);
        }
        return sum;
    }

    /** Two segments: 3 queries on 5 keys from key 0, 2 queries on 2 keys from key 4. */
    @Test
    void queriesFindTheirKeysAndKeysTheirQueries() {
        index(10, 0, 3, 0, 5, 3, 2, 4, 2);
        int[] visible = {3, 4, 5, 1, 2};
        for (int query = 0; query < 5; query++) {
            int segment = AttentionLanes.segmentOf(query, lanes.index, 10, 2);
            assertThat(segment).isEqualTo(query < 3 ? 10 : 14);
            assertThat(AttentionLanes.visible(query, lanes.index, segment)).isEqualTo(visible[query]);
        }
        for (int segment : new int[] {10, 14}) {
            int first = lanes.index.get(segment);
            int end = first + lanes.index.get(segment + 1);
            for (int key = 0; key < 8; key++) {
                int from = AttentionGradLanes.firstQuery(key, lanes.index, segment);
                for (int query = first; query < end; query++) {
                    int place = key - lanes.index.get(segment + 2);
                    assertThat(query >= from).as("query %d, key %d", query, key).isEqualTo(place >= 0 && place < visible[query]);
                }
            }
        }
    }

    @Test
    void headsThatShareAKeyAreCountedTogether() {
        int[] items = new int[6];
        for (int i = 0; i < items.length; i++) {
            items[i] = AttentionGradLanes.queryHead(i, 4, 2, 6, 1);
        }
        assertThat(items).containsExactly(26, 27, 32, 33, 38, 39);
    }

    @Test
    void scoresAndTheirGradients() {
        for (float cap : new float[] {0, 1.5f}) {
            int[] numbers = {0, 100, 200, 300, 400, 500};
            int item = 2;
            int key = 9;
            double raw = 0.3 * dot(item * 7, 100 + key, 7);
            double score = cap == 0 ? raw : cap * Math.tanh(raw / cap);
            double slope = cap == 0 ? 1 : 1 - Math.pow(Math.tanh(raw / cap), 2);
            double p = Math.exp(score - lanes.heap.get(402));
            double ds = 0.3 * p * slope * (dot(500 + item * 7, 200 + key, 7) - dot(500 + item * 7, 300 + item * 7, 7));
            float laneScore = AttentionGradLanes.score(lanes.heap, lanes.ints(numbers), 0, item, key, 7, 0.3f);
            float laneP = AttentionGradLanes.probability(lanes.heap, lanes.ints(numbers), 0, item, laneScore, cap);
            float laneDs = AttentionGradLanes.scoreGradient(lanes.heap, lanes.ints(numbers), 0, item, key, 7, 0.3f, laneScore, laneP, cap);
            assertThat(laneScore).isCloseTo((float) raw, within(1e-5f));
            assertThat(laneP).isCloseTo((float) p, within(1e-4f));
            assertThat(laneDs).isCloseTo((float) ds, within(1e-4f));
        }
    }

    @Test
    void rowsEndWhereTheyEnd() {
        assertThat(AttentionLanes.within(lanes.heap, 10, 3, 4)).isEqualTo(lanes.heap.get(13));
        assertThat(AttentionLanes.within(lanes.heap, 10, 4, 4)).isZero();
        float behind = lanes.heap.get(14);
        AttentionLanes.put(lanes.heap, 10, 4, 4, 99);
        AttentionLanes.put(lanes.heap, 10, 3, 4, 98);
        assertThat(lanes.heap.get(13)).isEqualTo(98);
        assertThat(lanes.heap.get(14)).isEqualTo(behind);
    }

    /** Logits of one token in two blocks of 70, the target in the second; the head {@code [140, 5]} in float32. */
    @Test
    void theHeadBlockByBlock() {
        for (float cap : new float[] {0, 1.5f}) {
            Lanes token = Lanes.random(6);
            int target = 101;
            token.index.set(0, target);
            double[] logits = new double[140];
            double total = 0;
            for (int i = 0; i < 140; i++) {
                double raw = token.heap.get(1000 + i);
                logits[i] = cap == 0 ? raw : cap * Math.tanh(raw / cap);
                total += Math.exp(logits[i]);
            }
            float max = LossLanes.LEAST;
            float sum = 0;
            for (int block = 0; block < 2; block++) {
                int at = 1000 + 70 * block;
                float next = max;
                for (int lane = 0; lane < Slot.GROUP; lane++) {
                    next = Math.max(next, HeadLanes.maxLane(lane, token.heap, at, 70, target - 70 * block, cap));
                }
                float shrink = (float) Math.exp(max - next);
                sum *= shrink;
                for (int lane = 0; lane < Slot.GROUP; lane++) {
                    HeadLanes.keepTarget(lane, token.heap, 2002, at, 70, target - 70 * block);
                    sum += HeadLanes.expLane(lane, token.heap, at, 70, target - 70 * block, next, cap);
                    HeadLanes.scaleLane(lane, token.heap, 3000, block == 0 ? 0 : 5, shrink);
                }
                for (int j = 0; j < 5; j++) {
                    float mixed = block == 0 ? 0 : token.heap.get(3000 + j);
                    for (int i = 0; i < 70; i++) {
                        mixed += token.heap.get(at + i) * token.heap.get((70 * block + i) * 5 + j);
                    }
                    token.heap.set(3000 + j, mixed);
                }
                max = next;
            }
            token.heap.set(2000, max);
            token.heap.set(2001, sum);
            for (int lane = 0; lane < Slot.GROUP; lane++) {
                HeadLanes.finishLane(
                        lane, 0, token.heap, token.weights, token.index, token.ints(2100, 2000, 3000, 1, 5, 0, StoredLanes.WIDE, 0), 0, cap);
            }
            assertThat(token.heap.get(2100)).isCloseTo((float) (Math.log(total) - logits[target]), within(2e-5f));
            for (int j = 0; j < 5; j++) {
                double pull = 0;
                for (int i = 0; i < 140; i++) {
                    double flat = cap == 0 ? 1 : 1 - Math.pow(logits[i] / cap, 2);
                    pull += (Math.exp(logits[i]) / total - (i == target ? 1 : 0)) * flat * token.heap.get(i * 5 + j);
                }
                assertThat(token.heap.get(3000 + j)).isCloseTo((float) pull, within(2e-5f));
            }
        }
    }

    /** Where nothing but the target can be said there is no loss, and nothing pulls. */
    @Test
    void aVocabularyOfOne() {
        lanes.index.set(0, 0);
        lanes.heap.set(2000, LossLanes.LEAST);
        lanes.heap.set(2001, 0);
        lanes.heap.set(3000, 0);
        HeadLanes.finishLane(0, 0, lanes.heap, lanes.weights, lanes.index, lanes.ints(2100, 2000, 3000, 1, 1, 0, StoredLanes.WIDE, 0), 0, 0);
        assertThat(lanes.heap.get(2100)).isZero();
        assertThat(lanes.heap.get(3000)).isCloseTo(0, within(1e-30f));
    }
}
