package io.safeprobe.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.tensor.Device;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The reference itself against numbers worked out by hand, or with forty digits where a function is transcendental. */
class ReferenceKernelsTest {
    private static final Offset<Double> ROUNDED = within(4e-15);

    private final Figures figures = new Figures();

    @AfterEach
    void close() {
        figures.close();
    }

    @Test
    void matMulInAllFourForms() {
        double[] product = {58, 64, 139, 154};
        Tensor a = figures.matrix(2, 1, 2, 3, 4, 5, 6);
        Tensor aStoredTransposed = figures.matrix(3, 1, 4, 2, 5, 3, 6);
        Tensor b = figures.matrix(3, 7, 8, 9, 10, 11, 12);
        Tensor bStoredTransposed = figures.matrix(2, 7, 9, 11, 8, 10, 12);
        assertThat(figures.first(new Op.MatMul(false, false), a, b)).containsExactly(product);
        assertThat(figures.first(new Op.MatMul(true, false), aStoredTransposed, b)).containsExactly(product);
        assertThat(figures.first(new Op.MatMul(false, true), a, bStoredTransposed)).containsExactly(product);
        assertThat(figures.first(new Op.MatMul(true, true), aStoredTransposed, bStoredTransposed)).containsExactly(product);
    }

    @Test
    void loraLinearAddsTheScaledProductOfTheDroppedInput() {
        Tensor x = figures.matrix(1, 1, 2);
        Tensor weight = figures.matrix(3, 1, 0, 0, 1, 1, 1);
        Tensor dropped = figures.matrix(1, 0, 4);
        Tensor a = figures.matrix(1, 3, 5);
        Tensor b = figures.matrix(3, 1, -1, 2);
        List<Tensor> outputs = figures.outputs(new Op.LoraLinear(0.5, true), x, weight, dropped, a, b);
        assertThat(outputs.get(1).toDoubles()).as("z A^T").containsExactly(20);
        assertThat(outputs.get(0).toDoubles()).as("x W^T + 0.5 (z A^T) B^T").containsExactly(11, -8, 23);
        outputs = figures.outputs(
                new Op.LoraLinear(0.5, false), x, figures.matrix(2, 1, 0, 1, 0, 1, 1), dropped, figures.matrix(2, 3, 5), figures.matrix(1, 1, -1, 2));
        assertThat(outputs.get(1).toDoubles()).as("z A").containsExactly(20);
        assertThat(outputs.get(0).toDoubles()).as("x W + 0.5 (z A) B").containsExactly(11, -8, 23);
    }

    @Test
    void elementsOneByOne() {
        Tensor a = figures.vector(1, -2, 3);
        Tensor b = figures.vector(4, 5, -6);
        assertThat(figures.first(new Op.AddScaled(-0.5), a, b)).containsExactly(-1, -4.5, 6);
        assertThat(figures.first(new Op.Mul(), a, b)).containsExactly(4, -10, -18);
        assertThat(figures.first(new Op.Scale(-3), a)).containsExactly(-3, 6, -9);
    }

    @Test
    void curvesAndGates() {
        Tensor x = figures.vector(0, 1, -3);
        assertThat(figures.first(new Op.Apply(Curve.SILU, 0), x))
                .containsExactly(new double[] {0, 0.7310585786300049, -0.14227761953270035}, ROUNDED);
        assertThat(figures.first(new Op.Apply(Curve.GELU, 0), x))
                .containsExactly(new double[] {0, 0.8413447460685429, -0.0040496940948902835}, ROUNDED);
        assertThat(figures.first(new Op.Apply(Curve.SILU, 1), x))
                .containsExactly(new double[] {0.5, 0.9276705118714867, -0.08810410601516962}, ROUNDED);
        assertThat(figures.first(new Op.Gate(Curve.SILU, 0), x, figures.vector(7, 2, 10)))
                .containsExactly(new double[] {0, 1.4621171572600098, -1.4227761953270035}, ROUNDED);
        List<Tensor> both = figures.outputs(new Op.GateGrad(Curve.SILU, 0), x, figures.vector(7, 2, 10), figures.vector(-1, 3, 0.5));
        assertThat(both.get(0).toDoubles()).containsExactly(figures.first(new Op.Gate(Curve.SILU, 1), x, figures.vector(-7, 6, 5)), ROUNDED);
        assertThat(both.get(1).toDoubles()).containsExactly(figures.first(new Op.Gate(Curve.SILU, 0), x, figures.vector(-1, 3, 0.5)), ROUNDED);
        assertThat(figures.first(new Op.Gate(Curve.SILU, 2), x, figures.vector(2, 1, 1)))
                .containsExactly(new double[] {1, 0.3023661188100153, -0.032321404521006174}, ROUNDED);
    }

    @Test
    void rowsAndColumns() {
        Tensor x = figures.matrix(2, 1, 2, 3, 4, 5, 6);
        Tensor row = figures.vector(10, 20, 30);
        assertThat(figures.first(new Op.AddRow(), x, row)).containsExactly(11, 22, 33, 14, 25, 36);
        assertThat(figures.first(new Op.MulRow(), x, row)).containsExactly(10, 40, 90, 40, 100, 180);
        assertThat(figures.first(new Op.MulColumn(), x, figures.vector(2, -1))).containsExactly(2, 4, 6, -4, -5, -6);
        assertThat(figures.first(new Op.SumRows(), x)).containsExactly(5, 7, 9);
        assertThat(figures.first(new Op.SumColumns(), x)).containsExactly(6, 15);
        assertThat(figures.first(new Op.RepeatRows(2), row)).containsExactly(10, 20, 30, 10, 20, 30);
        assertThat(figures.first(new Op.RepeatColumns(2), row)).containsExactly(10, 10, 20, 20, 30, 30);
    }

    @Test
    void selections() {
        Tensor x = figures.matrix(3, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(figures.first(new Op.Slice(1, 2, 0, 2), x)).containsExactly(4, 5, 7, 8);
        assertThat(figures.first(new Op.Pad(1, 2, 1, 4), figures.matrix(1, 8, 9))).containsExactly(0, 0, 0, 0, 0, 8, 9, 0);
        assertThat(figures.first(new Op.Gather(), x, figures.ids(2, 0, 2))).containsExactly(7, 8, 9, 1, 2, 3, 7, 8, 9);
        assertThat(figures.first(new Op.ScatterAdd(4), x, figures.ids(3, 0, 3))).containsExactly(4, 5, 6, 0, 0, 0, 0, 0, 0, 8, 10, 12);
    }

    @Test
    void rmsNormDividesByTheRootMeanSquare() {
        Tensor x = figures.matrix(1, 3, 4);
        Tensor weight = figures.vector(1, 2);
        assertThat(figures.first(new Op.RmsNorm(0), x, weight))
                .as("3 and 4 over the root of 12.5")
                .containsExactly(new double[] {0.848528137423857, 2.262741699796952}, ROUNDED);
        assertThat(figures.first(new Op.RmsNorm(3.5), x, weight)).as("over the root of 16").containsExactly(0.75, 2);
        assertThat(figures.first(new Op.RmsNormGrad(0.5), x, weight, figures.matrix(1, 1, -1)))
                .containsExactly(new double[] {0.4373597701006614, -0.3413539669078333}, ROUNDED);
    }

    @Test
    void rotaryTurnsTheFirstHalfAgainstTheSecond() {
        Tensor x = figures.matrix(1, 1, 2, 3, 4, 5, 6, 7, 8);
        Tensor cos = figures.matrix(1, 0, 1);
        Tensor sin = figures.matrix(1, 1, 0);
        assertThat(figures.first(new Op.Rotary(false), x, cos, sin))
                .as("a quarter turn of elements 0 and 2 of each head, none of 1 and 3")
                .containsExactly(-3, 2, 1, 4, -7, 6, 5, 8);
        assertThat(figures.first(new Op.Rotary(true), x, cos, sin)).containsExactly(3, 2, -1, 4, 7, 6, -5, 8);
    }

    @Test
    void attentionSeesItselfAndWhatCameBefore() {
        // one head of size 1; the scores of the second query are 0 and log 3, so its weights are 1/4 and 3/4
        Tensor q = figures.matrix(2, 1, 1);
        Tensor k = figures.matrix(2, 0, Math.log(3));
        Tensor v = figures.matrix(2, 8, 4);
        List<Tensor> outputs = figures.outputs(new Op.Attention(1, 1, 1, 0), q, k, v, figures.segments(0, 2, 0, 2));
        assertThat(outputs.get(0).toDoubles()).containsExactly(new double[] {8, 5}, ROUNDED);
        assertThat(outputs.get(1).toDoubles()).containsExactly(new double[] {0, Math.log(4)}, ROUNDED);
    }

    @Test
    void attentionKeepsPackedSequencesApartAndReadsACache() {
        // two sequences: one query with three keys (two of them cached), then one query with its own key; all scores are 0
        Tensor q = figures.matrix(2, 0, 0);
        Tensor k = figures.matrix(4, 1, 2, 3, 4);
        Tensor v = figures.matrix(4, 3, 6, 9, 100);
        double[] outputs = figures.first(new Op.Attention(1, 1, 1, 0), q, k, v, figures.segments(0, 1, 0, 3, 1, 1, 3, 1));
        assertThat(outputs).containsExactly(new double[] {6, 100}, ROUNDED);
    }

    @Test
    void attentionSharesAKeyHeadBetweenItsGroup() {
        // four query heads, two key/value heads, one token: each head returns the value of its group
        Tensor q = figures.matrix(1, 1, 2, 3, 4);
        double[] outputs = figures.first(new Op.Attention(4, 2, 1, 0), q, figures.matrix(1, 1, 1), figures.matrix(1, 7, 9),
                figures.segments(0, 1, 0, 1));
        assertThat(outputs).containsExactly(7, 7, 9, 9);
    }

    @Test
    void attentionGradOfTwoKeys() {
        // as in the first attention test: p = (1/4, 3/4) and y = 5 for the second query, g = (0, 1)
        Tensor q = figures.matrix(2, 1, 1);
        Tensor k = figures.matrix(2, 0, Math.log(3));
        Tensor v = figures.matrix(2, 8, 4);
        Tensor segments = figures.segments(0, 2, 0, 2);
        List<Tensor> forward = figures.outputs(new Op.Attention(1, 1, 1, 0), q, k, v, segments);
        List<Tensor> gradients = figures.outputs(
                new Op.AttentionGrad(1, 1, 1, 0), q, k, v, segments, forward.get(0), forward.get(1), figures.matrix(2, 0, 1));
        // ds = p (v - y) = (3/4, -3/4)
        assertThat(gradients.get(0).toDoubles()).containsExactly(new double[] {0, -0.75 * Math.log(3)}, ROUNDED);
        assertThat(gradients.get(1).toDoubles()).containsExactly(new double[] {0.75, -0.75}, ROUNDED);
        assertThat(gradients.get(2).toDoubles()).containsExactly(new double[] {0.25, 0.75}, ROUNDED);
    }

    @Test
    void aCapBendsTheScoresBeforeTheSoftmax() {
        // tanh(log(2)) = 3/5, so with a cap of 5 log(3) / 3 the score atanh(3/5) of it becomes log 3; the slope there is 1 - 9/25
        double cap = 5 * Math.log(3) / 3;
        Tensor q = figures.matrix(2, 1, 1);
        Tensor k = figures.matrix(2, 0, cap * Math.log(2));
        Tensor v = figures.matrix(2, 8, 4);
        Tensor segments = figures.segments(0, 2, 0, 2);
        List<Tensor> forward = figures.outputs(new Op.Attention(1, 1, 1, cap), q, k, v, segments);
        assertThat(forward.get(0).toDoubles()).containsExactly(new double[] {8, 5}, ROUNDED);
        assertThat(forward.get(1).toDoubles()).containsExactly(new double[] {0, Math.log(4)}, ROUNDED);
        List<Tensor> gradients = figures.outputs(
                new Op.AttentionGrad(1, 1, 1, cap), q, k, v, segments, forward.get(0), forward.get(1), figures.matrix(2, 0, 1));
        // ds = p (v - y) slope = (3/4, -3/4 16/25), the slope at a score of 0 being 1
        assertThat(gradients.get(0).toDoubles()).containsExactly(new double[] {0, -0.48 * cap * Math.log(2)}, ROUNDED);
        assertThat(gradients.get(1).toDoubles()).containsExactly(new double[] {0.75, -0.48}, ROUNDED);
        assertThat(gradients.get(2).toDoubles()).containsExactly(new double[] {0.25, 0.75}, ROUNDED);
    }

    @Test
    void aCapBendsTheLogitsOfALinearHead() {
        // logits 0 and cap log(2) become 0 and log 3
        double cap = 5 * Math.log(3) / 3;
        Tensor x = figures.matrix(1, 1);
        Tensor head = figures.matrix(2, 0, cap * Math.log(2));
        List<Tensor> outputs = figures.outputs(new Op.LinearCrossEntropy(true, cap), x, head, figures.ids(0));
        assertThat(outputs.get(0).toDoubles()).containsExactly(new double[] {Math.log(4)}, ROUNDED);
        // (3/4) (16/25) times the row of token 1
        assertThat(outputs.get(1).toDoubles()).containsExactly(new double[] {0.48 * cap * Math.log(2)}, ROUNDED);
    }

    @Test
    void logSoftmaxAndCrossEntropy() {
        double[] row = {-2.40760596444438, -1.4076059644443804, -0.4076059644443803};
        Tensor logits = figures.matrix(2, 1, 2, 3, 1001, 1002, 1003);
        assertThat(figures.first(new Op.LogSoftmax(), logits))
                .as("a row moved by 1000 gives the same")
                .containsExactly(new double[] {row[0], row[1], row[2], row[0], row[1], row[2]}, within(1e-12));
        assertThat(figures.first(new Op.CrossEntropy(-100), logits, figures.ids(0, 2)))
                .containsExactly(new double[] {-row[0], -row[2]}, within(1e-12));
        assertThat(figures.first(new Op.CrossEntropyGrad(-100), logits, figures.ids(0, -100), figures.vector(2, 5)))
                .containsExactly(new double[] {-1.8199388536592391, 0.4894569421095953, 1.3304819115496438, 0, 0, 0}, ROUNDED);
    }

    @Test
    void aClassOfTheVocabularyCanBeIgnored() {
        Tensor logits = figures.matrix(2, 0, 0, 0, 0);
        Tensor targets = figures.ids(1, 0);
        assertThat(figures.first(new Op.CrossEntropy(1), logits, targets)).containsExactly(new double[] {0, Math.log(2)}, ROUNDED);
        assertThat(figures.first(new Op.CrossEntropyGrad(1), logits, targets, figures.vector(1, 1)))
                .containsExactly(new double[] {0, 0, -0.5, 0.5}, ROUNDED);
    }

    @Test
    void segmentsMayBeEmpty() {
        Tensor starts = figures.ids(0, 2, 2, 3);
        assertThat(figures.first(new Op.SegmentSum(), figures.vector(1, 2, 4), starts)).containsExactly(3, 0, 4);
        assertThat(figures.first(new Op.SegmentExpand(3), figures.vector(5, 6, 7), starts)).containsExactly(5, 5, 7);
    }

    @Test
    void aReshapeIsNoKernel() {
        Tensor x = figures.vector(1);
        assertThatThrownBy(() -> new ReferenceKernels().run(new Op.Reshape(Shape.of(1)), List.of(x), List.of(x)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a reshape shares memory");
    }

    @Test
    void aMissingKernelIsNamedWithItsDeviceAndReason() {
        assertThat(new MissingKernelException(new Op.Mul(), new Device("moon"), "no air"))
                .hasMessage("device moon has no kernel for Mul[]: no air");
    }
}
