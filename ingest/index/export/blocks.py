"""The chunks of an index with their embeddings, a block at a time, so that few of them are in memory together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ingest.core.records import Chunk, Progress
from ingest.index.base import IndexReader, Passages

BLOCK: Final = 1_000
"""Chunks of a block: some 12 MB with their token vectors."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some chunks in row order, and their embeddings."""

    first_row: int
    chunks: list[Chunk]
    passages: Passages


def blocks(reader: IndexReader, progress: Progress) -> Iterator[Block]:
    """Yield all chunks. Raises IndexDamaged."""
    total = int(reader.manifest["chunks"])
    for start in range(0, total, BLOCK):
        rows = range(start, min(total, start + BLOCK))
        yield Block(start, reader.chunks(rows), reader.passages(rows))
        progress("export", rows.stop, total)


def widths(reader: IndexReader) -> tuple[int, int]:
    """The dimensions of the vectors, and of those of an added embedder, 0 without one."""
    first = reader.passages([0])
    return first.vectors.shape[1], 0 if first.added is None else first.added.shape[1]
