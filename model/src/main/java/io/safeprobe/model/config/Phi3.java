package io.safeprobe.model.config;

import java.util.List;

/** Phi3ForCausalLM, also of Phi 3.5 and Phi 4: Llama with joined projections, rotating the first part of each head (arXiv 2404.14219). */
final class Phi3 implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(0, 0, 1e-5, 4096, 10_000, false, new CommonKeys.Spelling("rms_norm_eps", "hidden_act", "silu",
            new RopeKeys.Spelling("rope_theta", "partial_rotary_factor", 1, true, 4096, "su", ""), List.of("attention_dropout", "resid_pdrop", "embd_pdrop")));

    @Override
    public String className() {
        return "Phi3ForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        Variant variant = Variant.PLAIN.withNames(WeightNames.LLAMA.withJoinedProjections("self_attn.qkv_proj", "mlp.gate_up_proj"));
        keys.only("full_attn_mod", 1);
        keys.only("interpolate_factor", 1);
        return COMMON.read(className(), keys, variant.withWindow(keys.number("num_hidden_layers"), keys.number("sliding_window", 0)));
    }
}
