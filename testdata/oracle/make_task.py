"""Writes task.jsonl (24 rows) and pairs.jsonl (10 safety pairs), random ids in Hugging Face's label convention.

    python testdata/oracle/make_task.py      (standard library only; same bytes on every run)
"""
import json
import random
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
BOS, EOS, VOCAB = 1, 2, 97


def tokens(rng, count):
    return [rng.randrange(3, VOCAB) for _ in range(count)]


def task_rows(rng):
    """Lengths 5 to 24. Row 6 is labelled throughout, row 7 has a hole and a masked end, row 8 one label only."""
    lengths = [5, 24] + [rng.randrange(5, 25) for _ in range(22)]
    for i, length in enumerate(lengths):
        ids = [BOS] + tokens(rng, length - 2) + [EOS]
        prompt = rng.randrange(1, max(2, length // 2))
        labels = [-100] * prompt + ids[prompt:]
        if i == 6:
            labels = list(ids)
        elif i == 7:
            labels[-1] = -100
            labels[len(labels) - 4] = -100
        elif i == 8:
            labels = [-100] * (length - 1) + [EOS]
        yield {"input_ids": ids, "labels": labels}


def pairs(rng):
    """One prompt, two responses whose lengths differ by at most 2; pair 4 has a prompt of one token."""
    for i in range(10):
        prompt = [BOS] + ([] if i == 4 else tokens(rng, rng.randrange(2, 9)))
        length = rng.randrange(2, 9)
        row = {}
        for side, count in (("chosen", length), ("rejected", length + rng.randrange(-1, 3))):
            response = tokens(rng, count) + [EOS]
            row[side + "_input_ids"] = prompt + response
            row[side + "_labels"] = [-100] * len(prompt) + response
        yield row


def write(name, rows):
    (GOLDEN / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    write("task.jsonl", task_rows(random.Random(23)))
    write("pairs.jsonl", pairs(random.Random(39)))
