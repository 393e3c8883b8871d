package io.safeprobe.model.decoder;

import io.safeprobe.engine.autograd.Graph;
import io.safeprobe.engine.autograd.Value;

/** Norms made of RMSNorm. */
final class Norms {
    private Norms() {}

    /** RMSNorm times {@code 1 + weight}. */
    static Value plusOne(Graph graph, Value x, Value weight, double epsilon) {
        return x.rmsNorm(weight.add(graph.filled(weight.tensor().dtype(), weight.shape(), 1)), epsilon);
    }

    /** LayerNorm (arXiv 1607.06450): the mean square of {@code x - mean(x)} is the variance of x. */
    static Value layer(Value x, Value weight, Value bias, double epsilon) {
        long width = x.shape().dim(1);
        Value mean = x.sumColumns().scale(1.0 / width);
        return x.add(mean.repeatColumns(width), -1).rmsNorm(weight, epsilon).addRow(bias);
    }
}
