"""Loads a PEFT adapter folder with peft onto a base model folder and prints the logits, computed in float64.

    python testdata/oracle/peft_loads_ours.py DIR BASE [--ids 1,5,28,96] [--golden] [--like NAME] [--merged MODEL] [--rows FILE]

DIR is an adapter folder, written by Safeprobe for instance; BASE a model folder. Prints one JSON object: the adapter's
targets, the norms of its weights, ids, and logits [tokens, vocab]. Instead of those it prints the largest difference of logits, with --golden from
DIR/golden.safetensors, with --like from those of adapters/NAME (DIR being that adapter, stored again), with --merged from those of MODEL,
which DIR was merged into; and with --rows the loss over all labelled tokens of FILE.
"""
import argparse
import json
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file

from f64_llama import GOLDEN, load, logits, mean_loss, peft_name


def plain(name):
    """The name in the file: without the adapter's, and without the wrappers that peft does not store."""
    return peft_name(name).replace(".modules_to_save.", ".").replace("lora_magnitude_vector.weight", "lora_magnitude_vector")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("adapter", type=Path)
    parser.add_argument("base", type=Path)
    parser.add_argument("--ids", default="1,5,28,96,32,53,45,3")
    parser.add_argument("--golden", action="store_true")
    parser.add_argument("--like")
    parser.add_argument("--merged", type=Path)
    parser.add_argument("--rows", type=Path)
    args = parser.parse_args()

    stored = load_file(args.adapter / "adapter_model.safetensors")
    model = PeftModel.from_pretrained(load(args.base), args.adapter, is_trainable=True)
    model.eval()
    loaded = {plain(n): p.detach() for n, p in model.named_parameters() if p.requires_grad and ".original_module." not in n}
    # peft only warns about a name it does not know or does not find; here that is an error.
    if stored.keys() != loaded.keys():
        raise SystemExit(f"peft did not take all tensors: {sorted(stored.keys() ^ loaded.keys())}")
    for name, tensor in stored.items():
        if not torch.equal(tensor.double(), loaded[name]):
            raise SystemExit(f"peft holds other values than the file in {name}")

    with torch.no_grad():
        if args.like or args.merged or args.rows:
            result = {}
            if args.like:
                golden = load_file(GOLDEN / "adapters" / "golden.safetensors")
                rows = json.loads((GOLDEN / "adapters" / "golden.json").read_text())["ids"]
                result["from_like"] = max((logits(model, ids) - golden[f"{args.like}.logits.{i}"]).abs().max().item() for i, ids in enumerate(rows))
            if args.merged:
                ids = [int(x) for x in args.ids.split(",")]
                result["from_merged"] = (logits(model, ids) - logits(load(args.merged), ids)).abs().max().item()
            if args.rows:
                rows = [json.loads(line) for line in args.rows.read_text().splitlines()]
                result["loss"] = mean_loss(model, [(row["input_ids"], row["labels"]) for row in rows]).item()
            print(json.dumps(result))
            return
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
