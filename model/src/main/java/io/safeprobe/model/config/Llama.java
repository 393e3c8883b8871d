package io.safeprobe.model.config;

/** LlamaForCausalLM: the plain case of the decoder (arXiv 2302.13971; grouped-query attention as in arXiv 2307.09288). */
final class Llama implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(0, 0, 1e-6, 2048, 10_000, false);

    @Override
    public String className() {
        return "LlamaForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        boolean attention = keys.flag("attention_bias", false);
        return COMMON.read(className(), keys, Variant.PLAIN.withBias(attention, attention, keys.flag("mlp_bias", false)));
    }
}
