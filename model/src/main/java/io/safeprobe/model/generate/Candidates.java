package io.safeprobe.model.generate;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** The tokens that sampling may choose, each with its weight: its probability as a multiple of the likeliest one's. */
final class Candidates {
    private int[] ids;
    private double[] weights;
    private int count;

    private Candidates(int room) {
        ids = new int[room];
        weights = new double[room];
    }

    /** Those that are left of {@code logits} {@code [vocabulary]}, not all of which may be negative infinity; {@code sampling} is not greedy. */
    static Candidates of(float[] logits, Sampling sampling) {
        float max = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        boolean anyNumber = sampling.topK() == 0 || sampling.topK() >= logits.length;
        if (anyNumber && sampling.topP() >= 1) {
            return unordered(logits, max, sampling);
        }
        Descending order = new Descending(logits);
        double total = anyNumber ? total(logits, max, sampling.temperature()) : Double.NaN;
        return anyNumber ? nucleus(order, logits, max, sampling, total) : best(order, logits, max, sampling);
    }

    /** Nothing asks for an order, so there is none: one pass. */
    private static Candidates unordered(float[] logits, float max, Sampling sampling) {
        Candidates kept = new Candidates(logits.length);
        for (int id = 0; id < logits.length; id++) {
            double weight = weight(logits[id], max, sampling.temperature());
            if (weight > 0 && weight >= sampling.minP()) {
                kept.add(id, weight);
            }
        }
        return kept;
    }

    /** Top-p of the whole vocabulary: nothing beyond the last token kept needs to be in order. */
    private static Candidates nucleus(Descending order, float[] logits, float max, Sampling sampling, double total) {
        Candidates kept = new Candidates(64);
        double before = 0;
        while (order.size() > 0 && (kept.count == 0 || before < sampling.topP() * total)) {
            double weight = weight(logits[order.peek()], max, sampling.temperature());
            if (weight < sampling.minP()) {
                break;
            }
            kept.add(order.next(), weight);
            before += weight;
        }
        return kept;
    }

    private static Candidates best(Descending order, float[] logits, float max, Sampling sampling) {
        Candidates kept = new Candidates(sampling.topK());
        float last = max;
        while (order.size() > 0 && (kept.count < sampling.topK() || logits[order.peek()] == last)) {
            int id = order.next();
            last = logits[id];
            kept.add(id, weight(last, max, sampling.temperature()));
        }
        kept.cut(sampling);
        return kept;
    }

    /** Top-p (arXiv 1904.09751) and min-p (arXiv 2407.01082) of candidates in order. */
    private void cut(Sampling sampling) {
        double total = mass();
        double before = weights[0];
        int kept = 1;
        while (kept < count && (sampling.topP() >= 1 || before < sampling.topP() * total) && weights[kept] >= sampling.minP()) {
            before += weights[kept++];
        }
        count = kept;
    }

    private static double total(float[] logits, float max, double temperature) {
        double total = 0;
        for (float logit : logits) {
            total += weight(logit, max, temperature);
        }
        return total;
    }

    private static double weight(float logit, float max, double temperature) {
        return logit == max ? 1 : Math.exp(((double) logit - max) / temperature);
    }

    private void add(int id, double weight) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, 2 * count);
            weights = Arrays.copyOf(weights, 2 * count);
        }
        ids[count] = id;
        weights[count++] = weight;
    }

    int size() {
        return count;
    }

    int id(int i) {
        return ids[i];
    }

    double probability(int i) {
        return weights[i] / mass();
    }

    private double mass() {
        double mass = 0;
        for (int i = 0; i < count; i++) {
            mass += weights[i];
        }
        return mass;
    }

    /** One of them, by its probability. */
    int pick(RandomGenerator random) {
        double point = random.nextDouble() * mass();
        for (int i = 0; i < count - 1; i++) {
            point -= weights[i];
            if (point < 0) {
                return ids[i];
            }
        }
        return ids[count - 1];
    }
}
