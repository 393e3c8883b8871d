package io.safeprobe.model.config;

/** Olmo2ForCausalLM: norms after attention and feed-forward, and on queries and keys over all heads together (arXiv 2501.00656). */
final class Olmo2 implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(0, 0, 1e-5, 2048, 10_000, false);
    private static final WeightNames NAMES = WeightNames.LLAMA.withNorms(null, "post_attention_layernorm", null, "post_feedforward_layernorm");

    @Override
    public String className() {
        return "Olmo2ForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        boolean bias = keys.flag("attention_bias", false);
        return COMMON.read(className(), keys, Variant.PLAIN.withNames(NAMES).withBias(bias, bias, false).withQueryKeyNorm(Variant.QueryKeyNorm.ALL));
    }
}
