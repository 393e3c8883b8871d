"""Writes golden/tokenizers: tiny tokenizers of every kind, and what Python's `tokenizers` makes of 2000 random texts with these and with real ones.

    python testdata/oracle/make_tiny_tokenizers.py [DATA]      (DATA: the folder of real data, by default ../shared/data)

NAME/tokenizer.json are made here on the pieces of random_texts.py. digests.json has, for each tokenizer, two bytes of the SHA-256 of each text's results
(`canonical` below), so that a difference names its text, and the SHA-256 over all of them.
"""
import base64
import collections
import copy
import hashlib
import json
import os
import struct
import sys
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import random_texts
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).resolve()
DATA = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[3] / "shared" / "data"
OUT = HERE.parents[1] / "golden" / "tokenizers"
TEXTS = 2000
REAL = {
    "llama2": "tokenizers/llama2/tokenizer.json",
    "smollm2": "tokenizers/smollm2/tokenizer.json",
    "qwen3": "tokenizers/qwen3/tokenizer.json",
    "stories260K": "models/stories260K/tokenizer.json",
}
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CORPUS = [p for p in random_texts.PIECES if not any(c in p for c in "<>[]")] * 3 + [
    "the quick brown fox jumps over the lazy dog", "Once upon a time there was a little girl named Lily", "she said that they were going to the house",
    "they'll say it's not what we've been doing", "the 12 houses and 345 gardens of the king", "été à la maison où ça va être", "привет мир это дом", "你好世界你好",
] * 4
BYTES = [f"<0x{b:02X}>" for b in range(256)]
LLAMA_DECODER = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])


def charsmap(replacements):
    """A `precompiled_charsmap` of SentencePiece: size, double-array trie (darts-clone) from UTF-8 to offsets, the replacements ended by NUL."""
    texts, keys = b"", {}
    for key, text in sorted(replacements.items(), key=lambda pair: pair[0].encode()):
        keys[key.encode()] = len(texts)
        texts += text.encode() + b"\0"
    units, taken = {0: 0}, {0}

    def place(index, prefix):
        labels = sorted({key[len(prefix)] for key in keys if key.startswith(prefix) and len(key) > len(prefix)})
        slots = labels + ([0] if prefix in keys else [])
        base = next(b for b in range(1, 1 << 20) if not any(b ^ c in taken for c in slots))
        taken.update(base ^ c for c in slots)
        units[index] |= (index ^ base) << 10
        if prefix in keys:
            units[index] |= 1 << 8
            units[base] = keys[prefix] | 1 << 31
        for c in labels:
            units[base ^ c] = c
        for c in labels:
            place(base ^ c, prefix + bytes([c]))

    place(0, b"")
    size = (max(units) // 256 + 1) * 256
    array = b"".join(struct.pack("<I", units.get(i, 1 << 31)) for i in range(size))
    return struct.pack("<I", len(array)) + array + texts


def learnt(marks, merges):
    """Symbols and merges of the corpus' words. The library's own trainers for other than bytes break ties in the order of their hash tables."""
    words = [list(marks + word) for text in CORPUS for word in text.split()]
    symbols, found = sorted({c for word in words for c in word}), []
    for _ in range(merges):
        pairs = collections.Counter(pair for word in words for pair in zip(word, word[1:]))
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        found.append(best)
        for word in words:
            i = 0
            while i + 1 < len(word):
                if (word[i], word[i + 1]) == best:
                    word[i:i + 2] = ["".join(best)]
                i += 1
    return symbols, found


def byte_level(prefix_space, regex, specials, normalizer=None, split=None, model=None):
    t = Tokenizer(model or models.BPE())
    if normalizer:
        t.normalizer = normalizer
    level = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space, use_regex=regex)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(split), "isolated"), level]) if split else level
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=420, special_tokens=specials, initial_alphabet=alphabet, show_progress=False))
    return t


def sentencepiece_bpe():
    """Tokens and merges learnt of words that begin with the mark, as SentencePiece writes them."""
    symbols, merges = learnt("▁", 120)
    tokens = ["<unk>", "<s>", "</s>"] + BYTES + symbols[:: 2] + ["▁"] + [c for pair in merges for c in pair] + ["".join(pair) for pair in merges]
    vocab = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    t = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.add_special_tokens(["<unk>", "<s>", "</s>"])
    return json.loads(t.to_str())


def with_parts(made, **parts):
    changed = copy.deepcopy(made)
    for key, part in parts.items():
        changed[key] = part
    return Tokenizer.from_str(json.dumps(changed))


def template(single, *tokens):
    return processors.TemplateProcessing(single=single, special_tokens=list(tokens))


def tiny():
    """Name -> tokenizer; names say what is particular."""
    made = {}
    made["bytes-gpt2"] = byte_level(False, True, ["<|endoftext|>"])
    made["bytes-gpt2"].add_tokens([AddedToken("tool", single_word=True), AddedToken("<think>"), AddedToken("</think>")])
    made["bytes-prefix-nfkc"] = byte_level(True, True, ["<s>", "</s>"], normalizers.NFKC())
    made["bytes-prefix-nfkc"].add_special_tokens([AddedToken("<mask>", lstrip=True), AddedToken("<pad>", rstrip=True)])
    llama3 = json.loads(byte_level(False, False, [], None, LLAMA3).to_str())
    llama3["model"]["ignore_merges"] = True
    made["bytes-llama3"] = with_parts(llama3)
    made["bytes-llama3"].add_special_tokens(["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>"])
    begin = made["bytes-llama3"].token_to_id("<|begin_of_text|>")
    made["bytes-llama3"].post_processor = processors.Sequence(
        [processors.ByteLevel(trim_offsets=True), template("<|begin_of_text|> $A", ("<|begin_of_text|>", begin))])
    made["bytes-nfc-lower"] = byte_level(False, True, ["<|im_start|>", "<|im_end|>"], normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()]))
    made["bytes-nfc-lower"].add_tokens([AddedToken("tool", normalized=True), AddedToken("HELLO", normalized=False)])

    spm = sentencepiece_bpe()
    begin = json.loads(json.dumps({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}))
    plain = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]}
    strip = copy.deepcopy(plain)
    strip["decoders"].append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    to_mark = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    made["spm-prepend"] = with_parts(spm, normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, to_mark]}, pre_tokenizer=None,
        decoder=strip, post_processor=begin)
    for scheme in ("always", "first", "never"):
        metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": False}
        made[f"spm-{scheme}"] = with_parts(spm, normalizer=None, pre_tokenizer=metaspace, decoder=plain if scheme == "never" else strip, post_processor=begin)
    made["spm-gemma"] = with_parts(spm, normalizer=to_mark, pre_tokenizer={"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        decoder=plain)
    unknown = copy.deepcopy(spm)
    unknown["model"]["byte_fallback"] = False
    always = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    made["spm-unknown"] = with_parts(unknown, pre_tokenizer=always, decoder=always)

    symbols, merges = learnt("▁", 120)
    pieces = [(token, 0.0) for token in ("<unk>", "<s>", "</s>")] + [(c, -9.0 - i / 64) for i, c in enumerate(symbols[::2] + ["▁"])]
    pieces += [("".join(pair), -4.0 - i / 32) for i, pair in enumerate(merges)]
    made["unigram"] = Tokenizer(models.Unigram(list(dict(pieces).items()), 0, False))
    made["unigram"].add_special_tokens(["<unk>", "<s>", "</s>"])
    made["unigram"].normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap({"ﬁ": "fi", "①": "1", "\u3000": " ", "Å": "Å", "e\u0301": "é", "\n": " ", "\t": " ",
        "\u200b": "", "Ⅷ": "VIII", "ſ": "s", "½": "1/2", "ﾊ": "ハ", "Ａ": "A", "\U0001f600": ":D"})), normalizers.Replace(Regex(" {2,}"), " ")])
    made["unigram"].pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    made["unigram"].decoder = decoders.Metaspace(prepend_scheme="always")
    made["unigram"].post_processor = template("$A </s>", ("</s>", 2))
    fallback = json.loads(made["unigram"].to_str())
    fallback["model"]["vocab"] += [[b, -12.5 - i / 1000] for i, b in enumerate(BYTES)]
    fallback["model"]["byte_fallback"] = True
    made["unigram-bytes"] = with_parts(fallback, normalizer=None, decoder={"type": "Sequence", "decoders": [{"type": "ByteFallback"}, always]})

    symbols, merges = learnt("", 150)
    controls = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = controls + symbols + ["##" + c for c in symbols] + [mark + "".join(pair) for pair in merges for mark in ("", "##")]
    vocab = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    made["wordpiece"] = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=40))
    made["wordpiece"].add_special_tokens(controls)
    made["wordpiece"].normalizer = normalizers.BertNormalizer()
    made["wordpiece"].pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made["wordpiece"].decoder = decoders.WordPiece(cleanup=True)
    made["wordpiece"].post_processor = template("[CLS] $A [SEP]", ("[CLS]", 2), ("[SEP]", 3))
    cased = json.loads(made["wordpiece"].to_str())
    made["wordpiece-cased"] = with_parts(cased, normalizer={"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]},
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": False})

    words = sorted({word.lower() for text in CORPUS for word in text.split()})
    made["words"] = Tokenizer(models.WordLevel({word: i for i, word in enumerate(["<unk>", "<s>"] + words)}, unk_token="<unk>"))
    made["words"].add_special_tokens(["<unk>", "<s>"])
    made["words"].normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()])
    made["words"].pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)])
    return made


def canonical(tokenizer, text):
    plain = tokenizer.encode(text, add_special_tokens=False).ids
    special = tokenizer.encode(text, add_special_tokens=True).ids
    parts = [",".join(map(str, plain)), ",".join(map(str, special)), tokenizer.decode(special, skip_special_tokens=True), tokenizer.decode(special, skip_special_tokens=False)]
    return "\n".join(parts).encode()


def digests(tokenizer, texts):
    tokenizer.no_padding()
    tokenizer.no_truncation()
    each = [hashlib.sha256(canonical(tokenizer, text)).digest() for text in texts]
    return {"all": hashlib.sha256(b"".join(each)).hexdigest(), "each": base64.b64encode(b"".join(d[:2] for d in each)).decode()}


def main():
    texts = [random_texts.text(i) for i in range(TEXTS)]
    found = {}
    for name, tokenizer in tiny().items():
        (OUT / name).mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(OUT / name / "tokenizer.json"), pretty=False)
        found[name] = {"golden": f"tokenizers/{name}"} | digests(Tokenizer.from_file(str(OUT / name / "tokenizer.json")), texts)
    for name, file in REAL.items():
        found[name] = {"shared": str(Path(file).parent), "sha256": hashlib.sha256((DATA / file).read_bytes()).hexdigest()} | digests(Tokenizer.from_file(str(DATA / file)), texts)
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(one)}" for name, one in found.items())
    pieces = json.dumps({"blocks": random_texts.BLOCKS, "pieces": random_texts.PIECES})
    (OUT / "digests.json").write_text(f'{{"tokenizers_version": "{tokenizers.__version__}", "texts": {TEXTS},\n"random_texts": {pieces},\n"tokenizers": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
