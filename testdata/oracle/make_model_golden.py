"""Writes golden.json and golden.safetensors beside each model folder's weights.

    python testdata/oracle/make_model_golden.py      (after make_models.py)
"""
import json
import random

import torch
from peft import PeftModel

from f64_llama import GOLDEN, greedy, load, logits, mean_loss, peft_name, save_tensors, token_losses

VERSIONS = {"torch": "2.13.0", "transformers": "5.18.0", "peft": "0.21.0", "dtype": "float64"}


def sequences(seed):
    """Three rows: with a masked prompt; all labelled (labels[0] counts for nothing); with holes and a masked end."""
    rng = random.Random(seed)
    rows = [[1] + [rng.randrange(3, 97) for _ in range(n - 1)] for n in (17, 5, 24)]
    masked = [set(range(6)), set(), {0, 1, 2, 9, 10, 15, 22, 23}]
    return [(ids, [-100 if t in hidden else x for t, x in enumerate(ids)]) for ids, hidden in zip(rows, masked)]


def describe(model, rows):
    """What every golden.json holds."""
    losses = [token_losses(model, ids, labels) for ids, labels in rows]
    continuation, gap = greedy(model, rows[0][0], 20)
    assert 2 not in continuation, "another seed: generation with stop tokens would end early"
    return {
        "versions": VERSIONS,
        "ids": [ids for ids, _ in rows],
        "labels": [labels for _, labels in rows],
        "labelled_tokens": [len(x) for x in losses],
        "loss": torch.cat(losses).mean().item(),
        "loss_per_sequence": [x.mean().item() for x in losses],
        "sum_logp_per_sequence": [-x.sum().item() for x in losses],
        "greedy_prompt": rows[0][0],
        "greedy": continuation,
        "greedy_smallest_gap": gap,
    }


def gradients(model, rows, names):
    """d mean_loss / d weight, [the weight's shape]."""
    weights = dict(model.named_parameters())
    grads = torch.autograd.grad(mean_loss(model, rows), [weights[n] for n in names])
    return {"grad." + peft_name(n): g.contiguous() for n, g in zip(names, grads)}


def add_norms(golden, tensors):
    golden["grad_l2"] = {n[len("grad."):]: g.norm().item() for n, g in tensors.items() if n.startswith("grad.")}


def write(folder, golden, tensors):
    (GOLDEN / folder / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    save_tensors(tensors, GOLDEN / folder / "golden.safetensors")


def model_folder(folder, seed):
    model, rows = load(GOLDEN / folder), sequences(seed)
    golden = describe(model, rows)
    tensors = {f"logits.{i}": logits(model, ids).detach() for i, (ids, _) in enumerate(rows)}
    tensors |= gradients(model, rows, [n for n, _ in model.named_parameters()])
    add_norms(golden, tensors)
    write(folder, golden, tensors)


def adapter_folder(folder, base, seed):
    rows = sequences(seed)
    model = PeftModel.from_pretrained(load(GOLDEN / base), GOLDEN / folder, is_trainable=True)
    golden = describe(model, rows)
    tensors = {f"logits.{i}": logits(model, ids).detach() for i, (ids, _) in enumerate(rows)}
    tensors |= gradients(model, rows, [n for n, p in model.named_parameters() if p.requires_grad])
    add_norms(golden, tensors)
    merged = model.merge_and_unload()
    tensors |= {f"merged_logits.{i}": logits(merged, ids).detach() for i, (ids, _) in enumerate(rows)}
    tensors |= {"merged." + n: p.detach() for n, p in merged.named_parameters() if "q_proj" in n or "v_proj" in n}
    write(folder, golden, tensors)


if __name__ == "__main__":
    model_folder("tiny-llama", 106)
    model_folder("tiny-llama-tied", 102)
    adapter_folder("tiny-llama-peft", "tiny-llama", 106)
    adapter_folder("init-adapter", "tiny-llama", 106)
