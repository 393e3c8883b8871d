package io.safeprobe.sap.data;

/**
 * Which safety pairs each step takes: the pairs go round without end and without regard to the epochs of the task, and every batch is
 * full, if need be with the end of one pass and the beginning of the next. Step s has the pairs {@code s * batch .. s * batch + batch - 1}
 * of that sequence. A pure function of the step.
 *
 * @param pairs number of pairs, at least 1
 * @param batch pairs of a batch, at least 1
 * @param seed of the shuffling, which is anew for each pass
 * @param shuffle false for the order of the file
 */
public record PairBatches(int pairs, int batch, long seed, boolean shuffle) {
    /** Checks the numbers. */
    public PairBatches {
        if (pairs < 1 || batch < 1) {
            throw new DataException("batches need at least one safety pair and a batch size of at least 1, not " + pairs + " pairs and " + batch
                    + "; give --safety-batch a positive number");
        }
    }

    /** Pairs of step {@code step} (counted from 0). */
    public int[] at(long step) {
        RowOrder order = new RowOrder(pairs, seed, 2, shuffle);
        long position = Math.multiplyExact(TaskBatches.checked(step), (long) batch);
        int[] taken = new int[batch];
        long pass = -1;
        int[] current = {};
        for (int i = 0; i < batch; i++) {
            if ((position + i) / pairs != pass) {
                pass = (position + i) / pairs;
                current = order.pass(pass);
            }
            taken[i] = current[(int) ((position + i) % pairs)];
        }
        return taken;
    }
}
