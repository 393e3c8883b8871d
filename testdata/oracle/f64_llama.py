"""The decoders in float64 on transformers' own classes; imported by the other scripts, not run by itself.

transformers computes RMSNorm and the rotary angles in float32 whatever the dtype of the model. The
replacements below keep float64, so the golden values do not carry that rounding; only the frequencies of a scaled
rotary embedding are transformers' own, in float32. Every sequence goes through
the model by itself: no padding, no attention mask.
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.gemma2 import modeling_gemma2
from transformers.models.gemma3 import modeling_gemma3
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.llama import modeling_llama
from transformers.models.mistral import modeling_mistral
from transformers.models.olmo2 import modeling_olmo2
from transformers.models.phi3 import modeling_phi3
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3
from transformers.models.smollm3 import modeling_smollm3

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"  # ../shared/data, seen from the repository

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def _rms_norm(self, x):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def _rms_norm_plus_one(self, x):
    return self._norm(x) * (1 + self.weight)


def _rotary(self, x, position_ids, layer_type=None):
    rope, factor = self.config.rope_parameters, 1.0
    named = {}
    if layer_type is not None:
        rope, named = rope[layer_type], {"layer_type": layer_type}
    if rope["rope_type"] == "default":
        dim = getattr(self.config, "head_dim", None) or self.config.hidden_size // self.config.num_attention_heads
        dim = int(dim * (rope.get("partial_rotary_factor") or 1.0))
        inv_freq = rope["rope_theta"] ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    else:  # for this length alone: transformers' module remembers the longest sequence it has seen
        inv_freq, factor = ROPE_INIT_FUNCTIONS[rope["rope_type"]](self.config, seq_len=position_ids.max().item() + 1, **named)
    angles = position_ids[..., None].double() * inv_freq.double()
    angles = torch.cat((angles, angles), dim=-1)
    return (angles.cos() * factor).to(x.dtype), (angles.sin() * factor).to(x.dtype)


FAMILIES = {"Llama": modeling_llama, "Mistral": modeling_mistral, "Olmo2": modeling_olmo2, "Phi3": modeling_phi3, "Qwen2": modeling_qwen2,
            "Qwen3": modeling_qwen3, "SmolLM3": modeling_smollm3, "GPTNeoX": modeling_gpt_neox, "Gemma2": modeling_gemma2,
            "Gemma3": modeling_gemma3}
ORIGINAL = {}  # rotary classes' own forward, by class
for _name, _module in FAMILIES.items():
    if hasattr(_module, _name + "RMSNorm"):  # else LayerNorm, which keeps float64
        getattr(_module, _name + "RMSNorm").forward = _rms_norm_plus_one if _name.startswith("Gemma") else _rms_norm
    _class = getattr(_module, _name + "RotaryEmbedding")
    ORIGINAL[_class] = _class.forward
    _class.forward = _rotary


def _attention(module, query, key, value, attention_mask, dropout=0.0, scaling=None, softcap=None, **_):
    """Gemma 2's own attention, whose softmax is in float32, in float64; the one of torch knows no cap."""
    groups = module.num_key_value_groups
    scores = query @ key.repeat_interleave(groups, 1).transpose(2, 3) * scaling
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    weights = torch.softmax(scores + attention_mask, -1)
    return (weights @ value.repeat_interleave(groups, 1)).transpose(1, 2).contiguous(), weights


modeling_gemma2.eager_attention_forward = _attention


def load(folder, dtype=torch.float64):
    """The folder's weights, widened exactly to float64."""
    config = json.loads((Path(folder) / "config.json").read_text())
    attention = "eager" if config["model_type"] == "gemma2" else "sdpa"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention).eval()
    embedding = model.get_input_embeddings()
    if hasattr(embedding, "embed_scale"):  # transformers rounds it to the type of the weights, that is, of the stored ones
        stored = getattr(torch, config["dtype"])
        embedding.embed_scale = torch.tensor(embedding.scalar_embed_scale, dtype=torch.float32).to(stored).to(dtype)
    return model


def logits(model, ids):
    """[tokens, vocab] of one sequence."""
    return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


def token_losses(model, ids, labels):
    """Cross-entropy at each labelled position. labels[t] is predicted at t-1; labels[0] is never predicted."""
    target = torch.tensor(labels[1:])
    losses = torch.nn.functional.cross_entropy(logits(model, ids)[:-1], target, ignore_index=-100, reduction="none")
    return losses[target != -100]


def mean_loss(model, rows):
    """Mean over all labelled tokens of all rows (not a mean of the rows' means)."""
    return torch.cat([token_losses(model, ids, labels) for ids, labels in rows]).mean()


def greedy(model, ids, count):
    """count ids after the prompt, without a stop token, and the smallest gap between best and second best logit."""
    out, gap = list(ids), float("inf")
    with torch.no_grad():
        for _ in range(count):
            best = logits(model, out)[-1].topk(2)
            gap = min(gap, (best.values[0] - best.values[1]).item())
            out.append(best.indices[0].item())
    return out[len(ids):], gap


def peft_name(name):
    """A parameter's name as it stands in adapter_model.safetensors."""
    return name.replace(".default.", ".")


def save_tensors(tensors, path):
    save_file({name: t.contiguous() for name, t in tensors.items()}, path)
    path.chmod(0o644)  # safetensors leaves it readable by its owner only
