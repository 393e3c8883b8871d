package io.safeprobe.model.config;

import java.util.List;

/**
 * GPT2LMHeadModel: learned positions, LayerNorm, biases, a plain feed-forward layer, and matrices stored {@code [in, out]} ("Language Models are
 * Unsupervised Multitask Learners", 2019).
 */
final class Gpt2 implements Architecture {
    private static final WeightNames NAMES = new WeightNames("transformer.h.", "transformer.wte", "transformer.wpe", "transformer.ln_f", "lm_head",
            List.of("attn.c_attn"), "attn.c_proj", List.of("mlp.c_fc"), "mlp.c_proj", new WeightNames.Norms("ln_1", "", "", null, "ln_2", null),
            List.of(".attn.bias", ".attn.masked_bias"));

    @Override
    public String className() {
        return "GPT2LMHeadModel";
    }

    @Override
    public DecoderConfig read(ConfigKeys keys) {
        // Of other heads than a language model's, and the width of an attention in 16 bits.
        keys.ignore("summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels", "summary_first_dropout", "task_specific_params",
                "n_ctx", "n_special", "predict_special_tokens", "output_past", "_num_labels", "reorder_and_upcast_attn");
        int hidden = keys.number("n_embd", 768);
        int heads = keys.number("n_head", 12);
        int layers = keys.number("n_layer", 12);
        int context = keys.number("n_positions", 1024);
        if (hidden % heads != 0 || hidden / heads % 2 != 0) {
            throw new ModelException("config.json: n_embd " + hidden + " and n_head " + heads
                    + " do not fit: the heads must divide it into parts of even width");
        }
        Variant.Scales scales = new Variant.Scales(1, keys.flag("scale_attn_weights", true) ? 0 : 1, 0, 0);
        Variant variant = Variant.PLAIN.withNames(NAMES).withNorm(Variant.Norm.LAYER).withBias(true, true, true).withScales(scales)
                .withProjection(new Variant.Projection(false, false, true));
        return new DecoderConfig(
                className(),
                hidden,
                keys.number("n_inner", 4 * hidden),
                layers,
                heads,
                heads,
                hidden / heads,
                0,
                keys.number("vocab_size", 50_257),
                keys.real("layer_norm_epsilon", 1e-5),
                0,
                new RopeScaling.None(),
                CommonKeys.activation(keys, "activation_function", "gelu_new"),
                variant,
                keys.flag("tie_word_embeddings", true),
                context,
                CommonKeys.ids(keys.get("eos_token_id")),
                keys.dropout(List.of("attn_pdrop", "resid_pdrop", "embd_pdrop")));
    }
}
