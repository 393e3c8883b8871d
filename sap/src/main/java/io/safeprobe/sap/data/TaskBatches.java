package io.safeprobe.sap.data;

import java.util.Arrays;

/**
 * Which rows of a task each batch takes: every row once an epoch; where the batch size does not divide the rows, the last batch of an
 * epoch is smaller. A pure function of the batch's number.
 *
 * @param rows number of rows, at least 1
 * @param batch rows of a batch, at least 1
 * @param seed of the shuffling
 * @param shuffle false for the order of the file
 */
public record TaskBatches(int rows, int batch, long seed, boolean shuffle) {
    /** Checks the numbers. */
    public TaskBatches {
        if (rows < 1 || batch < 1) {
            throw new DataException("batches need at least one row and a batch size of at least 1, not " + rows + " rows and " + batch
                    + "; give --batch a positive number");
        }
    }

    /** Batches in an epoch. */
    public int batchesPerEpoch() {
        return Math.ceilDiv(rows, batch);
    }

    /** The epoch of batch {@code number}; both count from 0. */
    public long epoch(long number) {
        return checked(number) / batchesPerEpoch();
    }

    /** Rows of batch {@code number} (counted from 0), in the order in which they are to be packed. */
    public int[] at(long number) {
        int[] order = new RowOrder(rows, seed, 1, shuffle).pass(epoch(number));
        int begin = (int) (number % batchesPerEpoch()) * batch;
        return Arrays.copyOfRange(order, begin, (int) Math.min(rows, (long) begin + batch));
    }

    static long checked(long number) {
        if (number < 0) {
            throw new IllegalArgumentException("batches count from 0; there is none of number " + number);
        }
        return number;
    }
}
