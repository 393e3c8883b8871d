"""Writes golden/tokenizers/folders.json: what transformers makes of tokenizer folders whose other files change what tokenizer.json says.

    python testdata/oracle/make_tokenizer_folders.py      (after make_tiny_tokenizers.py)
"""
import copy
import json
import tempfile
from pathlib import Path

import transformers
from transformers import PreTrainedTokenizerFast

OUT = Path(__file__).resolve().parents[1] / "golden" / "tokenizers"
TEXTS = ["<s>the</s> <x>the<y> [Z] .x", "the <x> . x n't 's ' a <y> !", "tool <think> a </think> it's"]
BOS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def token(content, **flags):
    return {"content": content, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": False} | flags


def changed(**flags):
    """Sets flags of the added tokens of tokenizer.json."""
    return {"added_tokens": flags}


# Name, tokenizer, tokenizer_config.json or None, other files, edits of tokenizer.json.
FOLDERS = [
    ("no config", "spm-prepend", None, {}, {}),
    ("plain", "spm-prepend", BOS, {}, {}),
    ("add_bos_token and add_eos_token have no say", "spm-prepend", BOS | {"add_bos_token": False, "add_eos_token": True}, {}, {}),
    ("add_bos_token without a post-processor", "spm-prepend", BOS | {"add_bos_token": True}, {}, {"post_processor": None}),
    ("no added tokens in tokenizer.json", "spm-prepend", BOS, {}, {"added_tokens": []}),
    ("named tokens that are not special", "spm-prepend", BOS, {}, changed(special=False)),
    ("flags of tokenizer.json are kept", "spm-prepend", BOS, {}, changed(special=False, lstrip=True)),
    ("an empty added_tokens_decoder names nothing", "spm-prepend", BOS | {"added_tokens_decoder": {}}, {}, changed(special=False, lstrip=True)),
    ("tokens of added_tokens_decoder", "spm-prepend", BOS | {"added_tokens_decoder": {"@0": token("<x>", special=True), "@1": token("<y>", rstrip=True)}}, {}, {}),
    ("flags of added_tokens_decoder", "spm-prepend", BOS | {"added_tokens_decoder": {"1": token("<s>", special=True, rstrip=True), "0": token("<unk>", lstrip=True)}}, {}, {}),
    ("new named and additional tokens", "spm-prepend", BOS | {"pad_token": "<x>", "additional_special_tokens": ["<y>", "[Z]"]}, {}, {}),
    ("extra tokens", "spm-first", BOS | {"extra_special_tokens": ["[Z]", "<y>"]}, {}, {}),
    ("extra tokens by name", "spm-prepend", BOS | {"boi_token": "<x>", "extra_special_tokens": {"image_token": "<y>"}}, {}, {}),
    ("named and defined, not special", "spm-first", BOS | {"extra_special_tokens": {"a_token": "<y>"}, "added_tokens_decoder": {"@0": token("<y>", rstrip=True)}}, {}, {}),
    ("extra and defined, not special", "spm-first", BOS | {"extra_special_tokens": ["<y>"], "added_tokens_decoder": {"@0": token("<y>", rstrip=True)}}, {}, {}),
    ("tokens as objects", "spm-prepend", {"bos_token": {"__type": "AddedToken"} | token("<s>"), "eos_token": "</s>", "pad_token": {"__type": "AddedToken"} | token("<x>", lstrip=True)}, {}, {}),
    ("special_tokens_map.json", "spm-prepend", {}, {"special_tokens_map.json": {"bos_token": "<s>", "eos_token": token("</s>"), "pad_token": "<x>", "additional_special_tokens": ["<y>"]}}, {}),
    ("special_tokens_map.json comes before the config", "spm-prepend", BOS | {"pad_token": "<y>"}, {"special_tokens_map.json": {"pad_token": "<x>"}}, {}),
    ("but not where added_tokens_decoder stands", "spm-prepend", BOS | {"pad_token": "<y>", "added_tokens_decoder": {}}, {"special_tokens_map.json": {"pad_token": "<x>"}}, {}),
    ("added_tokens.json", "spm-first", BOS | {"pad_token": "<y>"}, {"added_tokens.json": {"<x>": "@0", "<y>": "@1"}}, {}),
    ("a name for a token of the model", "spm-prepend", BOS | {"pad_token": "<0x41>"}, {}, {}),
    ("add_prefix_space has no say", "bytes-gpt2", {"add_prefix_space": True, "eos_token": "<|endoftext|>"}, {}, {}),
    ("clean up after WordPiece", "wordpiece-cased", {"clean_up_tokenization_spaces": True, "unk_token": "[UNK]"}, {}, {}),
    ("clean up after Unigram", "unigram", BOS | {"clean_up_tokenization_spaces": True}, {}, {}),
    ("no clean up after BPE", "spm-first", BOS | {"clean_up_tokenization_spaces": True}, {}, {}),
    ("clean up after BPE by force", "spm-first", BOS | {"clean_up_tokenization_spaces": True, "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output": True}, {}, {}),
]


def numbered(value, first):
    """`@0` and `@1` as the first ids after the vocabulary."""
    if isinstance(value, dict):
        return {(str(first + int(k[1:])) if k.startswith("@") else k): numbered(v, first) for k, v in value.items()}
    return first + int(value[1:]) if isinstance(value, str) and value.startswith("@") else value


def case(name, base, config, files, edits):
    made = json.loads((OUT / base / "tokenizer.json").read_text())
    first = max(max(made["model"]["vocab"].values()) if isinstance(made["model"]["vocab"], dict) else len(made["model"]["vocab"]) - 1,
                max((t["id"] for t in made["added_tokens"]), default=0)) + 1
    config, files = numbered(config, first), numbered(files, first)
    for key, part in edits.items():
        if isinstance(part, dict):
            made[key] = [t | part for t in made[key]]
        else:
            made[key] = part
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokenizer.json").write_text(json.dumps(made))
        for file, content in (files if config is None else files | {"tokenizer_config.json": config}).items():
            (Path(folder) / file).write_text(json.dumps(content))
        t = PreTrainedTokenizerFast.from_pretrained(folder)
    results = []
    for text in TEXTS:
        ids = t.encode(text)
        results.append({"text": text, "plain": t.encode(text, add_special_tokens=False), "ids": ids, "decoded": t.decode(ids, skip_special_tokens=True), "decoded_special": t.decode(ids)})
    special = sorted(i for i, a in t._tokenizer.get_added_tokens_decoder().items() if a.special)
    return {"name": name, "tokenizer": base, "config": config, "files": files, "edits": edits, "named": t.special_tokens_map, "special": special, "texts": results}


def main():
    transformers.logging.set_verbosity_error()
    cases = [case(*copy.deepcopy(folder)) for folder in FOLDERS]
    lines = ",\n".join(" " + json.dumps(one) for one in cases)
    (OUT / "folders.json").write_text(f'{{"transformers_version": "{transformers.__version__}", "folders": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
