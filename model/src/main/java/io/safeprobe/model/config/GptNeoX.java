package io.safeprobe.model.config;

import java.util.List;

/**
 * GPTNeoXForCausalLM, also of Pythia: LayerNorm, biases, a plain feed-forward layer that runs beside attention, and rotation of the first part of each
 * head (arXiv 2204.06745).
 */
final class GptNeoX implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(0, 0, 1e-5, 2048, 10_000, false, new CommonKeys.Spelling("layer_norm_eps", "hidden_act", "gelu",
            new RopeKeys.Spelling("rotary_emb_base", "rotary_pct", 0.25, true, 0, "", ""), List.of("attention_dropout", "hidden_dropout")));

    private static final WeightNames NAMES = new WeightNames("gpt_neox.layers.", "gpt_neox.embed_in", null, "gpt_neox.final_layer_norm", "embed_out",
            List.of("attention.query_key_value"), "attention.dense", List.of("mlp.dense_h_to_4h"), "mlp.dense_4h_to_h",
            new WeightNames.Norms("input_layernorm", "", "", null, "post_attention_layernorm", null),
            List.of("rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias"));

    @Override
    public String className() {
        return "GPTNeoXForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        boolean bias = keys.flag("attention_bias", true);
        // Of other heads and of Dolly's own pipeline; the dropout of GPT-NeoX-20B under names that transformers does not read.
        keys.ignore("classifier_dropout", "is_decoder", "custom_pipelines", "attention_probs_dropout_prob", "hidden_dropout_prob");
        Variant variant = Variant.PLAIN.withNames(NAMES).withNorm(Variant.Norm.LAYER).withBias(bias, bias, true)
                .withProjection(new Variant.Projection(true, false, false)).withParallel(keys.flag("use_parallel_residual", true));
        return COMMON.read(className(), keys, variant);
    }
}
