package io.safeprobe.model.config;

/** Gemma2ForCausalLM: a window in every other layer, and caps on attention scores and logits (arXiv 2408.00118). */
final class Gemma2 implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(4, 256, 1e-6, 8192, 10_000, true, Gemma.spelling(""));

    @Override
    public String className() {
        return "Gemma2ForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        Variant.Scales scales = Gemma.scales(keys, Gemma.cap(keys, "attn_logit_softcapping", 50), Gemma.cap(keys, "final_logit_softcapping", 30));
        return COMMON.read(className(), keys, Gemma.variant(keys, 2).withScales(scales));
    }
}
