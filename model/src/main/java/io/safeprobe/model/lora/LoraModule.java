package io.safeprobe.model.lora;

/**
 * A low-rank branch on one linear layer: {@code y = x W^T + scale (x A^T) B^T} (arXiv 2106.09685).
 *
 * @param module the linear layer, such as model.layers.0.self_attn.q_proj
 * @param rank rows of A and columns of B
 * @param scale alpha / rank, or alpha / sqrt(rank) for rank-stabilised LoRA
 */
public record LoraModule(String module, int rank, double scale) {
    /** PEFT's name of A {@code [rank, in]} in adapter_model.safetensors. */
    public String aName() {
        return "base_model.model." + module + ".lora_A.weight";
    }

    /** PEFT's name of B {@code [out, rank]}. */
    public String bName() {
        return "base_model.model." + module + ".lora_B.weight";
    }
}
