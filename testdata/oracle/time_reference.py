"""Seconds a step of the reference: transformers and PEFT, float32, with rows padded as the authors of SAP pad them.

    python testdata/oracle/time_reference.py MODEL TASK SAFETY [--threads 2] [--steps 5] [--padding max|longest] [--decode]

MODEL is a Llama folder (`bin/sap -c "bench new 24m DIR --tokenizer DIR"` writes one with random weights), TASK rows with instruction, input and
output (alpaca), SAFETY dialogue pairs (hh-rlhf). Batch 10 of at most 128 tokens, 8 pairs of at most 256, LoRA r 8 on
q_proj and v_proj, AdamW, probes on the output of layers a third and two thirds up. Prints one JSON object: the median of each kind of step, peak memory in bytes.
"""
import argparse
import gzip
import json
import resource
import statistics
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer


def encode(tokenizer, prompt, response, limit):
    """Ids and labels of one row; the response and its end are labelled."""
    head = tokenizer(prompt).input_ids
    tail = tokenizer(response, add_special_tokens=False).input_ids + [tokenizer.eos_token_id]
    ids = (head + tail)[:limit]
    return ids, ([-100] * len(head) + tail)[:limit]


def batch(rows, width):
    """Right-padded tensors: ids, attention mask, labels."""
    width = width or max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in rows])
    mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in rows])
    labels = torch.tensor([labels + [-100] * (width - len(labels)) for _, labels in rows])
    return ids, mask, labels


def log_probability(model, rows):
    """Summed log-probability of each response, [rows]."""
    ids, mask, labels = rows
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
    labels = labels[:, 1:]
    each = logits.log_softmax(-1).gather(2, labels.clamp(min=0)[..., None])[..., 0]
    return (each * (labels >= 0)).sum(1)


class Reference:
    def __init__(self, args):
        model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
        self.model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
        layers = self.model.base_model.model.model.layers
        self.probes = [torch.zeros(model.config.hidden_size, requires_grad=True) for _ in range(2)]
        for number, probe in zip((len(layers) // 3, 2 * len(layers) // 3), self.probes):
            layers[number].register_forward_hook(lambda layer, inputs, output, probe=probe: output + probe)
        self.weights = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.weights, lr=1e-4)
        self.probe_optimizer = torch.optim.AdamW(self.probes, lr=0.05)

    def useful(self, rows):
        ids, mask, labels = rows
        return self.model(input_ids=ids, attention_mask=mask, labels=labels).loss

    def update(self, rows):
        for weight in self.weights:
            weight.grad = None
        self.useful(rows).backward(inputs=self.weights)
        self.optimizer.step()

    def sft(self, rows, chosen, rejected):
        self.update(rows)

    def perturbed(self, rows, chosen, rejected):
        """Gradient of the useful loss to the probe at W + dW; W is put back."""
        loss = -torch.nn.functional.logsigmoid(log_probability(self.model, chosen) - log_probability(self.model, rejected)).mean()
        gradient = torch.autograd.grad(loss, self.weights)
        length = torch.sqrt(sum((g * g).sum() for g in gradient))
        size = torch.sqrt(sum((w.detach() * w.detach()).sum() for w in self.weights))
        with torch.no_grad():
            before = [w.clone() for w in self.weights]
            for w, g in zip(self.weights, gradient):
                w += 2e-5 * size / (length + 1e-12) * g
        harmful = torch.autograd.grad(self.useful(rows), self.probes)
        with torch.no_grad():
            for w, b in zip(self.weights, before):
                w.copy_(b)
        return harmful

    def paper(self, rows, chosen, rejected):
        with torch.no_grad():
            for probe in self.probes:
                probe.zero_()
        harmful = self.perturbed(rows, chosen, rejected)
        useful = torch.autograd.grad(self.useful(rows), self.probes)
        with torch.no_grad():
            for probe, h, u in zip(self.probes, harmful, useful):
                probe.copy_(0.05 * (h - u))
        self.update(rows)

    def code(self, rows, chosen, rejected):
        harmful = self.perturbed(rows, chosen, rejected)
        for weight in self.weights + self.probes:
            weight.grad = None
        self.useful(rows).backward(inputs=self.weights + self.probes)
        self.optimizer.step()
        with torch.no_grad():
            for probe, h in zip(self.probes, harmful):
                probe.grad -= h
                probe.zero_()
        self.probe_optimizer.step()


def decode_rate(model, ids, tokens=128):
    """Greedy tokens a second with the KV cache of transformers."""
    start = time.perf_counter()
    out = model.generate(input_ids=ids, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0)
    return (out.shape[1] - ids.shape[1]) / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    for name in ("model", "task", "safety"):
        parser.add_argument(name)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--padding", choices=("max", "longest"), default="max")
    parser.add_argument("--methods", default="sft,paper,code")
    parser.add_argument("--decode", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    with open(args.task) as file:
        rows = [encode(tokenizer, row["instruction"] + "\n" + row["input"], row["output"], 128) for row in json.load(file)[:100]]
    with gzip.open(args.safety, "rt") as file:
        pairs = [json.loads(line) for _, line in zip(range(100), file)]
    chosen, rejected = ([encode(tokenizer, *pair[side].rsplit("\n\nAssistant:", 1), 256) for pair in pairs] for side in ("chosen", "rejected"))
    reference = Reference(args)
    widths = (128, 256) if args.padding == "max" else (None, None)
    figures = {"threads": args.threads, "padding": args.padding, "torch": torch.__version__}
    for method in args.methods.split(","):
        seconds = []
        for step in range(args.steps + 1):
            take = lambda all_rows, size, width: batch([all_rows[(step * size + i) % len(all_rows)] for i in range(size)], width)
            data = take(rows, 10, widths[0]), take(chosen, 8, widths[1]), take(rejected, 8, widths[1])
            start = time.perf_counter()
            getattr(reference, method)(*data)
            seconds.append(time.perf_counter() - start)
        figures[method] = {"seconds_per_step": statistics.median(seconds[1:]), "all": [round(s, 4) for s in seconds[1:]]}
    if args.decode:
        figures["decode_tokens_per_second"] = decode_rate(reference.model, batch(rows[:1], None)[0][:, :16])
    figures["peak_resident_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
