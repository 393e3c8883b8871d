package io.safeprobe.model.config;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The names of an architecture's modules as folders of Hugging Face store them. A module name plus {@code .weight} names its matrix or norm, plus
 * {@code .bias} its bias. Modules of a layer are given by what follows the number of the layer.
 *
 * @param layers what precedes the number of a layer
 * @param embedding token embedding {@code [vocabulary, hidden]}
 * @param positions learned embedding of positions {@code [positions, hidden]}; null where there is none
 * @param norm final norm {@code [hidden]}
 * @param head output projection {@code [vocabulary, hidden]}; not stored when tied
 * @param attention projections to queries {@code [heads * head, hidden]}, keys and values {@code [kvHeads * head, hidden]}, or the one that joins the three
 * @param output attention output projection {@code [hidden, heads * head]}
 * @param feedForward projections to gate and values {@code [ffn, hidden]}, the one that joins the two, or one without a gate
 * @param down projection {@code [hidden, ffn]} back from the feed-forward layer
 * @param norms the norms of a layer
 * @param buffers ends of the names of stored tensors that are no weights, such as masks
 */
public record WeightNames(
        String layers,
        String embedding,
        @Nullable String positions,
        String norm,
        String head,
        List<String> attention,
        String output,
        List<String> feedForward,
        String down,
        Norms norms,
        List<String> buffers) {
    /**
     * The norms of a layer, null for those it has not.
     *
     * @param beforeAttention of the input of attention
     * @param query of the queries, if there is one
     * @param key of the keys, if there is one
     * @param afterAttention of the output of attention, before the sum
     * @param beforeFeedForward of the input of the feed-forward layer
     * @param afterFeedForward of its output, before the sum
     */
    public record Norms(
            @Nullable String beforeAttention,
            String query,
            String key,
            @Nullable String afterAttention,
            @Nullable String beforeFeedForward,
            @Nullable String afterFeedForward) {}

    private static final List<String> GATE_AND_UP = List.of("mlp.gate_proj", "mlp.up_proj");

    /** Llama and most others. */
    static final WeightNames LLAMA = llamaLike(List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), GATE_AND_UP,
            norms("input_layernorm", null, "post_attention_layernorm", null));

    /** Copies the lists. */
    public WeightNames {
        attention = List.copyOf(attention);
        feedForward = List.copyOf(feedForward);
        buffers = List.copyOf(buffers);
    }

    private static WeightNames llamaLike(List<String> attention, List<String> feedForward, Norms norms) {
        return new WeightNames("model.layers.", "model.embed_tokens", null, "model.norm", "lm_head", attention, "self_attn.o_proj", feedForward,
                "mlp.down_proj", norms, List.of("rotary_emb.inv_freq"));
    }

    private static Norms norms(
            @Nullable String beforeAttention, @Nullable String afterAttention, @Nullable String beforeFeedForward, @Nullable String afterFeedForward) {
        return new Norms(beforeAttention, "self_attn.q_norm", "self_attn.k_norm", afterAttention, beforeFeedForward, afterFeedForward);
    }

    /** These with other norms, named as Llama's relatives name them. */
    WeightNames withNorms(
            @Nullable String beforeAttention, @Nullable String afterAttention, @Nullable String beforeFeedForward, @Nullable String afterFeedForward) {
        return llamaLike(attention, feedForward, norms(beforeAttention, afterAttention, beforeFeedForward, afterFeedForward));
    }

    /** These with projections that are joined. */
    WeightNames withJoinedProjections(String queriesKeysValues, String gateAndUp) {
        return llamaLike(List.of(queriesKeysValues), List.of(gateAndUp), norms);
    }

    /** The matrix or norm of a module. */
    public static String weight(String module) {
        return module + ".weight";
    }

    /** The bias of a module. */
    public static String bias(String module) {
        return module + ".bias";
    }

    /** A module of a layer, by what follows the layer's number. */
    public String module(int layer, String part) {
        return layers + layer + "." + part;
    }

    /** What precedes every name but the head's; the part a decoder saved without its head lacks. */
    public String prefix() {
        return layers.substring(0, layers.indexOf('.') + 1);
    }

    /** All linear modules of one layer. */
    public List<String> linears(int layer) {
        return parts().map(part -> module(layer, part)).toList();
    }

    /** The linear modules by the last part of their names, which is how adapters name what they adapt; modules may share one. */
    public List<String> linear() {
        return parts().map(WeightNames::last).distinct().toList();
    }

    /** What an adapter is put on where nothing is said: the projections to queries and values, or the one that joins them. */
    public List<String> defaultTargets() {
        return Stream.of(attention.getFirst(), attention.getLast()).map(WeightNames::last).distinct().toList();
    }

    private Stream<String> parts() {
        return Stream.of(attention.stream(), Stream.of(output), feedForward.stream(), Stream.of(down)).flatMap(parts -> parts);
    }

    private static String last(String part) {
        return part.substring(part.lastIndexOf('.') + 1);
    }
}
