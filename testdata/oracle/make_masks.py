"""Writes golden/tokenizers/masks.json: ids and assistant masks that transformers gives for templates with `{% generation %}`.

    python testdata/oracle/make_masks.py      (after make_tiny_tokenizers.py)
"""
import json
import tempfile
from pathlib import Path

import transformers
from transformers import PreTrainedTokenizerFast

OUT = Path(__file__).resolve().parents[1] / "golden" / "tokenizers"
HEAD = "{% for m in messages %}"
TAIL = "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
USER = "{% if m.role != 'assistant' %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% else %}"

# Name -> what an assistant's turn writes.
TEMPLATES = {
    "response and end token": "<|im_start|>assistant\n{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}{{ '\n' }}",
    "and the line break": "<|im_start|>assistant\n{% generation %}{{ m.content }}<|im_end|>{{ '\n' }}{% endgeneration %}",
    "response without end token": "<|im_start|>assistant\n{% generation %}{{ m.content }}{% endgeneration %}<|im_end|>{{ '\n' }}",
    "the whole turn": "{% generation %}<|im_start|>assistant\n{{ m.content }}<|im_end|>{{ '\n' }}{% endgeneration %}",
    "thought is not learnt": "<|im_start|>assistant\n<think></think>\n{% generation %}{{ m.content | trim }}<|im_end|>{% endgeneration %}{{ '\n' }}",
    "thought is learnt": "<|im_start|>assistant\n{% generation %}<think></think>\n{{ m.content | trim }}<|im_end|>{% endgeneration %}{{ '\n' }}",
}
# One whose prompt opens a thought, which no past turn shows: only its generation block tells where the response begins.
THINKING = HEAD + USER + TEMPLATES["response and end token"] + "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
PROMPTS = [
    [("user", "Hi there")],
    [("system", "Be safe."), ("user", "Hi  there\n")],
    [("user", "One?"), ("assistant", "Yes, one."), ("user", "Two?")],
]
RESPONSES = ["Sure, it is.", "  été 你好 🚀 \n", "\n\nwith breaks\n\n"]


def main():
    transformers.logging.set_verbosity_error()
    sources = {name: HEAD + USER + turn + "{% endif %}" + TAIL for name, turn in TEMPLATES.items()} | {"a prompt that opens a thought": THINKING}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokenizer.json").write_text((OUT / "bytes-nfc-lower" / "tokenizer.json").read_text())
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, eos_token="<|im_end|>")
    cases = []
    for name, source in sources.items():
        for prompt in PROMPTS:
            for response in RESPONSES:
                turns = [{"role": role, "content": content} for role, content in prompt + [("assistant", response)]]
                out = tokenizer.apply_chat_template(turns, chat_template=source, return_assistant_tokens_mask=True, return_dict=True)
                cases.append({"template": name, "prompt": prompt, "response": response, "ids": out["input_ids"], "mask": "".join(map(str, out["assistant_masks"]))})
    lines = ",\n".join(" " + json.dumps(case) for case in cases)
    (OUT / "masks.json").write_text(f'{{"transformers_version": "{transformers.__version__}", "templates": {json.dumps(sources)}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
