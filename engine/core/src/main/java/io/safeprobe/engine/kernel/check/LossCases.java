package io.safeprobe.engine.kernel.check;

import io.safeprobe.engine.kernel.Op;
import io.safeprobe.engine.tensor.Shape;
import java.util.List;

/** Cases of log-softmax, cross-entropy and sums over segments. */
final class LossCases {
    private LossCases() {}

    static void add(List<OpFamily> all) {
        all.add(OpFamily.of(Op.LogSoftmax.class, draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.LogSoftmax(), logits(draw, shape)).terms(shape.dim(-1));
        }));
        all.add(OpFamily.of(Op.LogSoftmax.class, "far from 0", draw -> {
            Shape shape = draw.shape();
            return OpCase.of(new Op.LogSoftmax(), draw.real(shape, 9_998, 10_002, false)).terms(shape.dim(-1));
        }));
        all.add(OpFamily.of(Op.CrossEntropy.class, draw -> {
            Shape shape = draw.shape();
            int classes = (int) shape.dim(-1);
            int ignored = ignored(draw, classes);
            return OpCase.of(new Op.CrossEntropy(ignored), logits(draw, shape), draw.targets((int) shape.rows(), classes, ignored))
                    .terms(classes);
        }));
        all.add(OpFamily.of(Op.CrossEntropyGrad.class, draw -> {
            Shape shape = draw.shape();
            int classes = (int) shape.dim(-1);
            int ignored = ignored(draw, classes);
            return OpCase.of(
                            new Op.CrossEntropyGrad(ignored),
                            logits(draw, shape),
                            draw.targets((int) shape.rows(), classes, ignored),
                            draw.real(Shape.of(shape.rows())))
                    .terms(classes);
        }));
        for (boolean pull : new boolean[] {false, true}) {
            all.add(OpFamily.of(Op.LinearCrossEntropy.class, pull ? "with pull" : "", draw -> linear(draw, pull, 0)));
            all.add(OpFamily.of(Op.LinearCrossEntropy.class, pull ? "capped, with pull" : "capped",
                    draw -> linear(draw, pull, draw.of(1, 3, 30) * 0.75)));
        }
        all.add(OpFamily.of(Op.SegmentSum.class, draw -> {
            int elements = draw.width();
            return OpCase.of(new Op.SegmentSum(), draw.real(column(draw, elements)), draw.starts(draw.between(1, 4), elements))
                    .terms(elements);
        }));
        all.add(OpFamily.of(Op.SegmentExpand.class, draw -> {
            int elements = draw.width();
            int segments = draw.between(1, 4);
            return OpCase.of(new Op.SegmentExpand(elements), draw.real(column(draw, segments)), draw.starts(segments, elements)).moved();
        }));
    }

    /** In large cases often more tokens than a panel holds, and a vocabulary of several blocks. */
    private static OpCase linear(Draw draw, boolean pull, double softcap) {
        int tokens = draw.large() ? draw.extent(150) : draw.rows();
        int width = draw.width();
        int vocabulary = draw.large() && draw.flip() ? draw.between(481, 1300) : draw.vocabulary();
        double most = draw.large() ? 6 / Math.sqrt(width) : 2;
        return OpCase.of(
                        new Op.LinearCrossEntropy(pull, softcap),
                        draw.real(Shape.of(tokens, width), 0, 1, true),
                        draw.real(Shape.of(vocabulary, width), 0, most, true).asWeight(),
                        draw.indices(tokens, vocabulary))
                .terms((long) width + vocabulary);
    }

    private static OpCase.Operand.Real logits(Draw draw, Shape shape) {
        return draw.real(shape, 0, draw.large() && draw.flip() ? 30 : 2, true);
    }

    /** The usual -100, or a class of the vocabulary such as a padding token. */
    private static int ignored(Draw draw, int classes) {
        return draw.flip() ? -100 : draw.between(0, classes - 1);
    }

    /** Per-token numbers as a vector or as the single column that a product leaves. */
    private static Shape column(Draw draw, long length) {
        return draw.between(0, 3) == 0 ? Shape.of(length, 1) : Shape.of(length);
    }
}
