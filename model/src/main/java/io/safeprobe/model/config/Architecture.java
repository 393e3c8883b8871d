package io.safeprobe.model.config;

/** One model family: its class name in config.json and how its configuration fills a {@link DecoderConfig}. */
interface Architecture {
    /** The entry of {@code architectures} in config.json. */
    String className();

    /** The same for a folder with a head over labels in place of tokens. */
    default String classifierName() {
        return className().replaceFirst("(ForCausalLM|LMHeadModel)$", Labels.CLASS_SUFFIX);
    }

    /**
     * Reads a configuration. Keys that are not read here, and are not known to be harmless, are refused afterwards.
     *
     * @throws ModelException for a missing number, or for a setting that would change results and is not supported
     */
    DecoderConfig read(ConfigKeys keys);
}
