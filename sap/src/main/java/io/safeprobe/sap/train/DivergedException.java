package io.safeprobe.sap.train;

/** A loss or gradient became NaN or infinite; the weights were not touched by that step. */
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DivergedException(long step, StepFigures figures) {
        super("step " + (step + 1) + " diverged: " + figures.notFinite() + "; train again with a lower --lr, or with --clip 1");
    }
}
