"""Writes generation.json: what transformers keeps of a row of logits, what it generates, and how likely it finds it.

    python testdata/oracle/make_generation.py      (after make_models.py and make_families.py; same bytes on every run)
"""
import json
import random

import torch
from transformers import GenerationConfig

from f64_llama import GOLDEN, load

VOCABULARY = 48
END = [2, 3]

# Each is obeyed from the first token on, in greedy decoding, on a folder of its own prompt.
GENERATED = [
    ("tiny-llama", {"max_new_tokens": 24}),
    ("tiny-llama", {"max_new_tokens": 24, "repetition_penalty": 1.3}),
    ("tiny-llama", {"max_new_tokens": 24, "repetition_penalty": 0.8}),
    ("tiny-llama", {"max_length": 30, "no_repeat_ngram_size": 1}),
    ("tiny-llama-tied", {"max_length": 36, "no_repeat_ngram_size": 2}),
    ("tiny-qwen2-window", {"max_new_tokens": 24, "no_repeat_ngram_size": 3, "repetition_penalty": 1.1}),
    ("tiny-mistral-window", {"max_new_tokens": 24, "temperature": 0.6, "top_p": 0.9, "top_k": 3, "min_p": 0.2}),
    ("tiny-qwen3", {"max_new_tokens": 20, "max_length": 20, "do_sample": False, "num_beams": 1, "typical_p": 1.0, "early_stopping": False}),
    ("tiny-smollm3", {"max_new_tokens": 16, "suppress_tokens": "best", "begin_suppress_tokens": [5, 6, 7]}),
    ("tiny-olmo2", {"max_new_tokens": 16, "begin_suppress_tokens": "best"}),
    ("tiny-qwen2", {"max_new_tokens": 16, "bad_words_ids": "pairs"}),
    ("tiny-llama", {"max_new_tokens": 24, "eos_token_id": "fifth"}),
    ("tiny-llama", {"max_new_tokens": 24, "eos_token_id": "fifth", "min_new_tokens": 12}),
    ("tiny-llama", {"max_new_tokens": 24, "eos_token_id": "fifth", "min_length": 25}),
    ("tiny-llama", {"max_new_tokens": 24, "eos_token_id": "fifth", "min_new_tokens": 3, "min_length": 25}),
    ("tiny-llama", {"max_new_tokens": 24, "eos_token_id": "fifth", "bad_words_ids": "fifth"}),
]

# Of every folder, the log-probabilities of its greedy continuation and of its third row of ids.
FOLDERS = ["tiny-llama", "tiny-llama-tied", "tiny-llama-bias", "rope-linear", "rope-yarn", "rope-llama3", "tiny-mistral", "tiny-mistral-window",
           "tiny-qwen2", "tiny-qwen2-window", "tiny-qwen3", "tiny-olmo2", "tiny-smollm3"]


def log_probabilities(model, ids, start):
    """Of each token of one sequence from start on, given all before it."""
    with torch.no_grad():
        rows = torch.log_softmax(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0], dim=-1)
    return [rows[t - 1, ids[t]].item() for t in range(start, len(ids))]


def generate(model, prompt, config):
    """New ids, with the end token; refuses a step that rounding could decide."""
    out = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), generation_config=config,
                         return_dict_in_generate=True, output_scores=True, output_logits=True)
    for scores in out.scores:
        best, second = scores[0].topk(2).values.tolist()
        assert best - second > 1e-4, "another case: rounding could decide a token"
    new = out.sequences[0, len(prompt):].tolist()
    ours = log_probabilities(model, prompt + new, len(prompt))
    theirs = model.compute_transition_scores(out.sequences, out.logits, normalize_logits=True)[0].tolist()
    assert max(abs(a - b) for a, b in zip(ours, theirs)) < 1e-5  # logits of generate are float32
    return new, ours


def generated(folder, settings):
    model = load(GOLDEN / folder)
    golden = json.loads((GOLDEN / folder / "golden.json").read_text())
    prompt, greedy = golden["greedy_prompt"], golden["greedy"]
    words = {"best": [greedy[0]], "fifth": greedy[4], "pairs": [greedy[2:4], greedy[5:7], [greedy[8]], [2]]}
    settings = {key: words.get(value, value) if isinstance(value, str) else value for key, value in settings.items()}
    if "bad_words_ids" in settings and not isinstance(settings["bad_words_ids"], list):
        settings["bad_words_ids"] = [[settings["bad_words_ids"]]]  # an end token by itself is not forbidden
    settings.setdefault("eos_token_id", 2)
    new, logp = generate(model, prompt, GenerationConfig(**settings, pad_token_id=0))
    return {"folder": folder, "generation_config": settings, "prompt": prompt, "ids": new, "logprobs": logp}


def measured(folder):
    model = load(GOLDEN / folder)
    golden = json.loads((GOLDEN / folder / "golden.json").read_text())
    greedy = golden["greedy_prompt"] + golden["greedy"]
    row = golden["ids"][2]
    start = len(golden["greedy_prompt"])
    return {"folder": folder, "greedy": log_probabilities(model, greedy, start), "row": row, "from": 4, "response": log_probabilities(model, row, 4)}


def draw_settings(rng, number):
    """Every third greedy; ties among the logits only where no nucleus has to choose between them."""
    settings = {}
    if rng.random() < 0.4:
        settings["repetition_penalty"] = rng.choice([0.7, 1.05, 1.3, 2.0])
    if rng.random() < 0.3:
        settings["no_repeat_ngram_size"] = rng.randint(1, 3)
    if rng.random() < 0.3:
        settings["bad_words_ids"] = [[rng.randrange(VOCABULARY) for _ in range(rng.randint(1, 2))] for _ in range(3)] + [[2]]
    if rng.random() < 0.3:
        settings["min_length"] = rng.randint(1, 14)
    if rng.random() < 0.3:
        settings["min_new_tokens"] = rng.randint(1, 6)
    if rng.random() < 0.3:
        settings["suppress_tokens"] = rng.sample(range(VOCABULARY), 5)
    if rng.random() < 0.3:
        settings["begin_suppress_tokens"] = rng.sample(range(VOCABULARY), 5)
    if number % 3:
        settings["do_sample"] = True
        settings["top_k"] = rng.choice([0, 0, 1, 3, 10, 50, 400])
        if rng.random() < 0.7:
            settings["temperature"] = rng.choice([0.2, 0.6, 1.0, 1.7, 5.0])
        if rng.random() < 0.5:
            settings["top_p"] = rng.choice([0.0, 0.3, 0.9, 0.95, 1.0])
        if rng.random() < 0.5:
            settings["min_p"] = rng.choice([0.0, 0.05, 0.3, 1.0])
    return settings


def kept(model, rng, number):
    """What is left of a row of logits when all of transformers' processors have seen it, in transformers' order."""
    settings = draw_settings(rng, number)
    step = 0.25 if "top_p" not in settings and number % 2 else 0.001
    logits = [round(round(rng.gauss(0, 3) / step) * step, 3) for _ in range(VOCABULARY)]
    length, prompt = rng.randint(2, 12), rng.randint(1, 12)
    ids = [rng.randrange(VOCABULARY) for _ in range(length)]
    ids += ids[:2]  # so that there are n-grams to repeat
    prompt = min(prompt, len(ids))
    config = GenerationConfig(**settings, eos_token_id=END, pad_token_id=0)
    for key, value in GenerationConfig._get_default_generation_params().items():
        if getattr(config, key) is None:
            setattr(config, key, value)
    config._eos_token_tensor = torch.tensor(END)
    if config.min_new_tokens is not None:  # as generate() does before it makes the processors
        config.min_length = config.min_new_tokens + prompt
    processors = model._get_logits_processor(config, input_ids_seq_length=prompt)
    row = torch.tensor([logits], dtype=torch.float32).double()
    scores = processors(torch.tensor([ids]), row)[0]
    left = [i for i in range(VOCABULARY) if scores[i] > -float("inf")]
    probabilities = torch.softmax(scores, dim=-1)
    return {"generation_config": settings, "logits": logits, "ids": ids, "prompt": prompt, "kept": left,
            "probabilities": [float("%.9g" % probabilities[i].item()) for i in left]}


if __name__ == "__main__":
    source = random.Random(11)
    tiny = load(GOLDEN / "tiny-llama")
    everything = {
        "end": END,
        "kept": [kept(tiny, source, number) for number in range(120)],
        "generated": [generated(*case) for case in GENERATED],
        "measured": [measured(folder) for folder in FOLDERS],
    }
    lines = [json.dumps(key) + ": " + (json.dumps(value) if key == "end" else "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]")
             for key, value in everything.items()]
    (GOLDEN / "generation.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
