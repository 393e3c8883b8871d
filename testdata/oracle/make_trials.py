"""Ten steps each of sft, SAP paper variant and SAP code variant on tiny-llama, in float64, without shuffling.

    python testdata/oracle/make_trials.py      (after make_models.py and make_task.py)

Writes trials/NAME.json (settings and a record a step) and trials/NAME.safetensors (tensors of step 1 and the end).
SAP: arXiv 2505.16737. `W` below is the LoRA weights, `V` the probe: one vector [hidden] for each probed layer j,
added to the output of model.layers[j] (j from 0) at every position.
"""
import json

import torch
from peft import PeftModel
from torch.nn.attention import SDPBackend, sdpa_kernel

from f64_llama import GOLDEN, load, mean_loss, peft_name, save_tensors, token_losses

HIDDEN = 32
SETTINGS = dict(base="tiny-llama", init_adapter="init-adapter", task="task.jsonl", pairs="pairs.jsonl", shuffle=False,
                steps=10, batch=4, safety_batch=3, lr=1e-3, betas=[0.9, 0.999], eps=1e-8, weight_decay=0.01,
                schedule="constant", clip=None, lora_r=4, lora_alpha=8, lora_targets=["q_proj", "v_proj"],
                lora_dropout=0.0, probe_layers=[1, 3], beta=0.05, epsilon=2e-2, tau=1.0, max_tokens=None)
TRIALS = {
    "sft": dict(method="sft"),
    "sap-paper": dict(method="sap", variant="paper", normalize_probe=False),
    "sap-code": dict(method="sap", variant="code"),
    "sap-paper-eps2e-5": dict(method="sap", variant="paper", normalize_probe=False, epsilon=2e-5, steps=1),
    "sap-code-eps2e-5": dict(method="sap", variant="code", epsilon=2e-5, steps=1),
    # The option V_safe = beta * p / |p|: a probe large enough to be seen in every loss.
    "sap-paper-radius": dict(method="sap", variant="paper", normalize_probe=True, beta=0.5),
}


def read(name):
    return [json.loads(line) for line in (GOLDEN / name).read_text().splitlines()]


def norm(tensors):
    """L2 norm over all of them, as if flattened into one vector."""
    return torch.sqrt(sum((t * t).sum() for t in tensors.values())).item()


class Trial:
    def __init__(self, settings):
        self.settings = settings
        self.model = PeftModel.from_pretrained(load(GOLDEN / settings["base"]), GOLDEN / settings["init_adapter"],
                                               is_trainable=True)
        self.w = {peft_name(n): p for n, p in self.model.named_parameters() if p.requires_grad}
        self.v = {j: torch.zeros(HIDDEN, dtype=torch.float64, requires_grad=True) for j in settings["probe_layers"]}
        for j, v in self.v.items():
            self.model.base_model.model.model.layers[j].register_forward_hook(lambda layer, args, out, v=v: out + v)
        adamw = dict(betas=settings["betas"], eps=settings["eps"], weight_decay=settings["weight_decay"], foreach=False)
        self.w_optimizer = torch.optim.AdamW(self.w.values(), lr=settings["lr"], **adamw)
        self.v_optimizer = torch.optim.AdamW(self.v.values(), lr=settings["beta"], **adamw)  # code variant only
        self.tensors = {}

    # --- losses and gradients at the W and V now in place

    def useful(self, rows):
        return mean_loss(self.model, [(row["input_ids"], row["labels"]) for row in rows])

    def safety(self, pairs):
        """Definition 3.1: mean of -log sigmoid((log p(y_s|x) - log p(y_h|x)) / tau)."""
        def logp(pair, side):
            return -token_losses(self.model, pair[side + "_input_ids"], pair[side + "_labels"]).sum()
        margins = torch.stack([logp(pair, "chosen") - logp(pair, "rejected") for pair in pairs])
        return -torch.nn.functional.logsigmoid(margins / self.settings["tau"]).mean()

    @staticmethod
    def grad(loss, *groups):
        """Gradients in the order and under the names of each group."""
        flat = iter(torch.autograd.grad(loss, [t for group in groups for t in group.values()]))
        grads = [{name: next(flat) for name in group} for group in groups]
        return grads[0] if len(groups) == 1 else grads

    # --- W and V

    def set_probe(self, values):
        with torch.no_grad():
            for j, v in self.v.items():
                v.copy_(values[j])

    def harmful_direction(self, g):
        """dW = epsilon * |W| * g / |g|."""
        scale = self.settings["epsilon"] * norm(self.w) / norm(g)
        return {name: scale * g[name] for name in self.w}

    def at_harmful_point(self, dw, rows):
        """L_useful(W + dW, V) and its gradient with respect to V; W is put back from a copy."""
        kept = {name: t.detach().clone() for name, t in self.w.items()}
        with torch.no_grad():
            for name, t in self.w.items():
                t.add_(dw[name])
        loss = self.useful(rows)
        h = self.grad(loss, self.v)
        with torch.no_grad():
            for name, t in self.w.items():
                t.copy_(kept[name])
        return loss.item(), h

    def update(self, optimizer, weights, grads):
        for name, t in weights.items():
            t.grad = grads[name].clone()
        optimizer.step()
        optimizer.zero_grad()

    # --- one step of each method; each returns what the log holds

    def sft(self, rows, pairs):
        loss = self.useful(rows)
        grad_w = self.grad(loss, self.w)
        self.keep("grad", grad_w)
        self.update(self.w_optimizer, self.w, grad_w)
        return dict(useful_loss=loss.item(), lora_grad_norm=norm(grad_w))

    def sap_paper(self, rows, pairs):
        zero = {j: torch.zeros_like(v) for j, v in self.v.items()}
        self.set_probe(zero)
        safety_loss = self.safety(pairs)
        g = self.grad(safety_loss, self.w)                                              # 1
        dw = self.harmful_direction(g)
        harmful_loss, h = self.at_harmful_point(dw, rows)                               # 2
        loss = self.useful(rows)
        u = self.grad(loss, self.v)
        p = {j: h[j] - u[j] for j in self.v}
        if self.first:
            self.keep("probe_grad_directional", self.directional(dw, rows))
        scale = self.settings["beta"] / (norm(p) if self.settings["normalize_probe"] else 1.0)
        v_safe = {j: scale * p[j] for j in self.v}                                      # 3
        self.set_probe(v_safe)
        probed_loss = self.useful(rows)
        grad_w = self.grad(probed_loss, self.w)                                         # 4
        self.set_probe(zero)
        self.keep("g", g), self.keep("dw", dw), self.keep("h", h), self.keep("u", u)
        self.keep("probe_grad", p), self.keep("probe", v_safe), self.keep("grad", grad_w)
        self.update(self.w_optimizer, self.w, grad_w)
        return dict(useful_loss=loss.item(), useful_loss_probed=probed_loss.item(),
                    useful_loss_harmful_point=harmful_loss, l_su=harmful_loss - loss.item(),
                    safety_loss=safety_loss.item(), safety_grad_norm=norm(g), probe_grad_norm=norm(p),
                    probe_norm=norm(v_safe), lora_grad_norm=norm(grad_w))

    def sap_code(self, rows, pairs):
        probe_before = norm(self.v)  # the V of the step before, in place for all losses of this one
        safety_loss = self.safety(pairs)
        g = self.grad(safety_loss, self.w)                                              # 1
        dw = self.harmful_direction(g)
        harmful_loss, h = self.at_harmful_point(dw, rows)                               # 2
        loss = self.useful(rows)
        grad_w, u = self.grad(loss, self.w, self.v)                                     # 3
        if self.first:
            self.keep("probe_grad_directional", self.directional(dw, rows))
        self.update(self.w_optimizer, self.w, grad_w)
        v_grad = {j: u[j] - h[j] for j in self.v}                                       # 4
        self.set_probe({j: torch.zeros_like(v) for j, v in self.v.items()})
        self.update(self.v_optimizer, self.v, v_grad)
        self.keep("g", g), self.keep("dw", dw), self.keep("h", h), self.keep("u", u)
        self.keep("probe_grad", {j: h[j] - u[j] for j in self.v}), self.keep("probe", self.v), self.keep("grad", grad_w)
        return dict(useful_loss=loss.item(), useful_loss_harmful_point=harmful_loss, l_su=harmful_loss - loss.item(),
                    safety_loss=safety_loss.item(), safety_grad_norm=norm(g), probe_grad_norm=norm(v_grad),
                    probe_norm_before=probe_before, probe_norm=norm(self.v), lora_grad_norm=norm(grad_w))

    def directional(self, dw, rows):
        """grad_V (grad_W L_useful . dW): the limit of p for a small dW, without a difference of near equals."""
        with sdpa_kernel(SDPBackend.MATH):  # the only attention of torch that can be differentiated twice
            grads = torch.autograd.grad(self.useful(rows), list(self.w.values()), create_graph=True)
            return self.grad(sum((a * dw[n]).sum() for a, n in zip(grads, self.w)), self.v)

    def keep(self, what, tensors):
        """Step 1 only. W-shaped tensors under their PEFT name, probe-shaped ones under their layer."""
        if self.first:
            for name, t in tensors.items():
                key = f"layer.{name}" if isinstance(name, int) else name
                self.tensors[f"step1.{what}.{key}"] = t.detach().clone()

    def run(self, task, pairs):
        s = self.settings
        step_once = self.sft if s["method"] == "sft" else getattr(self, "sap_" + s["variant"])
        log = []
        for step in range(s["steps"]):
            row_at = [(step * s["batch"] + i) % len(task) for i in range(s["batch"])]
            pair_at = [(step * s["safety_batch"] + i) % len(pairs) for i in range(s["safety_batch"])]
            self.first = step == 0
            rows = [task[i] for i in row_at]
            record = step_once(rows, [pairs[i] for i in pair_at])
            self.keep("weight", self.w)  # after the update
            log.append(dict(step=step + 1, epoch=step * s["batch"] // len(task) + 1, rows=row_at,
                            pairs=[] if s["method"] == "sft" else pair_at,
                            labelled_tokens=sum(x != -100 for row in rows for x in row["labels"][1:]),
                            tokens=sum(len(row["input_ids"]) for row in rows), **record))
        self.tensors |= {"final.weight." + n: t.detach().clone() for n, t in self.w.items()}
        if s.get("variant") == "code":
            self.tensors |= {f"final.probe.layer.{j}": v.detach().clone() for j, v in self.v.items()}
        return log


def main():
    out = GOLDEN / "trials"
    out.mkdir(exist_ok=True)
    task, pairs = read(SETTINGS["task"]), read(SETTINGS["pairs"])
    for name, own in TRIALS.items():
        trial = Trial(SETTINGS | own)
        log = trial.run(task, pairs)
        text = json.dumps(dict(settings=trial.settings, steps=log), indent=1)
        (out / f"{name}.json").write_text(text + "\n")
        save_tensors(trial.tensors, out / f"{name}.safetensors")
        print(name, log[0], log[-1], sep="\n  ")


if __name__ == "__main__":
    main()
