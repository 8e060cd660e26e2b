"""An index as Parquet files, and its chunks as Arrow batches. The only file that knows pyarrow."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.core.errors import UsageError
from ingest.core.records import Progress
from ingest.embed.token_vectors import SCALE, WIDTH
from ingest.index.base import IndexReader
from ingest.index.export.blocks import Block, blocks, widths

if TYPE_CHECKING:
    import pyarrow as pa


def write_parquet(reader: IndexReader, folder: Path, progress: Progress) -> None:
    """Write chunks.parquet and pages.parquet. Raises UsageError without the extra, IndexDamaged."""
    arrow()
    from pyarrow import parquet

    schema = chunk_schema(reader, multivectors=False)
    with parquet.ParquetWriter(folder / "chunks.parquet", schema, compression="zstd") as file:
        for batch in chunk_batches(reader, progress, multivectors=False):
            file.write_batch(batch)
    parquet.write_table(_pages(reader), folder / "pages.parquet", compression="zstd")


def chunk_schema(reader: IndexReader, *, multivectors: bool) -> "pa.Schema":
    """The columns of chunks. Token vectors are bytes (int8[n, WIDTH], in steps of 1 / SCALE) or lists of vectors."""
    pa = arrow()
    width, added = widths(reader)
    tokens = pa.list_(pa.list_(pa.float16(), WIDTH)) if multivectors else pa.binary()
    columns = [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("url", pa.string()),
        ("anchor", pa.string()),
        ("title", pa.string()),
        ("headings", pa.list_(pa.string())),
        ("text", pa.string()),
        ("context", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("tokens", pa.int32()),
        ("vector", pa.list_(pa.float32(), width)),
        ("token_vectors", tokens),
    ]
    return pa.schema([*columns, *([("added_vector", pa.list_(pa.float32(), added))] if added else [])])


def chunk_batches(reader: IndexReader, progress: Progress, *, multivectors: bool) -> Iterator["pa.RecordBatch"]:
    """Yield all chunks as batches of `chunk_schema`."""
    pa = arrow()
    schema = chunk_schema(reader, multivectors=multivectors)
    for block in blocks(reader, progress):
        columns = _columns(block)
        if multivectors:
            columns["token_vectors"] = [list((tokens / SCALE).astype(np.float16)) for tokens in block.passages.tokens]
        arrays = [
            _vectors(columns[field.name], field.type)
            if isinstance(columns[field.name], np.ndarray)
            else pa.array(columns[field.name], field.type)
            for field in schema
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _columns(block: Block) -> dict[str, Any]:
    chunks, passages = block.chunks, block.passages
    columns: dict[str, Any] = {
        name: [getattr(chunk, name) for chunk in chunks]
        for name in ("id", "url", "anchor", "title", "text", "context", "start", "end", "tokens")
    }
    columns["row"] = list(range(block.first_row, block.first_row + len(chunks)))
    columns["headings"] = [list(chunk.headings) for chunk in chunks]
    columns["vector"], columns["added_vector"] = passages.vectors, passages.added
    columns["token_vectors"] = [tokens.tobytes() for tokens in passages.tokens]
    return columns


def _vectors(vectors: "np.ndarray[Any, Any]", kind: "pa.DataType") -> "pa.Array":
    """A matrix as a column of vectors, without an object for each number."""
    pa = arrow()
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, type=kind)


def _pages(reader: IndexReader) -> "pa.Table":
    pages = reader.pages()
    names = ("url", "title", "description", "body", "fetched_at", "last_modified", "source")
    columns: dict[str, Any] = {name: [getattr(page.document, name) for page in pages] for name in names}
    for name in ("anchors", "aliases"):
        columns[name] = [list(getattr(page.document, name)) for page in pages]
    return arrow().table({**columns, "file": [page.file for page in pages]})


def arrow() -> Any:  # noqa: ANN401 - the module; it may be absent
    """The library. Raises UsageError without the extra."""
    try:
        import pyarrow as pa
    except ImportError:
        raise UsageError("this format needs pyarrow, which is not installed", "pip install 'askdocs[export]'") from None
    return pa
