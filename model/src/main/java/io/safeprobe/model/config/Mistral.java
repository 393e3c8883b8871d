package io.safeprobe.model.config;

/** MistralForCausalLM: Llama with a sliding window in every layer (arXiv 2310.06825). */
final class Mistral implements Architecture {
    private static final CommonKeys COMMON = new CommonKeys(8, 0, 1e-6, 4096 * 32, 10_000, false);

    @Override
    public String className() {
        return "MistralForCausalLM";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        // null means no window, a missing key 4,096.
        int window = keys.number("sliding_window", keys.has("sliding_window") ? 0 : 4096);
        return COMMON.read(className(), keys, Variant.PLAIN.withWindow(keys.number("num_hidden_layers"), window));
    }
}
