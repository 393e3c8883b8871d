package io.safeprobe.model.lora;

/**
 * A low-rank branch on one linear layer: {@code y = x W^T + scale ((x A^T) B^T + b)} (arXiv 2106.09685), or with DoRA (arXiv 2402.09353)
 * {@code y = m / ||W + scale B A|| (x W^T + scale (x A^T) B^T)}, the norm being that of each row of {@code [out, in]}.
 *
 * @param module the linear layer, such as model.layers.0.self_attn.q_proj
 * @param rank rows of A and columns of B
 * @param scale alpha / rank, or alpha / sqrt(rank) for rank-stabilised LoRA
 * @param dora whether there is a magnitude m
 * @param bias whether there is a bias b
 * @param transposed whether W is stored {@code [in, out]}: PEFT's fan_in_fan_out
 */
public record LoraModule(String module, int rank, double scale, boolean dora, boolean bias, boolean transposed) {
    private static final String PREFIX = "base_model.model.";

    /** PEFT's name of A {@code [rank, in]} in adapter_model.safetensors. */
    public String aName() {
        return PREFIX + module + ".lora_A.weight";
    }

    /** PEFT's name of B {@code [out, rank]}. */
    public String bName() {
        return PREFIX + module + ".lora_B.weight";
    }

    /** PEFT's name of b {@code [out]}. */
    public String biasName() {
        return PREFIX + module + ".lora_B.bias";
    }

    /** PEFT's name of m {@code [out]}. */
    public String magnitudeName() {
        return PREFIX + module + ".lora_magnitude_vector";
    }

    /** PEFT's name of a weight of the model that an adapter holds a copy of; {@code adapted} says that it is the bias of an adapted layer. */
    static String copyName(String weight, boolean adapted) {
        return PREFIX + (adapted ? weight.replaceFirst("\\.bias$", ".base_layer.bias") : weight);
    }
}
