"""Writes the small model folders and adapters: tiny-llama, tiny-llama-tied, tiny-llama-peft, init-adapter.

    python testdata/oracle/make_models.py      (needs requirements.txt; same bytes on every run)
"""
import json
import shutil

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from f64_llama import GOLDEN

SHAPE = dict(vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4,
             num_key_value_heads=2, head_dim=8, max_position_embeddings=256, initializer_range=0.2,
             bos_token_id=1, eos_token_id=2)


def random_llama(seed, **config):
    torch.manual_seed(seed)
    model = LlamaForCausalLM(LlamaConfig(**SHAPE, **config))
    with torch.no_grad():  # norm weights away from 1, so that leaving one out shows
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.copy_(1 + 0.2 * torch.randn_like(weight))
    return model


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def write_adapter(folder, seed):
    """A PEFT folder as peft writes it, with B away from zero (peft starts it at zero)."""
    base = LlamaForCausalLM.from_pretrained(GOLDEN / "tiny-llama")
    torch.manual_seed(seed)
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, lora_dropout=0.0,
                                            target_modules=["q_proj", "v_proj"]))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.copy_(0.1 * torch.randn_like(weight))
    model.save_pretrained(GOLDEN / folder)
    (GOLDEN / folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    path = GOLDEN / folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = "tiny-llama"  # not the path on this machine
    config["target_modules"] = sorted(config["target_modules"])  # peft writes a set: its order changes from run to run
    write_json(path, config)


def main():
    for folder in ("tiny-llama", "tiny-llama-tied", "tiny-llama-peft", "init-adapter"):
        shutil.rmtree(GOLDEN / folder, ignore_errors=True)

    # As transformers 5 writes a config: rope_theta inside rope_parameters.
    random_llama(7, rms_norm_eps=1e-6, tie_word_embeddings=False,
                 rope_parameters={"rope_type": "default", "rope_theta": 10000.0}).save_pretrained(GOLDEN / "tiny-llama")

    # As transformers 4 wrote it: rope_theta and torch_dtype at the top, head_dim left out (hidden / heads).
    tied = GOLDEN / "tiny-llama-tied"
    random_llama(11, rms_norm_eps=1e-5, tie_word_embeddings=True,
                 rope_parameters={"rope_type": "default", "rope_theta": 50000.0}
                 ).to(torch.bfloat16).save_pretrained(tied, max_shard_size="40KB")
    config = json.loads((tied / "config.json").read_text())
    config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.46.0"
    del config["head_dim"]
    write_json(tied / "config.json", config)

    write_adapter("tiny-llama-peft", 13)
    write_adapter("init-adapter", 17)
    for path in GOLDEN.glob("*/*.safetensors"):
        path.chmod(0o644)


if __name__ == "__main__":
    main()
