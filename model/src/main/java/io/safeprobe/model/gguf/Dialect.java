package io.safeprobe.model.gguf;

import io.safeprobe.engine.kernel.Curve;
import io.safeprobe.model.config.DecoderConfig;
import io.safeprobe.model.config.ModelException;
import io.safeprobe.model.config.RopeScaling;
import io.safeprobe.model.config.Variant;
import java.util.stream.IntStream;

/**
 * How llama.cpp calls an architecture, its keys and its tensors.
 *
 * @param name general.architecture, which begins the keys too
 * @param interleaved whether it rotates neighbouring numbers of a head, so that the rows of queries and keys change places
 */
record Dialect(String name, boolean interleaved) {
    /** The dialect of a model, or a refusal that names what llama.cpp would leave out or do otherwise. */
    static Dialect of(DecoderConfig config) {
        Variant variant = config.variant();
        Dialect dialect = switch (config.architecture()) {
            case "LlamaForCausalLM", "MistralForCausalLM" -> new Dialect("llama", true);
            case "Qwen2ForCausalLM" -> new Dialect("qwen2", false);
            case "Qwen3ForCausalLM" -> new Dialect("qwen3", false);
            case "Olmo2ForCausalLM" -> new Dialect("olmo2", false);
            case "SmolLM3ForCausalLM" -> new Dialect("smollm3", true);
            default -> throw new ModelException("GGUF files of " + config.architecture()
                    + " are not supported; those of LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, Olmo2ForCausalLM and "
                    + "SmolLM3ForCausalLM are. 'merge DIR' writes a folder that llama.cpp's own converter reads");
        };
        boolean llama = dialect.name.equals("llama");
        dialect.require(config.activation() == Curve.SILU, "a gate other than silu");
        dialect.require(!variant.biases().feedForward() || llama, "a bias in the feed-forward layer");
        dialect.require(!variant.biases().output() || llama, "a bias in the output projection of attention");
        dialect.require(!variant.biases().qkv() || !dialect.name.equals("olmo2"), "a bias in the projections of attention");
        boolean ownWidth = llama || dialect.name.equals("qwen3") || dialect.name.equals("smollm3");
        dialect.require(ownWidth || config.headSize() * config.heads() == config.hidden(), "a head size other than hidden size by heads");
        dialect.require(dialect.name.equals("smollm3") || variant.unrotated().isEmpty(), "layers without rotary embedding");
        if (dialect.name.equals("smollm3")) {
            dialect.require(variant.unrotated().equals(IntStream.range(0, config.layers()).filter(layer -> layer % 4 == 3).boxed().toList()),
                    "any choice of layers without rotary embedding but every fourth");
        }
        dialect.require(config.rotary() == config.headSize(), "heads of which a part is rotated");
        dialect.requireScaling(config.ropeScaling());
        return dialect;
    }

    private void requireScaling(RopeScaling scaling) {
        switch (scaling) {
            case RopeScaling.None none -> {}
            case RopeScaling.Linear linear -> {}
            case RopeScaling.Llama3 stretched -> require(name.equals("llama"), "the rotary scaling llama3");
            case RopeScaling.Yarn yarn -> {
                require(yarn.betaFast() == 32 && yarn.betaSlow() == 1, "yarn with beta_fast " + yarn.betaFast() + " and beta_slow " + yarn.betaSlow());
                require(yarn.truncate(), "yarn with truncate false");
            }
            case RopeScaling.Dynamic dynamic -> require(false, "the rotary scaling dynamic");
            case RopeScaling.LongRope longRope -> require(false, "longrope as transformers does it, by the length of the text");
        }
    }

    private void require(boolean possible, String feature) {
        if (!possible) {
            throw new ModelException("llama.cpp's architecture '" + name + "' does not know " + feature + ", so a GGUF file of this model would give other results");
        }
    }

    /** Whether the file of a model has a tensor for its head: of a tied one llama.cpp takes the embedding, but not in OLMo 2. */
    boolean storesHead(DecoderConfig config) {
        return !config.tiedHead() || name.equals("olmo2");
    }

    /** The key of this architecture. */
    String key(String rest) {
        return name + "." + rest;
    }

    /** Most tokens of a text: within a sliding window, which llama.cpp does not know for these architectures, results are the same without it. */
    static int context(DecoderConfig config) {
        return IntStream.range(0, config.layers()).map(config.variant()::window).filter(window -> window > 0).reduce(config.maxPositions(), Math::min);
    }

    /** The name of a weight, such as blk.0.attn_q.weight for model.layers.0.self_attn.q_proj.weight. */
    String tensorName(String weight) {
        switch (weight) {
            case "model.embed_tokens.weight" -> {
                return "token_embd.weight";
            }
            case "model.norm.weight" -> {
                return "output_norm.weight";
            }
            case "lm_head.weight" -> {
                return "output.weight";
            }
            default -> {}
        }
        String[] parts = weight.split("\\.", -1);
        String module = parts[parts.length - 2];
        return "blk." + parts[2] + "." + part(weight, module) + "." + parts[parts.length - 1];
    }

    private String part(String weight, String module) {
        return switch (module) {
            case "input_layernorm" -> "attn_norm";
            case "q_proj" -> "attn_q";
            case "k_proj" -> "attn_k";
            case "v_proj" -> "attn_v";
            case "o_proj" -> "attn_output";
            case "q_norm" -> "attn_q_norm";
            case "k_norm" -> "attn_k_norm";
            // Between attention and feed-forward: the input of the latter, or where norms come after, the output of the former.
            case "post_attention_layernorm" -> name.equals("olmo2") ? "post_attention_norm" : "ffn_norm";
            case "post_feedforward_layernorm" -> "post_ffw_norm";
            case "gate_proj" -> "ffn_gate";
            case "up_proj" -> "ffn_up";
            case "down_proj" -> "ffn_down";
            default -> throw new ModelException("GGUF has no name for the weight '" + weight + "'");
        };
    }
}
