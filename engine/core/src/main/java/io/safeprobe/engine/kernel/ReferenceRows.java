package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Tensor;

/** Operations on rows: sums, selection, normalisation, rotation. */
final class ReferenceRows {
    private ReferenceRows() {}

    static void sumRows(Tensor x, Tensor y) {
        long columns = y.elements();
        for (long j = 0; j < columns; j++) {
            double sum = 0;
            for (long i = j; i < x.elements(); i += columns) {
                sum += x.get(i);
            }
            y.set(j, sum);
        }
    }

    static void sumColumns(Tensor x, Tensor y) {
        long columns = x.shape().dim(-1);
        for (long i = 0; i < y.elements(); i++) {
            double sum = 0;
            for (long j = 0; j < columns; j++) {
                sum += x.get(i * columns + j);
            }
            y.set(i, sum);
        }
    }

    static void slice(Op.Slice op, Tensor x, Tensor y) {
        long width = x.shape().dim(-1);
        for (long i = 0; i < y.elements(); i++) {
            y.set(i, x.get((op.row() + i / op.columns()) * width + op.column() + i % op.columns()));
        }
    }

    static void pad(Op.Pad op, Tensor x, Tensor y) {
        long width = x.shape().dim(-1);
        for (long i = 0; i < y.elements(); i++) {
            y.set(i, 0);
        }
        for (long i = 0; i < x.elements(); i++) {
            y.set((op.row() + i / width) * op.columns() + op.column() + i % width, x.get(i));
        }
    }

    static void gather(Tensor table, Tensor ids, Tensor y) {
        long width = table.shape().dim(1);
        for (long i = 0; i < y.elements(); i++) {
            y.set(i, table.get(ids.getInt(i / width) * width + i % width));
        }
    }

    static void scatterAdd(Tensor rows, Tensor ids, Tensor y) {
        long width = y.shape().dim(1);
        for (long target = 0; target < y.shape().dim(0); target++) {
            for (long j = 0; j < width; j++) {
                double sum = 0;
                for (long i = 0; i < ids.elements(); i++) {
                    sum += ids.getInt(i) == target ? rows.get(i * width + j) : 0;
                }
                y.set(target * width + j, sum);
            }
        }
    }

    static void rmsNorm(Op.RmsNorm op, Tensor x, Tensor w, Tensor y) {
        long width = x.shape().dim(-1);
        for (long i = 0; i < x.elements(); i += width) {
            double inverse = inverseRms(x, i, width, op.epsilon());
            for (long j = 0; j < width; j++) {
                y.set(i + j, x.get(i + j) * inverse * w.get(j));
            }
        }
    }

    /** {@code dx = r w g - x r^3 / d * sum(x w g)} with {@code r = 1 / sqrt(mean(x^2) + epsilon)}. */
    static void rmsNormGrad(Op.RmsNormGrad op, Tensor x, Tensor w, Tensor g, Tensor dx) {
        long width = x.shape().dim(-1);
        for (long i = 0; i < x.elements(); i += width) {
            double inverse = inverseRms(x, i, width, op.epsilon());
            double dot = 0;
            for (long j = 0; j < width; j++) {
                dot += x.get(i + j) * w.get(j) * g.get(i + j);
            }
            for (long j = 0; j < width; j++) {
                double direct = inverse * w.get(j) * g.get(i + j);
                dx.set(i + j, direct - x.get(i + j) * inverse * inverse * inverse / width * dot);
            }
        }
    }

    private static double inverseRms(Tensor x, long from, long width, double epsilon) {
        double squares = 0;
        for (long j = 0; j < width; j++) {
            squares += x.get(from + j) * x.get(from + j);
        }
        return 1 / Math.sqrt(squares / width + epsilon);
    }

    static void rotary(Op.Rotary op, Tensor x, Tensor cos, Tensor sin, Tensor y) {
        long width = x.shape().dim(-1);
        long half = cos.shape().dim(-1);
        for (long row = 0; row < x.shape().rows(); row++) {
            for (long head = 0; head < width; head += 2 * half) {
                for (long j = 0; j < half; j++) {
                    long low = row * width + head + j;
                    double c = cos.get(row * half + j);
                    double s = op.inverse() ? -sin.get(row * half + j) : sin.get(row * half + j);
                    double first = x.get(low);
                    double second = x.get(low + half);
                    y.set(low, first * c - second * s);
                    y.set(low + half, second * c + first * s);
                }
            }
        }
    }
}
