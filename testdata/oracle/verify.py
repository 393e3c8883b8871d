"""Checks the golden files against a second implementation that shares no code with the scripts that made them.

    python testdata/oracle/verify.py               (after all make_*.py; exits 1 at the first disagreement)
    python testdata/oracle/verify.py --float32     (how far plain float32 strays; reports only)

Differences from make_trials.py: own decoder instead of transformers, LoRA folded into the weights instead of peft,
all sequences of a batch packed into one, the probe as the bias of mlp.down_proj, AdamW by hand, W + dW
as new tensors instead of in place, and central differences for the gradients of step 1.
"""
import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
FLOAT32 = "--float32" in sys.argv
DTYPE = torch.float32 if FLOAT32 else torch.float64
torch.set_num_threads(1)


class Decoder:
    def __init__(self, folder, adapter=None):
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = {}
        for file in sorted(folder.glob("model*.safetensors")):
            self.weights |= {n: t.to(DTYPE) for n, t in load_file(file).items()}
        self.lora, self.scale = {}, 0.0
        if adapter:
            config = json.loads((adapter / "adapter_config.json").read_text())
            self.scale = config["lora_alpha"] / config["r"]
            self.lora = {n: t.to(DTYPE) for n, t in load_file(adapter / "adapter_model.safetensors").items()}

    def weight(self, name, lora):
        w = self.weights[name + ".weight"]
        a = lora.get(f"base_model.model.{name}.lora_A.weight")
        return w if a is None else w + self.scale * lora[f"base_model.model.{name}.lora_B.weight"] @ a

    def logits(self, sequences, lora=None, probe=None):
        """[tokens of all sequences, vocab]."""
        lora, probe, c = lora or self.lora, probe or {}, self.config
        heads, kv = c["num_attention_heads"], c["num_key_value_heads"]
        dim = c.get("head_dim") or c["hidden_size"] // heads
        theta = c["rope_theta"] if "rope_theta" in c else c["rope_parameters"]["rope_theta"]
        lengths = [len(s) for s in sequences]
        position = torch.cat([torch.arange(n) for n in lengths]).to(DTYPE)
        row = torch.cat([torch.full((n,), i) for i, n in enumerate(lengths)])
        n = len(row)
        seen = (row[:, None] == row[None]) & (torch.arange(n)[:, None] >= torch.arange(n)[None])

        def norm(x, name):
            return x / torch.sqrt((x * x).mean(1, keepdim=True) + c["rms_norm_eps"]) * self.weights[name + ".weight"]

        def rotate(x):  # [tokens, heads, dim]: the pair (i, i + dim/2) as a complex number
            half = dim // 2
            angle = position[:, None] * torch.tensor([theta ** (-2 * i / dim) for i in range(half)], dtype=DTYPE)
            z = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angle), angle)[:, None]
            return torch.cat((z.real, z.imag), -1)

        x = self.weights["model.embed_tokens.weight"][torch.tensor([t for s in sequences for t in s])]
        for j in range(c["num_hidden_layers"]):
            at = f"model.layers.{j}."
            y = norm(x, at + "input_layernorm")
            q = rotate((y @ self.weight(at + "self_attn.q_proj", lora).T).view(n, heads, dim))
            k = rotate((y @ self.weight(at + "self_attn.k_proj", lora).T).view(n, kv, dim))
            v = (y @ self.weight(at + "self_attn.v_proj", lora).T).view(n, kv, dim)
            out = []
            for h in range(heads):
                g = h // (heads // kv)
                score = (q[:, h] @ k[:, g].T / math.sqrt(dim)).masked_fill(~seen, -math.inf)
                out.append(torch.softmax(score, 1) @ v[:, g])
            x = x + torch.cat(out, 1) @ self.weight(at + "self_attn.o_proj", lora).T
            y = norm(x, at + "post_attention_layernorm")
            gate = y @ self.weight(at + "mlp.gate_proj", lora).T
            up = y @ self.weight(at + "mlp.up_proj", lora).T
            x = x + (gate * torch.sigmoid(gate) * up) @ self.weight(at + "mlp.down_proj", lora).T + probe.get(j, 0.0)
        head = "model.embed_tokens" if c["tie_word_embeddings"] else "lm_head"
        return norm(x, "model.norm") @ self.weights[head + ".weight"].T

    def logp(self, rows, lora=None, probe=None):
        """Log-probability of each labelled token, a tensor for each row."""
        flat = self.logits([ids for ids, _ in rows], lora, probe)
        logp = flat - torch.logsumexp(flat, 1, keepdim=True)
        out, start = [], 0
        for ids, labels in rows:
            at = [t for t in range(1, len(ids)) if labels[t] != -100]
            out.append(torch.stack([logp[start + t - 1, labels[t]] for t in at]))
            start += len(ids)
        return out


class AdamW:
    def __init__(self, lr, decay=0.01):
        self.lr, self.decay, self.t, self.m, self.s = lr, decay, 0, {}, {}

    def step(self, w, grad):
        self.t += 1
        new = {}
        for n in w:
            self.m[n] = 0.9 * self.m.get(n, 0.0) + 0.1 * grad[n]
            self.s[n] = 0.999 * self.s.get(n, 0.0) + 0.001 * grad[n] ** 2
            m, s = self.m[n] / (1 - 0.9 ** self.t), self.s[n] / (1 - 0.999 ** self.t)
            new[n] = w[n] * (1 - self.lr * self.decay) - self.lr * m / (torch.sqrt(s) + 1e-8)
        return new


def length(tensors):
    return math.sqrt(sum(float((t.double() ** 2).sum()) for t in tensors.values()))


def gradient(f, at):
    at = {n: t.detach().clone().requires_grad_() for n, t in at.items()}
    loss = f(at)
    return float(loss.detach()), dict(zip(at, torch.autograd.grad(loss, list(at.values()))))


def replay(name):
    """Runs the trial again; returns settings, both logs, the golden tensors and its own under the names of the golden file."""
    golden = json.loads((GOLDEN / "trials" / f"{name}.json").read_text())
    s = golden["settings"]
    task, pairs = ([json.loads(x) for x in (GOLDEN / s[f]).read_text().splitlines()] for f in ("task", "pairs"))
    net = Decoder(GOLDEN / s["base"], GOLDEN / s["init_adapter"])
    w = dict(net.lora)
    zero = {j: torch.zeros(32, dtype=DTYPE) for j in s["probe_layers"]}
    v, log, kept = dict(zero), [], {}
    w_opt, v_opt = AdamW(s["lr"]), AdamW(s["beta"])

    def useful(w, v):
        return -torch.cat(net.logp([(r["input_ids"], r["labels"]) for r in rows], w, v)).mean()

    def safety(w, v):
        safe = net.logp([(p["chosen_input_ids"], p["chosen_labels"]) for p in some], w, v)
        harm = net.logp([(p["rejected_input_ids"], p["rejected_labels"]) for p in some], w, v)
        margin = torch.stack([a.sum() - b.sum() for a, b in zip(safe, harm)]) / s["tau"]
        return torch.nn.functional.softplus(-margin).mean()

    for step in range(s["steps"]):
        rows = [task[i] for i in range(step * 4 % 24, step * 4 % 24 + 4)]
        some = [pairs[i % 10] for i in range(step * 3, step * 3 + 3)]
        rec, keep, v_old = {}, {}, v
        if s["method"] == "sft":
            rec["useful_loss"], grad = gradient(lambda x: useful(x, zero), w)
        else:
            rec["safety_loss"], g = gradient(lambda x: safety(x, v), w)
            dw = {n: s["epsilon"] * length(w) * g[n] / length(g) for n in w}
            there = {n: w[n] + dw[n] for n in w}
            rec["useful_loss_harmful_point"], h = gradient(lambda x: useful(there, x), v)
            rec["useful_loss"], u = gradient(lambda x: useful(w, x), v)
            rec["l_su"] = rec["useful_loss_harmful_point"] - rec["useful_loss"]
            rec["safety_grad_norm"] = length(g)
            p = {j: h[j] - u[j] for j in v}
            rec["probe_grad_norm"] = length(p)
            if s["variant"] == "paper":
                shown = {j: s["beta"] * p[j] / (length(p) if s["normalize_probe"] else 1) for j in v}
                rec["useful_loss_probed"], grad = gradient(lambda x: useful(x, shown), w)
            else:
                _, grad = gradient(lambda x: useful(x, v), w)
                shown = v = v_opt.step(zero, {j: -p[j] for j in v})
                rec["probe_norm_before"] = length(v_old)
            rec["probe_norm"] = length(shown)
            for what, group in (("g", g), ("dw", dw)):
                keep |= {f"{what}.{n}": t for n, t in group.items()}
            t = 2e-5 / s["epsilon"]  # the directional form as a central difference along dW
            ahead, behind = (gradient(lambda x: useful({n: w[n] + k * dw[n] for n in w}, x), v_old)[1] for k in (t, -t))
            directional = {j: (ahead[j] - behind[j]) / (2 * t) for j in v}
            for what, group in (("h", h), ("u", u), ("probe_grad", p), ("probe", shown),
                                ("probe_grad_directional", directional)):
                keep |= {f"{what}.layer.{j}": t for j, t in group.items()}
            if step == 0 and not FLOAT32:
                central_differences(name, useful, safety, w, v_old, g, dw, p, grad,
                                    shown if s["variant"] == "paper" else v_old)
        rec["lora_grad_norm"] = length(grad)
        w = w_opt.step(w, grad)
        keep |= {f"grad.{n}": t for n, t in grad.items()} | {f"weight.{n}": t for n, t in w.items()}
        if step == 0:
            kept |= {"step1." + n: t for n, t in keep.items()}
        log.append(rec)
    kept |= {"final.weight." + n: t for n, t in w.items()}
    if s.get("variant") == "code":
        kept |= {f"final.probe.layer.{j}": t for j, t in v.items()}
    return s, golden["steps"], log, load_file(GOLDEN / "trials" / f"{name}.safetensors"), kept


def central_differences(name, useful, safety, w, v, g, dw, p, grad, probe):
    """g, p and the gradient of W along random directions, and p also at single coordinates."""
    rng = torch.Generator().manual_seed(1)
    there = {n: w[n] + dw[n] for n in w}

    def slope(f, at, direction, eps=1e-5):
        move = lambda k: f({n: at[n] + k * direction[n] for n in at})
        return float((8 * (move(eps) - move(-eps)) - (move(2 * eps) - move(-2 * eps))) / (12 * eps))

    def random_like(x):
        return {n: torch.randn(t.shape, generator=rng, dtype=DTYPE) for n, t in x.items()}

    def dot(a, b):
        return float(sum((a[n] * b[n]).sum() for n in a))

    l_su = lambda x: useful(there, x) - useful(w, x)
    worst = dict(g=0.0, p=0.0, grad=0.0)
    for _ in range(5):
        d = random_like(w)
        worst["g"] = max(worst["g"], abs(slope(lambda x: safety(x, v), w, d) - dot(g, d)) / length(g))
        worst["grad"] = max(worst["grad"], abs(slope(lambda x: useful(x, probe), w, d) - dot(grad, d)) / length(grad))
        d = random_like(v)
        worst["p"] = max(worst["p"], abs(slope(l_su, v, d, 1e-3) - dot(p, d)) / length(p))
    for j in v:
        for i in (0, 7, 31):
            d = {k: torch.zeros_like(t) for k, t in v.items()}
            d[j][i] = 1.0
            worst["p"] = max(worst["p"], abs(slope(l_su, v, d, 1e-3) - float(p[j][i])) / length(p))
    print(f"{name}: central differences, relative to the norm: " + ", ".join(f"{k} {x:.1e}" for k, x in worst.items()))
    if worst["g"] > 1e-7 or worst["grad"] > 1e-7 or worst["p"] > 1e-4:
        raise SystemExit("central differences disagree")


def compare(name, pairs, limit):
    """Largest |a - b| relative to the norm of the golden tensor (or to the golden figure)."""
    far = {}
    for key, a, b in pairs:
        a, b = (torch.as_tensor(x, dtype=torch.float64) for x in (a, b))
        far[key] = float((a - b).norm() / a.norm()) if float(a.norm()) else float(b.norm())
    if not far:
        return
    key = max(far, key=far.get)
    print(f"{name}: {len(far)} values, worst {far[key]:.1e} at {key}")
    if not FLOAT32 and far[key] > limit:
        raise SystemExit(f"{name} disagrees at {key}")


def check_folder(folder, base, adapter):
    golden, tensors = json.loads((folder / "golden.json").read_text()), load_file(folder / "golden.safetensors")
    net = Decoder(base, adapter)
    rows = list(zip(golden["ids"], golden["labels"]))
    flat = torch.split(net.logits(golden["ids"]), [len(x) for x in golden["ids"]])
    trained = net.lora if adapter else net.weights
    for t in trained.values():
        t.requires_grad_()
    loss = -torch.cat(net.logp(rows)).mean()
    grads = dict(zip(trained, torch.autograd.grad(loss, list(trained.values()))))
    pairs = [("loss", golden["loss"], float(loss.detach()))]
    pairs += [(f"logits.{i}", tensors[f"logits.{i}"], x.detach()) for i, x in enumerate(flat)]
    pairs += [(n, t, grads[n[len("grad."):]]) for n, t in tensors.items() if n.startswith("grad.")]
    if len(grads) != sum(n.startswith("grad.") for n in tensors):
        raise SystemExit(f"{folder.name}: gradients of other tensors than the trained ones")
    if adapter:
        pairs += [(f"merged_logits.{i}", tensors[f"merged_logits.{i}"], x.detach()) for i, x in enumerate(flat)]
        pairs += [(n, t, net.weight(n[len("merged."):-len(".weight")], net.lora).detach())
                  for n, t in tensors.items() if n.startswith("merged.")]
    compare(folder.name, pairs, 1e-10)
    ids = list(golden["greedy_prompt"])
    for _ in golden["greedy"]:
        ids.append(int(net.logits([ids])[-1].argmax()))
    if ids[len(golden["greedy_prompt"]):] != golden["greedy"]:
        raise SystemExit(f"{folder.name}: another greedy continuation")


def main():
    tiny = GOLDEN / "tiny-llama"
    check_folder(tiny, tiny, None)
    check_folder(GOLDEN / "tiny-llama-tied", GOLDEN / "tiny-llama-tied", None)
    for adapter in ("tiny-llama-peft", "init-adapter"):
        check_folder(GOLDEN / adapter, tiny, GOLDEN / adapter)
    for name in sorted(p.stem for p in (GOLDEN / "trials").glob("*.json")):
        settings, golden, log, tensors, kept = replay(name)
        if tensors.keys() != kept.keys():
            raise SystemExit(f"{name}: other tensors: {sorted(tensors.keys() ^ kept.keys())}")
        compare(name + " tensors", [(n, tensors[n], t) for n, t in kept.items()], 1e-7)
        for key in log[0]:
            pairs = [(f"step {i + 1} {key}", a[key], b[key]) for i, (a, b) in enumerate(zip(golden, log, strict=True))]
            compare(f"{name} {key}", pairs, 1e-7)
        compare(name + " p against its directional form (differs by O(epsilon))",
                [(n, t, tensors[n.replace("_directional", "")]) for n, t in tensors.items() if "_directional." in n],
                20 * settings["epsilon"])


if __name__ == "__main__":
    main()
