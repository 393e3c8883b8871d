package io.safeprobe.model.config;

import java.util.List;

/** The names of weights as folders of Hugging Face store them. A module name plus {@code .weight} names its matrix, plus {@code .bias} its bias. */
public final class WeightNames {
    /** Token embedding {@code [vocabulary, hidden]}. */
    public static final String EMBEDDING = "model.embed_tokens.weight";
    /** Final norm {@code [hidden]}. */
    public static final String NORM = "model.norm.weight";
    /** Output projection {@code [vocabulary, hidden]}; absent when tied. */
    public static final String HEAD = "lm_head.weight";

    /** The linear layers of one decoder layer, by the last part of their name. */
    public static final List<String> LINEAR = List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    private WeightNames() {}

    /** The matrix of a module. */
    public static String weight(String module) {
        return module + ".weight";
    }

    /** The bias of a module, {@code [out]}. */
    public static String bias(String module) {
        return module + ".bias";
    }

    /** The norm before attention, {@code [hidden]}. */
    public static String attentionNorm(int layer) {
        return "model.layers." + layer + ".input_layernorm.weight";
    }

    /** The norm between attention and the feed-forward layer, {@code [hidden]}: of the input of the latter, or of the output of the former where norms come after. */
    public static String secondNorm(int layer) {
        return "model.layers." + layer + ".post_attention_layernorm.weight";
    }

    /** The norm after the feed-forward layer, {@code [hidden]}, where norms come after. */
    public static String afterFfnNorm(int layer) {
        return "model.layers." + layer + ".post_feedforward_layernorm.weight";
    }

    /** The norm of the queries, {@code [head]} or {@code [heads * head]}. */
    public static String queryNorm(int layer) {
        return "model.layers." + layer + ".self_attn.q_norm.weight";
    }

    /** The norm of the keys, {@code [head]} or {@code [kvHeads * head]}. */
    public static String keyNorm(int layer) {
        return "model.layers." + layer + ".self_attn.k_norm.weight";
    }

    /** Query projection {@code [heads * head, hidden]}. */
    public static String query(int layer) {
        return "model.layers." + layer + ".self_attn.q_proj";
    }

    /** Key projection {@code [kvHeads * head, hidden]}. */
    public static String key(int layer) {
        return "model.layers." + layer + ".self_attn.k_proj";
    }

    /** Value projection {@code [kvHeads * head, hidden]}. */
    public static String value(int layer) {
        return "model.layers." + layer + ".self_attn.v_proj";
    }

    /** Attention output projection {@code [hidden, heads * head]}. */
    public static String output(int layer) {
        return "model.layers." + layer + ".self_attn.o_proj";
    }

    /** Gate projection {@code [ffn, hidden]}. */
    public static String gate(int layer) {
        return "model.layers." + layer + ".mlp.gate_proj";
    }

    /** Up projection {@code [ffn, hidden]}. */
    public static String up(int layer) {
        return "model.layers." + layer + ".mlp.up_proj";
    }

    /** Down projection {@code [hidden, ffn]}. */
    public static String down(int layer) {
        return "model.layers." + layer + ".mlp.down_proj";
    }

    /** All linear modules of one layer. */
    public static List<String> linears(int layer) {
        return List.of(query(layer), key(layer), value(layer), output(layer), gate(layer), up(layer), down(layer));
    }
}
