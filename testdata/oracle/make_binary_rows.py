"""Writes the Parquet and Arrow files that the tests of the data readers read: the same rows in every codec and container.

Usage: python make_binary_rows.py [FOLDER]; needs pyarrow and datasets (made with 25.0.1 and 5.0.1). FOLDER is sap/src/test/resources/rows by default.
The folder 'saved' is written by datasets.Dataset.save_to_disk itself, in two shards.
"""

import datetime
import decimal
import pathlib
import sys

import datasets
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
    folder.mkdir(parents=True, exist_ok=True)
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

    datasets.Dataset(datasets.table.InMemoryTable(table), fingerprint="0123456789abcdef").save_to_disk(saved, num_shards=2)
    again = datasets.load_from_disk(saved).to_list()
    if again != rows():
        raise SystemExit("datasets reads other rows than were written")


if __name__ == "__main__":
    main()
