package io.safeprobe.model.config;

/** Qwen2ForCausalLM, also of Qwen 2.5: biases on queries, keys and values, and a sliding window in the upper layers where asked for (arXiv 2407.10671). */
final class Qwen2 implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(32, 0, 1e-6, 32_768, 10_000, false);

    @Override
    public String className() {
        return "Qwen2ForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        return COMMON.read(className(), keys, Variant.PLAIN.withBias(true, false, false).withWindows(SlidingLayers.read(keys)));
    }
}
