package io.safeprobe.model.config;

/** Qwen3ForCausalLM: queries and keys are normalised in each head, whose size does not depend on the hidden size (arXiv 2505.09388). */
final class Qwen3 implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(32, 128, 1e-6, 32_768, 10_000, false);

    @Override
    public String className() {
        return "Qwen3ForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        boolean bias = keys.flag("attention_bias", false);
        Variant variant = Variant.PLAIN.withBias(bias, bias, false).withQueryKeyNorm(Variant.QueryKeyNorm.HEAD);
        return COMMON.read(className(), keys, variant.withWindows(SlidingLayers.read(keys)));
    }
}
