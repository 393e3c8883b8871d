"""Loads a PEFT adapter folder with peft onto a base model folder and prints the logits, computed in float64.

    python testdata/oracle/peft_loads_ours.py DIR BASE [--ids 1,5,28,96] [--golden]

DIR is an adapter folder, written by Safeprobe for instance; BASE a model folder. Prints one JSON object: the adapter's
targets, the norms of its weights, ids, and logits [tokens, vocab]. With --golden it prints instead the largest difference from DIR/golden.safetensors.
"""
import argparse
import json
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file

from f64_llama import load, logits, peft_name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("adapter", type=Path)
    parser.add_argument("base", type=Path)
    parser.add_argument("--ids", default="1,5,28,96,32,53,45,3")
    parser.add_argument("--golden", action="store_true")
    args = parser.parse_args()

    stored = load_file(args.adapter / "adapter_model.safetensors")
    model = PeftModel.from_pretrained(load(args.base), args.adapter, is_trainable=True)
    loaded = {peft_name(n): p.detach() for n, p in model.named_parameters() if p.requires_grad}
    # peft only warns about a name it does not know or does not find; here that is an error.
    if stored.keys() != loaded.keys():
        raise SystemExit(f"peft did not take all tensors: {sorted(stored.keys() ^ loaded.keys())}")
    for name, tensor in stored.items():
        if not torch.equal(tensor.double(), loaded[name]):
            raise SystemExit(f"peft holds other values than the file in {name}")

    with torch.no_grad():
        if args.golden:
            golden = load_file(args.adapter / "golden.safetensors")
            rows = json.loads((args.adapter / "golden.json").read_text())["ids"]
            worst = max((logits(model, ids) - golden[f"logits.{i}"]).abs().max().item() for i, ids in enumerate(rows))
            print(json.dumps({"largest_difference": worst}))
            return
        ids = [int(x) for x in args.ids.split(",")]
        print(json.dumps({
            "targets": sorted(model.peft_config["default"].target_modules),
            "weight_l2": {n: t.norm().item() for n, t in loaded.items()},
            "ids": ids,
            "logits": logits(model, ids).tolist(),
        }))


if __name__ == "__main__":
    main()
