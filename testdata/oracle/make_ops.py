"""Writes ops.safetensors: inputs, outputs and input gradients, in float64, of ops that are easy to get wrong.

    python testdata/oracle/make_ops.py

Every case has an upstream gradient `dy` of the output's shape and, for each differentiable input x, `dx` = the gradient
of sum(y * dy). Attention is packed: [tokens, heads, head_dim] with `starts` (first token of each sequence, then the end).
"""
import math

import torch
import torch.nn.functional as F
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from f64_llama import GOLDEN, save_tensors

torch.manual_seed(41)
STARTS = [0, 7, 8, 13]  # three sequences, one of a single token
OUT = {}


def exact(x):
    """Inputs are rounded to float32 values, so that a float32 kernel starts from the very same numbers."""
    return x.float().double()


def random(*shape):
    return exact(torch.randn(*shape, dtype=torch.float64))


def case(name, op, inputs, constants=None, dy=None):
    """Runs op on the inputs and stores the whole case under `name.`."""
    inputs = {k: exact(t).detach().clone().requires_grad_() for k, t in inputs.items()}
    y = op(**inputs)
    dy = random(*y.shape) if dy is None else dy
    grads = torch.autograd.grad((y * dy).sum(), list(inputs.values()))
    OUT.update({f"{name}.{k}": t.detach() for k, t in inputs.items()})
    OUT.update({f"{name}.d{k}": g for k, g in zip(inputs, grads)})
    OUT.update({f"{name}.{k}": t for k, t in (constants or {}).items()})
    OUT.update({f"{name}.y": y.detach(), f"{name}.dy": dy})


def rotary(theta, dim):
    """Hugging Face's order: channel i turns with channel i + dim/2, angle position * theta^(-2i/dim)."""
    positions = torch.cat([torch.arange(b - a) for a, b in zip(STARTS, STARTS[1:])])
    angles = positions[:, None].double() * theta ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = torch.cat((angles, angles), -1)
    op = lambda x: apply_rotary_pos_emb(x[None], x[None], angles.cos()[None], angles.sin()[None], unsqueeze_dim=2)[0][0]
    case(f"rotary.theta{theta:.0f}", op, {"x": random(13, 3, dim)},
         {"positions": positions, "cos": angles.cos(), "sin": angles.sin(), "theta": torch.tensor(theta).double()})


def rms_norm(name, x, eps):
    op = lambda x, weight: x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight
    case("rms_norm." + name, op, {"x": x, "weight": 1 + 0.3 * random(x.shape[-1])}, {"eps": torch.tensor(eps).double()})


def attention(heads, kv_heads, dim):
    """Causal within each sequence; query head h reads key/value head h // (heads / kv_heads); scale 1/sqrt(dim)."""
    def op(q, k, v):
        parts = []
        for a, b in zip(STARTS, STARTS[1:]):  # each sequence by itself
            q1, k1, v1 = (t[a:b].transpose(0, 1) for t in (q, k, v))
            parts.append(F.scaled_dot_product_attention(q1, k1, v1, is_causal=True, enable_gqa=True).transpose(0, 1))
        return torch.cat(parts)
    inputs = {"q": random(13, heads, dim), "k": random(13, kv_heads, dim), "v": random(13, kv_heads, dim)}
    check_packed(op(**inputs), **inputs)
    case(f"attention.h{heads}kv{kv_heads}", op, inputs, {"starts": torch.tensor(STARTS)})


def capped_attention(name, cap):
    """As transformers' eager attention of Gemma 2: cap * tanh(scores / cap) between the scaling and the mask."""
    def op(q, k, v):
        parts = []
        for a, b in zip(STARTS, STARTS[1:]):
            q1, k1, v1 = (t[a:b].transpose(0, 1) for t in (q, k, v))
            k1, v1 = (t.repeat_interleave(len(q1) // len(k1), 0) for t in (k1, v1))
            scores = cap * torch.tanh(q1 @ k1.transpose(1, 2) / math.sqrt(q.shape[-1]) / cap)
            hidden = torch.ones(b - a, b - a).triu(1).bool()
            parts.append((scores.masked_fill(hidden, -torch.inf).softmax(-1) @ v1).transpose(0, 1))
        return torch.cat(parts)
    inputs = {"q": 2 * random(13, 4, 8), "k": random(13, 2, 8), "v": random(13, 2, 8)}
    case("attention." + name, op, inputs, {"starts": torch.tensor(STARTS), "softcap": torch.tensor(cap).double()})


def linear_head(name, cap):
    """Cross-entropy of each row under a linear head; logits capped as Gemma 2 does, unless cap is 0."""
    labels = torch.tensor([3, 0, 16, 5, 5])
    def op(x, weight):
        logits = x @ weight.T
        return F.cross_entropy(cap * torch.tanh(logits / cap) if cap else logits, labels, reduction="none")
    case("linear_head." + name, op, {"x": random(5, 9), "weight": random(17, 9)}, {"labels": labels, "softcap": torch.tensor(cap).double()})


def check_packed(y, q, k, v):
    """The same by one masked softmax over all tokens."""
    group = q.shape[1] // k.shape[1]
    k, v = (t.repeat_interleave(group, 1) for t in (k, v))
    row = torch.bucketize(torch.arange(len(q)), torch.tensor(STARTS[1:]), right=True)
    seen = (row[:, None] == row[None]) & torch.ones(len(q), len(q)).tril().bool()
    scores = torch.einsum("ihd,jhd->hij", q, k) / math.sqrt(q.shape[-1])
    packed = torch.einsum("hij,jhd->ihd", scores.masked_fill(~seen, -torch.inf).softmax(-1), v)
    assert torch.allclose(packed, y, rtol=0, atol=1e-13)


def cross_entropy(name, logits, labels):
    """Mean over the labelled rows. Rows are aligned already: labels[t] belongs to logits[t], no shift here."""
    logits = exact(logits)
    per_token = F.cross_entropy(logits, labels, ignore_index=-100, reduction="none")
    case("cross_entropy." + name, lambda logits: F.cross_entropy(logits, labels, ignore_index=-100),
         {"logits": logits}, {"labels": labels, "per_token": per_token}, dy=torch.tensor(1.0).double())


def main():
    rotary(10000.0, 8)
    rotary(500000.0, 6)
    rms_norm("plain", random(5, 12), 1e-5)
    rms_norm("tiny", 1e-4 * random(3, 7), 1e-5)     # eps matters here
    rms_norm("huge", 1e15 * random(3, 7), 1e-6)     # squares near the end of float32
    rms_norm("zero_row", torch.cat((torch.zeros(1, 4).double(), random(2, 4))), 1e-6)
    attention(4, 2, 8)
    attention(6, 1, 4)
    attention(3, 3, 5)
    cross_entropy("ignore", random(6, 11), torch.tensor([3, -100, 0, 10, -100, 7]))
    cross_entropy("one_label", random(4, 11), torch.tensor([-100, -100, 5, -100]))
    cross_entropy("extreme", torch.stack((1000 * random(9), -1000 + random(9), torch.full((9,), -1e4).double())),
                  torch.tensor([2, 8, 0]))
    edge = torch.tensor([-1000.0, -80, -20, -1, -1e-3, 0, 1e-3, 1, 20, 80, 1000]).double()
    for name, op in {"logsigmoid": F.logsigmoid, "silu": F.silu, "gelu_erf": F.gelu,
                     "gelu_tanh": lambda x: F.gelu(x, approximate="tanh")}.items():
        case(name, lambda x, op=op: op(x), {"x": torch.cat((edge, random(6)))})
    case("tanh", torch.tanh, {"x": torch.cat((edge, random(6)))})
    capped_attention("capped", 2.0)
    capped_attention("capped_gemma", 50.0)
    linear_head("plain", 0.0)
    linear_head("capped", 3.0)
    linear_head("capped_gemma", 30.0)
    save_tensors(OUT, GOLDEN / "ops.safetensors")
    for name, t in OUT.items():
        print(name, list(t.shape), t.dtype)
        assert t.dtype == torch.int64 or t.isfinite().all(), name


if __name__ == "__main__":
    main()
