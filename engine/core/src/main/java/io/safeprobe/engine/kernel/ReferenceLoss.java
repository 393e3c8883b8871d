package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Tensor;
import java.util.List;

/** Log-softmax, cross-entropy and sums over segments. */
final class ReferenceLoss {
    private ReferenceLoss() {}

    static void logSoftmax(Tensor x, Tensor y) {
        long width = x.shape().dim(-1);
        for (long i = 0; i < x.elements(); i += width) {
            double normaliser = logSumExp(x, i, width);
            for (long j = 0; j < width; j++) {
                y.set(i + j, x.get(i + j) - normaliser);
            }
        }
    }

    static void crossEntropy(Op.CrossEntropy op, Tensor logits, Tensor targets, Tensor y) {
        long width = logits.shape().dim(-1);
        for (long row = 0; row < y.elements(); row++) {
            int target = targets.getInt(row);
            y.set(row, target == op.ignoreIndex() ? 0 : logSumExp(logits, row * width, width) - logits.get(row * width + target));
        }
    }

    static void crossEntropyGrad(Op.CrossEntropyGrad op, Tensor logits, Tensor targets, Tensor g, Tensor dx) {
        long width = logits.shape().dim(-1);
        for (long row = 0; row < targets.elements(); row++) {
            int target = targets.getInt(row);
            boolean ignored = target == op.ignoreIndex();
            double normaliser = ignored ? 0 : logSumExp(logits, row * width, width);
            for (long j = 0; j < width; j++) {
                double p = ignored ? 0 : Math.exp(logits.get(row * width + j) - normaliser);
                dx.set(row * width + j, ignored ? 0 : g.get(row) * (p - (j == target ? 1 : 0)));
            }
        }
    }

    static void linearCrossEntropy(Op.LinearCrossEntropy op, Tensor x, Tensor head, Tensor targets, List<Tensor> out) {
        int width = Math.toIntExact(x.shape().dim(-1));
        int vocabulary = Math.toIntExact(head.shape().dim(0));
        // As arrays, because tests spend more time here than in the kernels they test.
        double[] hidden = x.toDoubles();
        double[] rows = head.toDoubles();
        double[] logits = new double[vocabulary];
        double[] slopes = new double[vocabulary];
        for (int row = 0; row < targets.elements(); row++) {
            double max = Double.NEGATIVE_INFINITY;
            for (int v = 0; v < vocabulary; v++) {
                logits[v] = 0;
                for (int j = 0; j < width; j++) {
                    logits[v] += hidden[row * width + j] * rows[v * width + j];
                }
                slopes[v] = op.softcap() == 0 ? 1 : Curve.TANH.at(1, logits[v] / op.softcap());
                logits[v] = op.softcap() == 0 ? logits[v] : op.softcap() * Math.tanh(logits[v] / op.softcap());
                max = Math.max(max, logits[v]);
            }
            double sum = 0;
            for (double logit : logits) {
                sum += Math.exp(logit - max);
            }
            double normaliser = max + Math.log(sum);
            int target = targets.getInt(row);
            out.getFirst().set(row, normaliser - logits[target]);
            if (out.size() > 1) {
                double[] pull = new double[width];
                for (int v = 0; v < vocabulary; v++) {
                    double share = (Math.exp(logits[v] - normaliser) - (v == target ? 1 : 0)) * slopes[v];
                    for (int j = 0; j < width; j++) {
                        pull[j] += share * rows[v * width + j];
                    }
                }
                for (int j = 0; j < width; j++) {
                    out.get(1).set((long) row * width + j, pull[j]);
                }
            }
        }
    }

    static void segmentSum(Tensor x, Tensor starts, Tensor y) {
        for (long s = 0; s < y.elements(); s++) {
            double sum = 0;
            for (long i = starts.getInt(s); i < starts.getInt(s + 1); i++) {
                sum += x.get(i);
            }
            y.set(s, sum);
        }
    }

    static void segmentExpand(Tensor y, Tensor starts, Tensor x) {
        for (long s = 0; s < y.elements(); s++) {
            for (long i = starts.getInt(s); i < starts.getInt(s + 1); i++) {
                x.set(i, y.get(s));
            }
        }
    }

    private static double logSumExp(Tensor x, long from, long width) {
        double max = Double.NEGATIVE_INFINITY;
        for (long j = 0; j < width; j++) {
            max = Math.max(max, x.get(from + j));
        }
        double sum = 0;
        for (long j = 0; j < width; j++) {
            sum += Math.exp(x.get(from + j) - max);
        }
        return max + Math.log(sum);
    }
}
