package io.safeprobe.sap.train;

import io.safeprobe.sap.objective.TokenLoss;

/** Told of the progress of a training, on the training thread. */
public interface TrainListener {
    /** A step was done. */
    void step(StepRecord step);

    /** The rows set apart were measured after an epoch. */
    default void validation(StepRecord step, TokenLoss loss) {}

    /** A checkpoint was written. */
    default void checkpoint(long steps) {}
}
