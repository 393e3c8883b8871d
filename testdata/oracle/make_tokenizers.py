"""Writes tokenizers.json: what Python's `tokenizers` makes of 60 strings with four real tokenizers.

    python testdata/oracle/make_tokenizers.py [DATA]      (DATA: the folder of real data, by default ../shared/data)
"""
import hashlib
import json
import sys
from pathlib import Path

import tokenizers

HERE = Path(__file__).resolve()
DATA = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[3] / "shared" / "data"
FILES = {
    "llama2": "tokenizers/llama2/tokenizer.json",
    "smollm2": "tokenizers/smollm2/tokenizer.json",
    "qwen3": "tokenizers/qwen3/tokenizer.json",
    "stories260K": "models/stories260K/tokenizer.json",
}
TEXTS = [
    # plain
    "", "a", "Hello, world!", "The quick brown fox jumps over the lazy dog.",
    "Once upon a time, there was a little girl named Lily.",
    "I'm sure they'll say we've won; DON'T, I'D and it's, y'all're.",
    "Antidisestablishmentarianism and pneumonoultramicroscopicsilicovolcanoconiosis",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "hElLo WoRLD CamelCaseWord snake_case_word kebab-case-word",
    # digits, symbols, code
    "0 12 345 6789 1234567890", "3.14159, -2e-5, 1,000,000.00 and 50%", "2024-11-21T10:44:00Z +1 (555) 010-9999",
    "!!! ??? ... --- *** ### $$$ @@@ ~~~ ``` <<<>>>", "f(x) = {x_1^2 + y[0]}/|z| && !ok || a != b;",
    "def f(a, b=1):\n    if a:\n\t\treturn a+b  # sum\n    return None\n",
    "https://example.org/a/b?c=d&e=%20f#g user@example.com", "{\"key\": [1, 2.5, null, \"a\\nb\"]}",
    # whitespace
    " ", "  ", "   leading", "trailing   ", "a  b   c    d", "\n", "\n\n\n", "a\n\n b\n  c", "\r\n", "line\r\nline\rline",
    "\ttab\t\ttabs", " \n \t \r ", "a\u00a0b\u2003c\u3000d\u2028e\u0085f", "zero\u200bwidth\u200djoin\ufeffbom",
    # scripts
    "Voilà: l'été, où ça? Ça coûte 3 €.", "Straße, ŁÓDŹ, İstanbul, ĳ, ﬁne ﬂow", "Привет, мир! Ёжик съел ещё.",
    "Γειά σου Κόσμε· ἀρχή", "שלום עולם, מה שלומך?", "مرحبا بالعالم، كيف حالك؟ ١٢٣", "नमस्ते दुनिया क्षत्रिय", "สวัสดีชาวโลก",
    "你好，世界！我喜欢学习。", "こんにちは世界、カタカナとひらがな", "안녕하세요 세계", "Հայերեն ქართული አማርኛ ᏣᎳᎩ",
    "𝒜𝓁𝓅𝒽𝒶 𝔹 ① ½ Ⅷ ²³", "mixed 中文 and العربية und Ελληνικά 混合text",
    # composed, decomposed, Hangul letters, stacked marks
    "e\u0301 \u00e9 A\u030a \u00c5 \u212b", "\u1112\u1161\u11ab \ud55c", "Z\u0351\u036b\u0343\u032a\u0303a\u0308\u0323l\u0334go",
    # emoji
    "😀😃 🎉!", "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇫🇷🇯🇵 ❤️ 1️⃣", "text😀text 😀 \u2728",
    # control characters and odd code points
    "\u0000", "a\u0001b\u0007c\u001bd\u007fe", "\ufffd\ufffe \ue000 \U0010fffd", "\U000e0001\u202eabc\u202c",
    # marks of the tokenizers themselves
    "▁▁under▁score ▁ Ġ Ċ <0x0A>", "<s>text</s> <unk> <s> </s>",
    "<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>", "<|endoftext|><|endoftext|> a<|im_end|>b [PAD]",
    "[INST] <<SYS>>\nBe safe.\n<</SYS>>\n\nWhat? [/INST] No. </s><s>[INST] Why? [/INST]",
]


def results(tokenizer, text):
    plain = tokenizer.encode(text, add_special_tokens=False).ids
    special = tokenizer.encode(text, add_special_tokens=True).ids
    return {
        "ids": plain,
        "ids_special": special,
        "decoded": tokenizer.decode(special, skip_special_tokens=True),
        "decoded_special": tokenizer.decode(special, skip_special_tokens=False),
    }


def main():
    assert len(TEXTS) == len(set(TEXTS)) == 60, len(TEXTS)
    loaded, about = {}, {}
    for name, file in FILES.items():
        about[name] = {"file": file, "sha256": hashlib.sha256((DATA / file).read_bytes()).hexdigest()}
        loaded[name] = tokenizers.Tokenizer.from_file(str(DATA / file))
        loaded[name].no_padding()     # smollm2's file asks for padding to 128; transformers, too, resets both on a plain call
        loaded[name].no_truncation()
    cases = [{"text": text} | {name: results(t, text) for name, t in loaded.items()} for text in TEXTS]
    lines = ",\n".join(json.dumps(case) for case in cases)
    head = json.dumps({"tokenizers_version": tokenizers.__version__, "tokenizers": about}, indent=1)
    (HERE.parents[1] / "golden" / "tokenizers.json").write_text(f'{head[:-2]},\n "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
