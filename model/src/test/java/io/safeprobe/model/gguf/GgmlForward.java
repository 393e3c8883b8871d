package io.safeprobe.model.gguf;

/**
 * The llama architecture in float64 from a GGUF file alone, as ggml computes it: numbers 2i and 2i + 1 of a head are rotated together. Written
 * for the test, apart from the decoder it is compared with.
 */
final class GgmlForward {
    private final GgufReader file;
    private final String architecture;
    private final int hidden;
    private final int heads;
    private final int groups;
    private final int head;

    GgmlForward(GgufReader file) {
        this.file = file;
        this.architecture = String.valueOf(file.keys.get("general.architecture"));
        this.hidden = number("embedding_length");
        this.heads = number("attention.head_count");
        this.groups = number("attention.head_count_kv");
        this.head = number("rope.dimension_count");
    }

    private int number(String key) {
        return file.number(architecture + "." + key);
    }

    /** Logits {@code [tokens, vocabulary]}. */
    double[][] logits(int[] ids) {
        double[] embedding = file.tensor("token_embd.weight");
        double[][] x = new double[ids.length][hidden];
        for (int t = 0; t < ids.length; t++) {
            System.arraycopy(embedding, ids[t] * hidden, x[t], 0, hidden);
        }
        for (int layer = 0; layer < number("block_count"); layer++) {
            String block = "blk." + layer + ".";
            double[][] q = rotated(linear(block + "attn_q", normed(x, block + "attn_norm")));
            double[][] k = rotated(linear(block + "attn_k", normed(x, block + "attn_norm")));
            double[][] v = linear(block + "attn_v", normed(x, block + "attn_norm"));
            add(x, linear(block + "attn_output", attention(q, k, v)));
            double[][] gate = linear(block + "ffn_gate", normed(x, block + "ffn_norm"));
            double[][] up = linear(block + "ffn_up", normed(x, block + "ffn_norm"));
            for (int t = 0; t < x.length; t++) {
                for (int i = 0; i < up[t].length; i++) {
                    up[t][i] *= gate[t][i] / (1 + Math.exp(-gate[t][i]));
                }
            }
            add(x, linear(block + "ffn_down", up));
        }
        return linear(file.tensors.containsKey("output.weight") ? "output" : "token_embd", normed(x, "output_norm"));
    }

    private double[][] normed(double[][] x, String name) {
        double[] weight = file.tensor(name + ".weight");
        double[][] y = new double[x.length][hidden];
        for (int t = 0; t < x.length; t++) {
            double squares = 0;
            for (double value : x[t]) {
                squares += value * value;
            }
            for (int i = 0; i < hidden; i++) {
                y[t][i] = weight[i] * x[t][i] / Math.sqrt(squares / hidden + file.real(architecture + ".attention.layer_norm_rms_epsilon"));
            }
        }
        return y;
    }

    private double[][] linear(String name, double[][] x) {
        double[] weight = file.tensor(name + ".weight");
        int in = x[0].length;
        int out = weight.length / in;
        double[] bias = file.tensors.containsKey(name + ".bias") ? file.tensor(name + ".bias") : new double[out];
        double[][] y = new double[x.length][out];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < out; o++) {
                double sum = bias[o];
                for (int i = 0; i < in; i++) {
                    sum += weight[o * in + i] * x[t][i];
                }
                y[t][o] = sum;
            }
        }
        return y;
    }

    private double[][] rotated(double[][] x) {
        double stretch = file.keys.containsKey(architecture + ".rope.scaling.factor") ? file.real(architecture + ".rope.scaling.factor") : 1;
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i += 2) {
                double divisor = file.tensors.containsKey("rope_freqs.weight") ? file.tensor("rope_freqs.weight")[i % head / 2] : 1;
                double angle = t / stretch / divisor * Math.pow(file.real(architecture + ".rope.freq_base"), -(double) (i % head) / head);
                double first = x[t][i];
                double second = x[t][i + 1];
                x[t][i] = first * Math.cos(angle) - second * Math.sin(angle);
                x[t][i + 1] = first * Math.sin(angle) + second * Math.cos(angle);
            }
        }
        return x;
    }

    private double[][] attention(double[][] q, double[][] k, double[][] v) {
        double[][] y = new double[q.length][heads * head];
        for (int t = 0; t < q.length; t++) {
            for (int h = 0; h < heads; h++) {
                int group = h / (heads / groups) * head;
                double[] weights = new double[t + 1];
                double total = 0;
                for (int s = 0; s <= t; s++) {
                    double score = 0;
                    for (int i = 0; i < head; i++) {
                        score += q[t][h * head + i] * k[s][group + i];
                    }
                    weights[s] = Math.exp(score / Math.sqrt(head));
                    total += weights[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < head; i++) {
                        y[t][h * head + i] += weights[s] / total * v[s][group + i];
                    }
                }
            }
        }
        return y;
    }

    private static void add(double[][] x, double[][] y) {
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                x[t][i] += y[t][i];
            }
        }
    }
}
