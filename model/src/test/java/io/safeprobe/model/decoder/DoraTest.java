package io.safeprobe.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;
import io.safeprobe.engine.kernel.ReferenceKernels;
import io.safeprobe.engine.memory.Memory;
import io.safeprobe.engine.memory.Scope;
import io.safeprobe.engine.tensor.Shape;
import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.model.lora.LoraModule;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** In float64: the norm against its definition, and the gradient against central differences in which the norm is held where it was. */
class DoraTest {
    private static final double SCALE = 0.7;

    private static double[] normal(Random random, int count) {
        return random.doubles(count, -1, 1).toArray();
    }

    /** {@code sum_ti c_ti m_i / norm_i (x_t . (W_i + s B_i A))}. */
    private static double loss(double[] x, double[] c, double[] w, double[] a, double[] b, double[] m, double[] norm, int in, int rank) {
        double sum = 0;
        int out = m.length;
        for (int i = 0; i < out; i++) {
            double[] row = row(w, a, b, i, in, rank);
            for (int t = 0; t < x.length / in; t++) {
                double y = 0;
                for (int j = 0; j < in; j++) {
                    y += x[t * in + j] * row[j];
                }
                sum += c[t * out + i] * m[i] / norm[i] * y;
            }
        }
        return sum;
    }

    private static double[] row(double[] w, double[] a, double[] b, int i, int in, int rank) {
        double[] row = new double[in];
        for (int j = 0; j < in; j++) {
            row[j] = w[i * in + j];
            for (int r = 0; r < rank; r++) {
                row[j] += SCALE * b[i * rank + r] * a[r * in + j];
            }
        }
        return row;
    }

    private static double square(double[] row) {
        double sum = 0;
        for (double value : row) {
            sum += value * value;
        }
        return sum;
    }

    @Property(tries = 25)
    void normAndGradients(@ForAll @IntRange(min = 1, max = 4) int tokens, @ForAll @IntRange(min = 1, max = 9) int in, @ForAll @IntRange(min = 1, max = 7) int out,
            @ForAll @IntRange(min = 1, max = 3) int rank, @ForAll long seed) {
        Random random = new Random(seed);
        double[] x = normal(random, tokens * in);
        double[] c = normal(random, tokens * out);
        double[] w = normal(random, out * in);
        double[][] trained = {normal(random, rank * in), normal(random, out * rank), normal(random, out)};
        double[] norm = new double[out];
        double[] squares = new double[out];
        for (int i = 0; i < out; i++) {
            norm[i] = Math.sqrt(square(row(w, trained[0], trained[1], i, in, rank)));
            squares[i] = square(row(w, new double[rank * in], trained[1], i, in, rank));
        }
        try (Memory memory = Memory.ofLimit(1 << 20); Scope scope = memory.scope()) {
            Graph graph = new Graph(new ReferenceKernels(), scope);
            Value a = graph.variable(Tensor.of(scope, Shape.of(rank, in), trained[0]));
            Value b = graph.variable(Tensor.of(scope, Shape.of(out, rank), trained[1]));
            Value m = graph.variable(Tensor.of(scope, Shape.of(out), trained[2]));
            Value weight = graph.constant(Tensor.of(scope, Shape.of(out, in), w));
            Value input = graph.constant(Tensor.of(scope, Shape.of(tokens, in), x));
            Value factors = Dora.factors(graph, new LoraModule("m", rank, SCALE, true, false, false), weight, a, b, m, squares);
            for (int i = 0; i < out; i++) {
                assertThat(factors.tensor().get(i)).isCloseTo(trained[2][i] / norm[i], within(1e-7 * (1 + 1 / norm[i])));
            }
            Value y = input.loraLinear(weight, input, a, b, SCALE).mulRow(factors).mul(graph.constant(Tensor.of(scope, Shape.of(tokens, out), c))).sum();
            List<Tensor> gradients = graph.gradient(y, List.of(a, b, m));
            double step = 1e-5;
            for (int which = 0; which < trained.length; which++) {
                for (int at = 0; at < trained[which].length; at++) {
                    double kept = trained[which][at];
                    trained[which][at] = kept + step;
                    double above = loss(x, c, w, trained[0], trained[1], trained[2], norm, in, rank);
                    trained[which][at] = kept - step;
                    double below = loss(x, c, w, trained[0], trained[1], trained[2], norm, in, rank);
                    trained[which][at] = kept;
                    double expected = (above - below) / (2 * step);
                    assertThat(gradients.get(which).get(at)).isCloseTo(expected, within(1e-6 * (1 + Math.abs(expected))));
                }
            }
        }
    }
}
