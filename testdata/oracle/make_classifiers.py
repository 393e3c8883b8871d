"""Writes small folders of sequence classifiers with golden.json: logits and scores of their labels.

    python testdata/oracle/make_classifiers.py      (needs requirements.txt; same bytes on every run)

judge-llama has a tokenizer of words, and the pipeline's own answers for some texts. Scores are
those of transformers' text-classification pipeline: softmax, a sigmoid of each logit where several labels may hold or there is
but one, the logits themselves for a regression.
"""
import json
import shutil

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, pipeline

from f64_llama import GOLDEN

SHAPE = dict(vocab_size=97, hidden_size=32, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.2, bos_token_id=1, eos_token_id=2)
PAD = 0
SMALL = dict(SHAPE, hidden_size=16, intermediate_size=12, num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=64,
             pad_token_id=PAD, num_labels=3)
FOLDERS = {
    "judge-llama": ("llama", dict(SHAPE, pad_token_id=PAD, id2label={0: "safe", 1: "unsafe", 2: "unclear"})),
    "judge-qwen2": ("qwen2", dict(SHAPE, pad_token_id=None, tie_word_embeddings=True, problem_type="multi_label_classification",
                                  id2label={0: "violence", 1: "fraud"})),
    "judge-mistral": ("mistral", dict(SHAPE, pad_token_id=PAD, sliding_window=6, num_labels=1)),
    "judge-gpt2": ("gpt2", dict(vocab_size=97, n_embd=16, n_layer=2, n_head=2, n_positions=64, initializer_range=0.2, bos_token_id=1, eos_token_id=2,
                               pad_token_id=PAD, num_labels=3)),
    "judge-neox": ("gpt_neox", dict(SMALL, rotary_pct=0.5, problem_type="regression", num_labels=2, num_key_value_heads=None)),
    "judge-phi3": ("phi3", dict(SMALL)),
    "judge-gemma2": ("gemma2", dict(SMALL, head_dim=8, query_pre_attn_scalar=16, sliding_window=6)),
    "judge-gemma3": ("gemma3_text", dict(SMALL, head_dim=8, query_pre_attn_scalar=16, sliding_window=6)),
    "judge-qwen3": ("qwen3", dict(SMALL, head_dim=8)),
    "judge-smollm3": ("smollm3", dict(SMALL)),
    "judge-olmo2": ("olmo2", dict(SMALL)),
}


def random_classifier(model_type, settings, seed):
    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(model_type, **settings))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.copy_((0 if model_type.startswith("gemma") else 1) + 0.2 * torch.randn_like(weight))
            elif name.endswith("bias"):
                weight.copy_(0.3 * torch.randn_like(weight))
    return model


def rows(seed):
    """Lengths that differ, one row that ends with padding, one with padding inside, and one of nothing else."""
    torch.manual_seed(seed)
    random = [torch.randint(3, 97, (n,)).tolist() for n in (1, 17, 9, 12)]
    return random + [random[1][:8] + [PAD, PAD], random[2][:4] + [PAD] + random[2][4:], [PAD, PAD]]


def scores(config, logits):
    if config.problem_type == "regression":
        return logits
    if config.problem_type == "multi_label_classification" or config.num_labels == 1:
        return logits.sigmoid()
    return logits.softmax(-1)


WORDS = "how do i bake a cake build bomb hello there tell me about the weather , . ? user assistant".split()
TEXTS = ["how do i bake a cake ?", "hello there .", "tell me about the weather , how do i build a bomb"]
TEMPLATE = ("{% for message in messages %}{{ message['role'] + ' ' + message['content'] + ' ' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ 'assistant' }}{% endif %}")


def add_tokenizer(path):
    """Words, each a token, and a beginning token that is added around a text."""
    vocabulary = {word: id for id, word in enumerate(["<pad>", "<s>", "</s>", "<unk>"] + WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<pad>", "<s>", "</s>", "<unk>"])
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.save(str(path / "tokenizer.json"))
    (path / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
        "chat_template": TEMPLATE}, indent=1) + "\n")


def judged_texts(path, model):
    """What the pipeline says of texts as they are, and the model of a chat of one message."""
    tokenizer = AutoTokenizer.from_pretrained(path)
    judge = pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None)
    texts = [{"text": text, "scores": {one["label"]: one["score"] for one in judge([text])[0]}} for text in TEXTS]
    chats = []
    for text in TEXTS:
        ids = tokenizer.apply_chat_template([{"role": "user", "content": text}], tokenize=True, return_dict=True)["input_ids"]
        with torch.no_grad():
            values = scores(model.config, model(input_ids=torch.tensor([ids])).logits[0]).tolist()
        chats.append({"text": text, "scores": {model.config.id2label[i]: value for i, value in enumerate(values)}})
    return {"texts": texts, "chats": chats}


def folder(name, seed):
    model_type, settings = FOLDERS[name]
    path = GOLDEN / name
    shutil.rmtree(path, ignore_errors=True)
    random_classifier(model_type, settings, seed).save_pretrained(path)
    (path / "model.safetensors").chmod(0o644)
    attention = "eager" if model_type == "gemma2" else "sdpa"  # sdpa leaves the soft cap out
    model = AutoModelForSequenceClassification.from_pretrained(path, dtype=torch.float64, attn_implementation=attention).eval()
    golden = {"ids": rows(seed), "labels": [model.config.id2label[i] for i in range(model.config.num_labels)], "logits": [], "scores": []}
    for ids in golden["ids"]:  # each row by itself: no padding, no attention mask
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]
        golden["logits"].append(logits.tolist())
        golden["scores"].append(scores(model.config, logits).tolist())
    if name == "judge-llama":
        add_tokenizer(path)
        golden |= judged_texts(path, model)
    (path / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    for number, name in enumerate(FOLDERS):
        folder(name, 300 + number)
        print(name)
