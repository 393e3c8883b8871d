"""Writes the Parquet and Arrow files that the tests of the data readers read: the same rows in every codec and container.

Usage: python make_binary_rows.py [FOLDER]; needs pyarrow. FOLDER is sap/src/test/resources/rows by default.
The folder 'saved' has the files that datasets.Dataset.save_to_disk writes, in the same format (an Arrow stream a shard).
"""

import datetime
import decimal
import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

CODECS = ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]


def rows():
    return [
        {
            "messages": [{"role": "user", "content": f"P{i} é"}, {"role": "assistant", "content": f"R{i}"}],
            "id": i,
            "score": 0.5 * i,
            "price": decimal.Decimal("1.50"),
            "safe": i % 2 == 0,
            "tags": ["a", None] if i else None,
            "nothing": None,
            "bytes": b"\x00\xff",
            "when": datetime.datetime(2024, 1, 2, 3, 4, 5),
        }
        for i in range(4)
    ]


def stream(path, table):
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "sap/src/test/resources/rows")
    saved = folder / "saved"
    saved.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows())
    for codec in CODECS:
        pq.write_table(table, folder / f"{codec}.parquet", compression=codec, row_group_size=3)
    stream(folder / "stream.arrow", table)
    for codec in [None, "lz4", "zstd"]:
        options = pa.ipc.IpcWriteOptions(compression=codec)
        with pa.ipc.new_file(folder / f"file-{codec or 'none'}.arrow", table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=3)

    prompts = pa.array(["P", "Q", "P", None]).dictionary_encode()
    stream(folder / "dictionary.arrow", pa.table({"prompt": prompts, "response": ["R", "S", "T", "U"]}))
    inner = pa.StructArray.from_arrays([prompts], names=["text"])
    stream(folder / "inner-dictionary.arrow", pa.table({"prompt": inner}))
    large = pa.schema([("prompt", pa.large_string()), ("response", pa.string()), ("labels", pa.large_list(pa.int32()))])
    stream(folder / "large.arrow", pa.table({"prompt": ["P"], "response": ["R"], "labels": [[1, 2]]}, schema=large))
    stream(folder / "empty.arrow", table.slice(0, 0))
    pq.write_table(table.slice(0, 0), folder / "empty.parquet")

    shards = ["data-00000-of-00002.arrow", "data-00001-of-00002.arrow"]
    stream(saved / shards[0], table.slice(0, 3))
    stream(saved / shards[1], table.slice(3))
    state = {
        "_data_files": [{"filename": name} for name in shards],
        "_fingerprint": "0123456789abcdef",
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": "train",
    }
    (saved / "state.json").write_text(json.dumps(state, indent=2) + "\n")
    (saved / "dataset_info.json").write_text(json.dumps({"citation": "", "description": "", "features": {}}, indent=2) + "\n")


if __name__ == "__main__":
    main()
