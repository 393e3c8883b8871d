"""Writes a small model folder with golden.json and golden.safetensors for each architecture and each rotary scaling
(all but plain Llama, which make_models.py writes), for some of them an adapter, and rope.json, the rotary frequencies of many configurations.

    python testdata/oracle/make_families.py      (needs requirements.txt; same bytes on every run)
"""
import itertools
import json
import shutil

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from f64_llama import GOLDEN, ORIGINAL, greedy, load, logits, mean_loss, save_tensors
from make_model_golden import VERSIONS, add_norms, describe, gradients, sequences

SHAPE = dict(vocab_size=97, hidden_size=32, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.2, tie_word_embeddings=True,
             bos_token_id=1, eos_token_id=2, pad_token_id=None)
ROPE = dict(SHAPE, num_attention_heads=2, num_key_value_heads=1, head_dim=16)  # eight frequencies, so that ramps show
NEOX = {name: SHAPE[name] for name in SHAPE if name != "num_key_value_heads"}
GEMMA = dict(SHAPE, head_dim=10, intermediate_size=16)

# folder: model_type, what differs from SHAPE. Rows have 17, 5 and 24 tokens: windows and lengths are chosen to lie between.
FOLDERS = {
    "rope-linear": ("llama", dict(ROPE, rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0})),
    "rope-dynamic": ("llama", dict(ROPE, max_position_embeddings=16, rope_parameters={"rope_type": "dynamic", "factor": 4.0, "rope_theta": 10000.0})),
    "rope-yarn": ("llama", dict(ROPE, rope_parameters={"rope_type": "yarn", "factor": 4.0, "rope_theta": 10000.0, "beta_fast": 8.0,
                                                        "original_max_position_embeddings": 64})),
    "rope-llama3": ("llama", dict(ROPE, rope_parameters={"rope_type": "llama3", "factor": 8.0, "rope_theta": 10000.0, "low_freq_factor": 1.0,
                                                          "high_freq_factor": 4.0, "original_max_position_embeddings": 64})),
    "rope-longrope": ("llama", dict(ROPE, rope_parameters={"rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": 20,
                                                            "short_factor": [1.0, 1.1, 1.2, 1.3, 1.5, 1.7, 2.0, 2.2],
                                                            "long_factor": [1.5, 2.0, 3.0, 4.5, 6.0, 9.0, 12.0, 15.0]})),
    "tiny-llama-bias": ("llama", dict(SHAPE, attention_bias=True, mlp_bias=True)),
    "tiny-mistral": ("mistral", dict(SHAPE, num_key_value_heads=1, head_dim=10, intermediate_size=16, sliding_window=64, tie_word_embeddings=False)),
    "tiny-mistral-window": ("mistral", dict(SHAPE, sliding_window=7)),
    "tiny-qwen2": ("qwen2", dict(SHAPE)),
    "tiny-qwen2-window": ("qwen2", dict(SHAPE, use_sliding_window=True, sliding_window=6, max_window_layers=1)),
    "tiny-qwen3": ("qwen3", dict(SHAPE, num_attention_heads=2, num_key_value_heads=1, head_dim=20, intermediate_size=16)),
    "tiny-olmo2": ("olmo2", dict(SHAPE)),
    "tiny-smollm3": ("smollm3", dict(SHAPE, num_key_value_heads=1, intermediate_size=8, num_hidden_layers=3, no_rope_layers=[1, 0, 1])),
    "tiny-phi3": ("phi3", dict(SHAPE, sliding_window=7, rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5})),
    "tiny-phi3-longrope": ("phi3", dict(ROPE, tie_word_embeddings=False, original_max_position_embeddings=20,
                                        rope_parameters={"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.75,
                                                         "short_factor": [1.0, 1.1, 1.2, 1.3, 1.5, 1.7], "long_factor": [1.5, 2.0, 3.0, 4.5, 6.0, 9.0]})),
    "tiny-neox": ("gpt_neox", dict(NEOX, rotary_pct=0.5, tie_word_embeddings=False)),
    "tiny-neox-serial": ("gpt_neox", dict(NEOX, rotary_pct=0.25, use_parallel_residual=False, attention_bias=False, attention_dropout=0.1)),
    "tiny-gpt2": ("gpt2", dict(vocab_size=97, n_embd=32, n_layer=2, n_head=4, n_inner=24, n_positions=64, initializer_range=0.2,
                               bos_token_id=1, eos_token_id=2)),
    "tiny-gemma3": ("gemma3_text", dict(GEMMA, num_hidden_layers=3, sliding_window=6, sliding_window_pattern=3, query_pre_attn_scalar=12)),
    "tiny-gemma2": ("gemma2", dict(GEMMA, sliding_window=6, query_pre_attn_scalar=5, attn_logit_softcapping=4.0, final_logit_softcapping=5.0)),
}
BFLOAT16 = {"tiny-gemma3"}  # its factor on embeddings is rounded too
SEPARATE = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {  # every linear layer
    "tiny-phi3": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
    "tiny-neox": ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"],
    "tiny-gpt2": ["c_attn", "c_proj", "c_fc"],
    "tiny-gemma3": SEPARATE,
    "tiny-gemma2": SEPARATE,
}
CONTEXT = {"rope-dynamic": 16}  # its greedy continuation ends there: the frequencies change with every token beyond


def random_model(model_type, settings, seed):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **settings))
    with torch.no_grad():  # norms away from 1 and biases away from 0, so that leaving one out shows
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.copy_(0.3 * torch.randn_like(weight))
            elif "norm" in name or ".ln_" in name:
                weight.copy_((0 if model_type.startswith("gemma") else 1) + 0.2 * torch.randn_like(weight))
    return model


def check_rotary(model):
    """Our replacement against the module's own forward, on a fresh module for each length."""
    for rotary in [module for module in model.modules() if type(module) in ORIGINAL]:
        types = [{"layer_type": name} for name in rotary.layer_types] if hasattr(rotary, "layer_types") else [{}]
        for tokens, of in itertools.product((5, 17, 24), types):
            fresh = type(rotary)(model.config)
            positions = torch.arange(tokens)[None]
            own = ORIGINAL[type(rotary)](fresh, torch.zeros(1, dtype=torch.float32), positions, **of)
            ours = rotary(torch.zeros(1, dtype=torch.float64), positions, **of)
            for a, b in zip(own, ours):
                assert (a - b).abs().max() < 1e-5, model.config.rope_parameters


def clear_rows(model, seed):
    """The first rows whose greedy continuations have no stop token and no step that rounding could decide."""
    for attempt in itertools.count(seed, 1000):
        rows = sequences(attempt)
        continuations = [greedy(model, ids, 20) for ids, _ in rows[:2]]
        if all(2 not in ids and gap > 1e-3 for ids, gap in continuations):
            return rows


def folder(name, seed):
    model_type, settings = FOLDERS[name]
    path = GOLDEN / name
    shutil.rmtree(path, ignore_errors=True)
    model = random_model(model_type, settings, seed)
    (model.bfloat16() if name in BFLOAT16 else model).save_pretrained(path)
    (path / "model.safetensors").chmod(0o644)
    (path / "generation_config.json").unlink(missing_ok=True)
    model = load(path)
    check_rotary(model)
    rows = clear_rows(model, seed)
    golden = describe(model, rows)
    if name in CONTEXT:
        prompt = rows[1][0]
        golden["greedy_prompt"] = prompt
        golden["greedy"], golden["greedy_smallest_gap"] = greedy(model, prompt, CONTEXT[name] - len(prompt))
    tensors = {f"logits.{i}": logits(model, ids).detach() for i, (ids, _) in enumerate(rows)}
    tensors |= gradients(model, rows, [n for n, _ in model.named_parameters()])
    if model_type == "gpt_neox":  # transformers 5 stores its head under the name it always had
        tensors = {n.replace("grad.lm_head.", "grad.embed_out."): t for n, t in tensors.items()}
    add_norms(golden, tensors)
    (path / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    # Computed in float64, kept in float32: half the size, and 1e-7 is far below what the tests ask for.
    save_tensors({n: t.float() for n, t in tensors.items()}, path / "golden.safetensors")


def adapter(base, seed):
    """A PEFT folder for a model folder, with the logits of the first row and the gradients of A and B."""
    path = GOLDEN / (base + "-peft")
    shutil.rmtree(path, ignore_errors=True)
    torch.manual_seed(seed)
    model = load(GOLDEN / base)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=3, target_modules=ADAPTERS[base], fan_in_fan_out=base == "tiny-gpt2"))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                weight.copy_((0.2 * torch.randn(weight.shape)).float())
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(path)
    (path / "README.md").unlink()
    tensors = {name: t.float() for name, t in load_file(path / "adapter_model.safetensors").items()}
    save_tensors(tensors, path / "adapter_model.safetensors")
    config = json.loads((path / "adapter_config.json").read_text())
    config["target_modules"] = sorted(config["target_modules"])  # peft writes a set
    (path / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    rows = sequences(seed)
    golden = {"versions": VERSIONS, "ids": [ids for ids, _ in rows], "labels": [labels for _, labels in rows], "loss": mean_loss(model, rows).item()}
    tensors = {"logits.0": logits(model, rows[0][0]).detach()}
    tensors |= gradients(model, rows, [n for n, p in model.named_parameters() if p.requires_grad])
    (path / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    save_tensors({n: t.float() for n, t in tensors.items()}, path / "golden.safetensors")


def rope_case(heads, hidden, positions, lengths, rope):
    """inv_freq for each length, and the factor on cosines and sines."""
    settings = dict(hidden_size=hidden, num_attention_heads=heads, max_position_embeddings=positions)
    config = AutoConfig.for_model("llama", **settings, rope_parameters=dict(rope))
    given = dict(config.rope_parameters)
    results = [ROPE_INIT_FUNCTIONS[given["rope_type"]](config, seq_len=n) for n in lengths]
    return {"config": settings | {"rope_parameters": rope}, "lengths": lengths, "attention_factor": results[0][1],
            "inv_freq": [frequencies.double().tolist() for frequencies, _ in results]}


def rope_cases():
    yarn = {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 32768}
    dynamic = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}
    long = {"rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": 4096,
            "short_factor": [1 + 0.05 * j for j in range(16)], "long_factor": [1.2 + 0.7 * j for j in range(16)]}
    return [
        rope_case(32, 4096, 8192, [10], {"rope_type": "linear", "rope_theta": 10000.0, "factor": 8.0}),
        rope_case(32, 4096, 2048, [10, 2048, 2049, 5000], dynamic),
        rope_case(28, 3584, 131072, [10, 100000], yarn),
        rope_case(28, 3584, 131072, [10], yarn | {"factor": None}),
        rope_case(8, 512, 16384, [10], yarn | {"factor": 40.0, "mscale": 0.9, "mscale_all_dim": 0.7, "original_max_position_embeddings": 4096}),
        rope_case(8, 512, 16384, [10], yarn | {"attention_factor": 0.75, "beta_fast": 20.0, "beta_slow": 2.0, "truncate": False}),
        rope_case(8, 512, 16384, [10], yarn | {"beta_fast": 1.0, "beta_slow": 1.0, "original_max_position_embeddings": 6}),
        rope_case(32, 4096, 131072, [10], {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
                                           "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}),
        rope_case(32, 2048, 131072, [10], {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0,
                                           "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}),
        rope_case(32, 1024, 131072, [10, 4096, 4097, 90000], long),
        rope_case(32, 1024, 131072, [10, 5000], long | {"factor": 2.0}),
        rope_case(32, 1024, 131072, [10, 5000], long | {"attention_factor": 1.19}),
    ]


if __name__ == "__main__":
    for number, name in enumerate(FOLDERS):
        folder(name, 200 + number)
        print(name)
    for number, name in enumerate(ADAPTERS):
        adapter(name, 300 + number)
    (GOLDEN / "rope.json").write_text(json.dumps(rope_cases(), indent=1) + "\n")
