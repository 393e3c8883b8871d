package io.safeprobe.engine.tornado;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Launches of what works on elements, rows and segments. */
final class Rows {
    private static final int UNUSED = -1;

    private final Launcher launcher;
    private final Places places;

    Rows(Launcher launcher, Places places) {
        this.launcher = launcher;
        this.places = places;
    }

    void addScaled(Tensor a, double factor, Tensor b, Tensor y) {
        launcher.elements(Kernel.LINEAR, y.elements(), new float[] {1f, (float) factor}, places.of(y), places.of(a), places.of(b), count(y));
    }

    void mul(Tensor a, Tensor b, Tensor y) {
        launcher.elements(Kernel.MUL, y.elements(), Launcher.NONE, places.of(y), places.of(a), places.of(b), count(y));
    }

    void scale(Tensor a, double factor, Tensor y) {
        launcher.elements(Kernel.SCALE, y.elements(), new float[] {(float) factor}, places.of(y), places.of(a), count(y));
    }

    /** The derivative of a function, times {@code factor} where there is one. */
    void curve(Curve curve, int order, Tensor x, @Nullable Tensor factor, Tensor y) {
        Kernel kernel = switch (curve) {
            case SILU -> Kernel.SILU;
            case GELU -> Kernel.GELU;
            case GELU_TANH -> Kernel.GELU_TANH;
            case LOG_SIGMOID -> Kernel.LOG_SIGMOID;
            case EXP -> Kernel.EXP;
            case RSQRT -> Kernel.RSQRT;
            case TANH -> Kernel.TANH;
        };
        launcher.elements(
                kernel, y.elements(), Launcher.NONE, places.of(y), places.of(x), factor == null ? UNUSED : places.of(factor), count(y), order);
    }

    /** x {@code [n, d]} and one number of v for each row, or else for each column. */
    void broadcast(int how, boolean byRow, @Nullable Tensor x, Tensor v, Tensor y) {
        launcher.elements(
                Kernel.BROADCAST, y.elements(), Launcher.NONE, places.of(y), x == null ? UNUSED : places.of(x), places.of(v), count(y), width(y),
                byRow ? 1 : 0, how);
    }

    void sumRows(Tensor x, Tensor y) {
        launcher.elements(Kernel.SUM_ROWS, y.elements(), Launcher.NONE, places.of(y), places.of(x), rows(x), width(x));
    }

    void sumColumns(Tensor x, Tensor y) {
        launcher.launch(Kernel.SUM_COLUMNS, y.elements(), Launcher.NONE, places.of(y), places.of(x), rows(x), width(x));
    }

    void slice(Op.Slice op, Tensor x, Tensor y) {
        launcher.elements(
                Kernel.SLICE, y.elements(), Launcher.NONE, places.of(y), places.of(x), count(y), width(y), width(x), Math.toIntExact(op.row()),
                Math.toIntExact(op.column()));
    }

    void pad(Op.Pad op, Tensor x, Tensor y) {
        clear(y);
        launcher.elements(
                Kernel.PAD, x.elements(), Launcher.NONE, places.of(y), places.of(x), count(x), width(x), width(y), Math.toIntExact(op.row()),
                Math.toIntExact(op.column()));
    }

    void gather(Tensor table, Tensor ids, Tensor y) {
        launcher.elements(
                Kernel.GATHER, y.elements(), Launcher.NONE, places.of(y), places.of(table), count(y), places.table(table), width(table),
                places.index(ids));
    }

    void scatterAdd(Tensor x, Tensor ids, Tensor y) {
        clear(y);
        launcher.elements(
                Kernel.SCATTER_ADD, width(y), Launcher.NONE, places.of(y), places.of(x), count(ids), width(y), places.index(ids));
    }

    private void clear(Tensor y) {
        launcher.elements(Kernel.FILL, y.elements(), new float[] {0f}, places.of(y), count(y));
    }

    void rmsNorm(double epsilon, Tensor x, Tensor w, Tensor y) {
        launcher.launch(
                Kernel.RMS_NORM, rows(x), new float[] {(float) epsilon}, places.of(y), places.of(x), places.of(w), rows(x), width(x));
    }

    void rmsNormGrad(double epsilon, Tensor x, Tensor w, Tensor g, Tensor dx) {
        launcher.launch(
                Kernel.RMS_NORM_GRAD, rows(x), new float[] {(float) epsilon}, places.of(dx), places.of(x), places.of(w), places.of(g), rows(x),
                width(x));
    }

    void rotary(boolean inverse, Tensor x, Tensor cos, Tensor sin, Tensor y) {
        launcher.elements(
                Kernel.ROTARY, x.elements() / 2, new float[] {inverse ? -1f : 1f}, places.of(y), places.of(x), places.of(cos), places.of(sin),
                count(x) / 2, width(x), width(cos));
    }

    void logSoftmax(Tensor x, Tensor y) {
        launcher.launch(Kernel.LOG_SOFTMAX, rows(x), Launcher.NONE, places.of(y), places.of(x), rows(x), width(x));
    }

    void crossEntropy(int ignored, Tensor logits, Tensor targets, Tensor y) {
        launcher.launch(
                Kernel.CROSS_ENTROPY, rows(logits), Launcher.NONE, places.of(y), places.of(logits), rows(logits), width(logits),
                places.index(targets), ignored);
    }

    void crossEntropyGrad(int ignored, Tensor logits, Tensor targets, Tensor g, Tensor dx) {
        launcher.launch(
                Kernel.CROSS_ENTROPY_GRAD, rows(logits), Launcher.NONE, places.of(dx), places.of(logits), rows(logits), width(logits),
                places.index(targets), ignored, places.of(g));
    }

    void segments(Kernel kernel, Tensor x, Tensor starts, Tensor y) {
        int segments = count(starts) - 1;
        launcher.launch(kernel, segments, Launcher.NONE, places.of(y), places.of(x), segments, places.index(starts));
    }

    private static int count(Tensor tensor) {
        return Math.toIntExact(tensor.elements());
    }

    private static int rows(Tensor tensor) {
        return Math.toIntExact(tensor.shape().rows());
    }

    private static int width(Tensor tensor) {
        return Math.toIntExact(tensor.shape().dim(-1));
    }
}
