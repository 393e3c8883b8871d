"""Writes PyTorch's own causal attention as a TorchScript module, for the benchmarks of kernels, since DJL has no call for it.

    python testdata/oracle/make_attention.py engine/bench/src/main/resources/io/safeprobe/engine/bench/attention.pt

Queries, keys and values are [sequences * heads, tokens, size]; the fused kernel takes four dimensions.
"""
import io
import sys
import zipfile

import torch


class Attention(torch.nn.Module):
    def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.scaled_dot_product_attention(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), is_causal=True).squeeze(0)


saved = io.BytesIO()
torch.jit.save(torch.jit.script(Attention()), saved)
with zipfile.ZipFile(saved) as whole, zipfile.ZipFile(sys.argv[1], "w") as kept:
    for entry in whole.infolist():
        if not entry.filename.endswith(".debug_pkl"):  # it names the folder this ran in
            kept.writestr(zipfile.ZipInfo(entry.filename), whole.read(entry))
