"""Loads a merged model folder with transformers and prints how far its logits are from those of base and adapter in peft.

    python testdata/oracle/merged_loads_ours.py MERGED BASE ADAPTER [--ids 1,5,28,96]

MERGED is a folder that `merge` wrote, in one file or several. Prints one JSON object: the folder's types, and the largest difference of
logits [tokens, vocab] when both are computed in float64, where a folder in float32 has but its own rounding.
"""
import argparse
import json
from pathlib import Path

import torch
from peft import PeftModel
from safetensors import safe_open
from transformers import AutoModelForCausalLM

from f64_llama import load, logits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("merged", type=Path)
    parser.add_argument("base", type=Path)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--ids", default="1,5,28,96,32,53,45,3")
    args = parser.parse_args()
    ids = [int(x) for x in args.ids.split(",")]
    types = set()
    for file in sorted(args.merged.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            types |= {tensors.get_slice(name).get_dtype() for name in tensors.keys()}
    # transformers itself, as a user would load it; it warns of weights that are missing or left over, here that is an error.
    _, info = AutoModelForCausalLM.from_pretrained(args.merged, output_loading_info=True)
    if info["missing_keys"] or info["unexpected_keys"] or info["mismatched_keys"]:
        raise SystemExit(f"transformers did not take the folder: {info}")
    with torch.no_grad():
        ours = logits(load(args.merged), ids)
        theirs = logits(PeftModel.from_pretrained(load(args.base), args.adapter), ids)
        bare = logits(load(args.base), ids)
    print(json.dumps({
        "types": sorted(types),
        "largest_difference": (ours - theirs).abs().max().item(),
        "adapter_changes": (theirs - bare).abs().max().item(),
    }))


if __name__ == "__main__":
    main()
