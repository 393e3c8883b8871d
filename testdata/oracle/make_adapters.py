"""Writes adapters/: PEFT adapters for the small model folders, one for each feature of LoRA, and what they compute.

    python testdata/oracle/make_adapters.py      (after make_models.py and make_families.py; same bytes on every run)
"""
import copy
import json
import shutil

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from f64_llama import GOLDEN, load, logits, mean_loss, peft_name, save_tensors
from make_models import write_json

IDS = [[1, 17, 90, 3, 44, 61, 96], [1, 50, 12]]
LABELS = [[-100, -100, -100] + IDS[0][3:], [-100] + IDS[1][1:]]
PATTERNS = dict(r=3, lora_alpha=5, target_modules=["q_proj", "v_proj", "down_proj"],
                rank_pattern={"q_proj": 2, r"layers\.[12]\..*v_proj": 1, "model.layers.2.mlp.down_proj": 4},
                alpha_pattern={"model.layers.0.self_attn.q_proj": 7, "mlp.down_proj": 2})

# name: base folder, and what LoraConfig is given
ADAPTERS = {
    "patterns": ("tiny-llama", PATTERNS),
    "patterns-rslora-layers": ("tiny-llama", PATTERNS | dict(use_rslora=True, layers_to_transform=[0, 2], layers_pattern="layers")),
    "regex": ("tiny-llama", dict(r=2, target_modules=r".*\.layers\.[13]\.(self_attn\.(q|o)_proj|mlp\.up_proj)")),
    "all-linear": ("tiny-qwen2", dict(r=1, target_modules="all-linear", exclude_modules=["o_proj", "layers.0.mlp.gate_proj"])),
    "excluded-by-regex": ("tiny-qwen2", dict(r=1, target_modules="all-linear", exclude_modules=r".*\.[01]\.mlp\..*|.*o_proj")),
    "paths-one-layer": ("tiny-llama", dict(r=2, target_modules=["self_attn.q_proj", "model.layers.1.mlp.gate_proj"], layers_to_transform=2)),
    "gaussian": ("tiny-llama", dict(r=2, init_lora_weights="gaussian", target_modules=["up_proj"])),
    "head": ("tiny-llama", dict(r=2, target_modules=["v_proj", "lm_head"])),
    "head-tied": ("tiny-llama-tied", dict(r=1, target_modules=["lm_head"])),
    "dora": ("tiny-llama", dict(r=2, lora_alpha=3, use_dora=True, lora_dropout=0.2, target_modules=["v_proj", "down_proj"])),
    "dora-bias": ("tiny-llama-bias", dict(r=2, use_dora=True, use_rslora=True, bias="lora_only", lora_dropout=0.2, rank_pattern={"v_proj": 1},
                                          target_modules=["q_proj", "v_proj"])),
    "saved": ("tiny-llama", dict(r=1, target_modules=["v_proj"], modules_to_save=["lm_head", "embed_tokens", "norm"])),
    "saved-module": ("tiny-qwen2", dict(r=2, use_dora=True, target_modules="all-linear", exclude_modules=["mlp.gate_proj"],
                                        modules_to_save=["layers.1.self_attn"])),
    "saved-embedding-tied": ("tiny-llama-tied", dict(r=1, target_modules=["q_proj"], modules_to_save=["embed_tokens"])),
    "saved-head-tied": ("tiny-llama-tied", dict(r=1, target_modules=["q_proj"], modules_to_save=["lm_head"])),
    "saved-and-bias": ("tiny-llama-bias", dict(r=2, target_modules=["q_proj", "down_proj"], bias="all", modules_to_save=["o_proj"])),
    "bias-all": ("tiny-qwen2", dict(r=2, target_modules=["q_proj"], bias="all")),
    "bias-lora-only": ("tiny-qwen2", dict(r=2, target_modules=["q_proj", "o_proj"], bias="lora_only")),
    "lora-bias": ("tiny-llama-bias", dict(r=2, target_modules=["q_proj", "up_proj"], lora_bias=True)),
    "dora-transposed": ("tiny-gpt2", dict(r=2, use_dora=True, fan_in_fan_out=True, target_modules=["c_attn", "mlp.c_proj"], modules_to_save=["c_fc"])),
}
WITH_GRADIENTS = ("patterns-rslora-layers", "head", "dora", "dora-bias", "dora-transposed", "saved-embedding-tied", "saved-and-bias", "bias-all", "lora-bias")


class FixedMask(torch.nn.Module):
    """Dropout of probability 0.2 that drops the same inputs every time: those where 7 t + 3 i is a multiple of 5."""

    def forward(self, x):
        t, i = torch.arange(x.shape[-2])[:, None], torch.arange(x.shape[-1])[None, :]
        return x * torch.where((7 * t + 3 * i) % 5 == 0, 0.0, 1.25).to(x.dtype)


def write_adapter(name, base, settings, seed):
    """As peft saves it, with every trained tensor away from where it started."""
    torch.manual_seed(seed)
    model = get_peft_model(load(GOLDEN / base, torch.float32), LoraConfig(task_type="CAUSAL_LM", **settings))
    with torch.no_grad():
        for weight_name, weight in model.named_parameters():
            if weight.requires_grad:
                scale = 0.1 if "lora_" in weight_name else 0.05
                if "magnitude" in weight_name:
                    weight.mul_(1 + 0.2 * torch.randn_like(weight))
                else:
                    weight.add_(scale * torch.randn_like(weight))
    folder = GOLDEN / "adapters" / name
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    (folder / "adapter_model.safetensors").chmod(0o644)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = base  # not the path on this machine
    for key in ("target_modules", "exclude_modules"):  # peft writes sets: their order changes from run to run
        if isinstance(config[key], list):
            config[key] = sorted(config[key])
    write_json(path, config)


def settings_of(name):
    return ADAPTERS[name][1]


def compute(name, base):
    model = PeftModel.from_pretrained(load(GOLDEN / base), GOLDEN / "adapters" / name, is_trainable=True).eval()
    tensors = {f"{name}.logits.{i}": logits(model, ids).detach() for i, ids in enumerate(IDS)}
    rows = list(zip(IDS, LABELS))
    golden = {"base": base, "loss": mean_loss(model, rows).item(), "gradients": name in WITH_GRADIENTS}
    if name in WITH_GRADIENTS:
        trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        gradients = torch.autograd.grad(mean_loss(model, rows), list(trained.values()))
        names = (peft_name(n).replace(".modules_to_save.", ".").replace("lora_magnitude_vector.weight", "lora_magnitude_vector") for n in trained)
        tensors |= {f"{name}.grad.{n.replace('..', '.')}": g for n, g in zip(names, gradients)}
    if settings_of(name).get("lora_dropout"):
        dropping = copy.deepcopy(model).train()
        for module in dropping.modules():
            if hasattr(module, "lora_dropout"):
                module.lora_dropout = torch.nn.ModuleDict({"default": FixedMask()})
        tensors[f"{name}.dropped_logits"] = logits(dropping, IDS[0]).detach()
    return golden, tensors


def main():
    shutil.rmtree(GOLDEN / "adapters", ignore_errors=True)
    golden = {"ids": IDS, "labels": LABELS, "adapters": {}}
    tensors = {}
    for seed, (name, (base, settings)) in enumerate(ADAPTERS.items()):
        write_adapter(name, base, settings, 200 + seed)
        golden["adapters"][name], computed = compute(name, base)
        tensors |= computed
    (GOLDEN / "adapters" / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    save_tensors({n: t.float() for n, t in tensors.items()}, GOLDEN / "adapters" / "golden.safetensors")


if __name__ == "__main__":
    main()
