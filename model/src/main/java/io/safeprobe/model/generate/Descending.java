package io.safeprobe.model.generate;

/**
 * Token ids from the likeliest down, of equal ones the lowest first. A heap: made in linear time and asked for one id at a time, since top-k and top-p want tens of
 * a vocabulary of 100,000, which is not worth sorting for every token.
 */
final class Descending {
    private final float[] logits;
    private final int[] heap;
    private int size;

    /** The ids with a logit above negative infinity. */
    Descending(float[] logits) {
        this.logits = logits;
        heap = new int[logits.length];
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] > Float.NEGATIVE_INFINITY) {
                heap[size++] = id;
            }
        }
        for (int i = size / 2 - 1; i >= 0; i--) {
            sink(i);
        }
    }

    int size() {
        return size;
    }

    /** The id that is next; there must be one. */
    int peek() {
        return heap[0];
    }

    /** Takes the id that is next; there must be one. */
    int next() {
        int first = heap[0];
        heap[0] = heap[--size];
        sink(0);
        return first;
    }

    private void sink(int from) {
        int at = from;
        int id = heap[at];
        while (2 * at + 1 < size) {
            int child = 2 * at + 1;
            if (child + 1 < size && before(heap[child + 1], heap[child])) {
                child++;
            }
            if (!before(heap[child], id)) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = id;
    }

    private boolean before(int a, int b) {
        return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
    }
}
