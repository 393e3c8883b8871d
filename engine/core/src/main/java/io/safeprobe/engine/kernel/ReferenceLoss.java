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
        long width = x.shape().dim(-1);
        long vocabulary = head.shape().dim(0);
        double[] logits = new double[Math.toIntExact(vocabulary)];
        double[] slopes = new double[logits.length];
        for (long row = 0; row < targets.elements(); row++) {
            double max = Double.NEGATIVE_INFINITY;
            for (int v = 0; v < vocabulary; v++) {
                logits[v] = 0;
                for (long j = 0; j < width; j++) {
                    logits[v] += x.get(row * width + j) * head.get(v * width + j);
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
            for (long j = 0; out.size() > 1 && j < width; j++) {
                double pull = 0;
                for (int v = 0; v < vocabulary; v++) {
                    pull += (Math.exp(logits[v] - normaliser) - (v == target ? 1 : 0)) * slopes[v] * head.get(v * width + j);
                }
                out.get(1).set(row * width + j, pull);
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
