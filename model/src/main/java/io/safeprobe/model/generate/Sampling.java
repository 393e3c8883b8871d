package io.safeprobe.model.generate;

/**
 * How the next token is drawn from the logits, in the terms and the order of transformers: greedy at temperature 0, else temperature, top-k,
 * top-p and min-p one after the other, each on what the one before has left.
 *
 * @param topK candidates kept, with all that tie with the last of them; 0 keeps all
 * @param topP smallest probability mass kept, 0 to 1; 1 keeps all, and the likeliest is always kept
 * @param minP smallest probability kept, as a share of the likeliest one's, 0 to 1; 0 keeps all
 */
public record Sampling(double temperature, int topK, double topP, double minP) {
    /** Always the likeliest token. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

    /** Checks the numbers. */
    public Sampling {
        if (!(temperature >= 0 && Double.isFinite(temperature)) || topK < 0 || !(topP >= 0 && topP <= 1) || !(minP >= 0 && minP <= 1)) {
            throw new IllegalArgumentException("sampling needs temperature >= 0, top-k >= 0, 0 <= top-p <= 1 and 0 <= min-p <= 1, not " + temperature + ", " + topK + ", "
                    + topP + ", " + minP);
        }
    }

    /** Whether always the likeliest token is taken, so that nothing else here matters. */
    public boolean greedy() {
        return temperature == 0;
    }
}
