"""The chunks around a hit: what an excerpt may reach."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ingest.core.records import Chunk
from ingest.index.base import IndexReader
from rag.records import Hit

_REACH: Final = 3
"""Chunks on either side of a hit that an excerpt may reach."""


def sections_around(store: IndexReader, hits: Sequence[Hit]) -> list[tuple[Chunk, ...]]:
    """For each hit the chunks of its section around it, its own included, in page order. Raises IndexDamaged."""
    last = _last_row(store)
    rows = sorted({near for hit in hits for near in _near(hit.row, last)})
    chunks = dict(zip(rows, store.chunks(rows), strict=True))
    return [_section(hit, chunks) for hit in hits]


def next_section(store: IndexReader, hit: Hit) -> Hit | None:
    """The first passage of the section after the hit's, on the same page; None if none is near.

    It was not found by the search: its score is the hit's. Raises IndexDamaged.
    """
    rows = list(range(hit.row + 1, min(_last_row(store), hit.row + _REACH) + 1))
    for row, chunk in zip(rows, store.chunks(rows), strict=True):
        if chunk.url != hit.chunk.url:
            return None
        if not _is_same_section(chunk, hit.chunk):
            return replace(hit, row=row, chunk=chunk, terms={})
    return None


def _last_row(store: IndexReader) -> int:
    return int(store.manifest["chunks"]) - 1


def _near(row: int, last: int) -> range:
    return range(max(0, row - _REACH), min(last, row + _REACH) + 1)


def _section(hit: Hit, chunks: Mapping[int, Chunk]) -> tuple[Chunk, ...]:
    """The chunks on either side of a hit as far as they are of its section."""
    start = end = hit.row
    while start - 1 in chunks and _is_same_section(chunks[start - 1], hit.chunk) and start > hit.row - _REACH:
        start -= 1
    while end + 1 in chunks and _is_same_section(chunks[end + 1], hit.chunk) and end < hit.row + _REACH:
        end += 1
    return tuple(chunks[row] for row in range(start, end + 1))


def _is_same_section(chunk: Chunk, other: Chunk) -> bool:
    return chunk.url == other.url and chunk.headings == other.headings
