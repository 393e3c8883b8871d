package io.safeprobe.engine.kernel;

import io.safeprobe.engine.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Causal grouped-query attention by the definition, one query and one head at a time. */
final class ReferenceAttention {
    private ReferenceAttention() {}

    /** One query row of one head: where its numbers lie and how many keys it sees. */
    private record Row(long query, int head, long firstKey, int visible) {}

    private interface Visitor {
        void row(Row row);
    }

    private static void eachRow(Tensor segments, int heads, Visitor visitor) {
        for (long s = 0; s < segments.shape().dim(0); s++) {
            int queries = segments.getInt(4 * s + 1);
            int keys = segments.getInt(4 * s + 3);
            for (int i = 0; i < queries; i++) {
                for (int head = 0; head < heads; head++) {
                    visitor.row(new Row(segments.getInt(4 * s) + i, head, segments.getInt(4 * s + 2), keys - queries + i + 1));
                }
            }
        }
    }

    static void forward(Op.Attention op, List<Tensor> in, Tensor y, Tensor logSumExp) {
        Tensor q = in.get(0);
        Tensor k = in.get(1);
        Tensor v = in.get(2);
        int size = Math.toIntExact(q.shape().dim(-1) / op.heads());
        int kvWidth = op.kvHeads() * size;
        eachRow(in.get(3), op.heads(), row -> {
            long qAt = (row.query * op.heads() + row.head) * size;
            int kvHead = row.head / (op.heads() / op.kvHeads());
            double[] scores = new double[row.visible];
            for (int j = 0; j < row.visible; j++) {
                scores[j] = capped(op.scale() * dot(q, qAt, k, (row.firstKey + j) * kvWidth + (long) kvHead * size, size), op.softcap());
            }
            double max = Arrays.stream(scores).max().orElseThrow();
            double sum = Arrays.stream(scores).map(score -> Math.exp(score - max)).sum();
            for (int d = 0; d < size; d++) {
                double mixed = 0;
                for (int j = 0; j < row.visible; j++) {
                    mixed += Math.exp(scores[j] - max) / sum * v.get((row.firstKey + j) * kvWidth + (long) kvHead * size + d);
                }
                y.set(qAt + d, mixed);
            }
            logSumExp.set(row.query * op.heads() + row.head, max + Math.log(sum));
        });
    }

    /**
     * With p the softmax row: {@code dv += p g}, {@code ds = p (g v - g y)}, {@code dq = scale ds k}, {@code dk += scale ds q}
     * (arXiv 2205.14135, appendix B). Where scores are capped, ds takes the slope of the cap as a factor.
     */
    static void backward(Op.AttentionGrad op, List<Tensor> in, List<Tensor> out) {
        Tensor q = in.get(0);
        Tensor k = in.get(1);
        Tensor v = in.get(2);
        Tensor y = in.get(4);
        Tensor logSumExp = in.get(5);
        Tensor g = in.get(6);
        int size = Math.toIntExact(q.shape().dim(-1) / op.heads());
        int kvWidth = op.kvHeads() * size;
        double[] dq = new double[Math.toIntExact(q.elements())];
        double[] dk = new double[Math.toIntExact(k.elements())];
        double[] dv = new double[Math.toIntExact(v.elements())];
        eachRow(in.get(3), op.heads(), row -> {
            long qAt = (row.query * op.heads() + row.head) * size;
            int kvHead = row.head / (op.heads() / op.kvHeads());
            double mean = dot(g, qAt, y, qAt, size);
            for (int j = 0; j < row.visible; j++) {
                long kAt = (row.firstKey + j) * kvWidth + (long) kvHead * size;
                double score = op.scale() * dot(q, qAt, k, kAt, size);
                double p = Math.exp(capped(score, op.softcap()) - logSumExp.get(row.query * op.heads() + row.head));
                double slope = op.softcap() == 0 ? 1 : Curve.TANH.at(1, score / op.softcap());
                double ds = op.scale() * slope * p * (dot(g, qAt, v, kAt, size) - mean);
                for (int d = 0; d < size; d++) {
                    dv[(int) kAt + d] += p * g.get(qAt + d);
                    dq[(int) qAt + d] += ds * k.get(kAt + d);
                    dk[(int) kAt + d] += ds * q.get(qAt + d);
                }
            }
        });
        store(dq, out.get(0));
        store(dk, out.get(1));
        store(dv, out.get(2));
    }

    private static double capped(double score, double softcap) {
        return softcap == 0 ? score : softcap * Math.tanh(score / softcap);
    }

    private static double dot(Tensor a, long aAt, Tensor b, long bAt, int size) {
        double sum = 0;
        for (int d = 0; d < size; d++) {
            sum += a.get(aAt + d) * b.get(bAt + d);
        }
        return sum;
    }

    private static void store(double[] values, Tensor target) {
        for (int i = 0; i < values.length; i++) {
            target.set(i, values[i]);
        }
    }
}
