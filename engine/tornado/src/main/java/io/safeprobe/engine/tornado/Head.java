package io.safeprobe.engine.tornado;

import io.safeprobe.engine.tensor.Tensor;
import io.safeprobe.engine.tornado.Products.Matrix;
import org.jspecify.annotations.Nullable;

/**
 * Cross-entropy of a linear head without its logits: the vocabulary passes by in blocks, as on the processor. The largest temporary is one block
 * of logits for all tokens.
 */
final class Head {
    private static final int MOST_BLOCK = 1024;
    private static final int LEAST_BLOCK = 256;
    private static final int MOST_LOGITS = 1 << 23;
    private static final int STATE = 3;

    private final Launcher launcher;
    private final Places places;
    private final Products products;

    Head(Launcher launcher, Places places, Products products) {
        this.launcher = launcher;
        this.places = places;
        this.products = products;
    }

    /** Losses {@code [tokens]} and, unless {@code pull} is null, their gradients to the rows of {@code x}. */
    void crossEntropy(Tensor x, Tensor head, Tensor targets, Tensor losses, @Nullable Tensor pull, double softcap) {
        Matrix hidden = Matrix.of(places, x);
        Matrix rows = Matrix.of(places, head);
        float[] cap = {(float) softcap};
        int tokens = hidden.rows();
        if (tokens == 0) {
            return;
        }
        int block = Math.min(Math.clamp(MOST_LOGITS / tokens, LEAST_BLOCK, MOST_BLOCK), rows.rows());
        int wanted = places.index(targets);
        int width = pull == null ? 0 : rows.columns();
        int mix = pull == null ? places.of(losses) : places.of(pull);
        places.scratch((long) tokens * (block + STATE), logits -> {
            int state = logits + tokens * block;
            for (int from = 0; from < rows.rows(); from += block) {
                Matrix part = rows.rows(from, Math.min(block, rows.rows() - from));
                products.multiply(hidden, part.transposed(), logits, 1, false);
                launcher.launch(
                        Kernel.HEAD_BLOCK, tokens, cap, logits, state, mix, tokens, part.rows(), from == 0 ? 0 : width, from, wanted);
                if (pull != null) {
                    products.multiply(Matrix.scratch(logits, tokens, part.rows()), part, mix, 1, from > 0);
                }
            }
            launcher.launch(
                    Kernel.HEAD_FINISH, tokens, cap, places.of(losses), state, mix, tokens, width, rows.at(), rows.table(), wanted);
        });
    }
}
