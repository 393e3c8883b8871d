"""Llama in float64 on transformers' own classes; imported by the other scripts, not run by itself.

transformers computes RMSNorm and the rotary angles in float32 whatever the dtype of the model. The two
replacements below keep float64, so the golden values do not carry that rounding. Every sequence goes through
the model by itself: no padding, no attention mask.
"""
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaForCausalLM
from transformers.models.llama import modeling_llama

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"  # ../shared/data, seen from the repository

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def _rms_norm(self, x):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def _rotary(self, x, position_ids):
    theta = self.config.rope_parameters["rope_theta"]
    dim = self.config.head_dim
    inv_freq = theta ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = position_ids[..., None].double() * inv_freq
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


modeling_llama.LlamaRMSNorm.forward = _rms_norm
modeling_llama.LlamaRotaryEmbedding.forward = _rotary


def load(folder, dtype=torch.float64):
    """The folder's weights, widened exactly to float64."""
    return LlamaForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").eval()


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
