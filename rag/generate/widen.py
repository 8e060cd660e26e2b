"""Widen passages to the section around them: small ones are ranked, larger ones are read. Pure but for its `docs`.

The passages come first, best first, as far as the budget of words goes; what remains of it goes to the chunks next to
them in their section, those of the best passage first. Passages that meet become one, so that no text is there twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

from ingest.core.records import Chunk
from rag.passage import joined_text
from rag.records import Hit


class Sections(Protocol):
    """The source of the text around passages."""

    def neighbours(self, hits: Sequence[Hit]) -> list[tuple[Chunk, ...]]:
        """For each hit the chunks of its section around it, its own included, in page order. Raises IndexDamaged."""


def widen(hits: Sequence[Hit], docs: Sections, words: int) -> tuple[Hit, ...]:
    """Return the passages with the text around them, at most `words` words with their headings; at least the best one.

    With 0 words the passages are returned as they are. Those that do not fit are left out. A widened passage has the
    rank, the scores and the chunk id of the best passage in it, and `parts`. Raises IndexDamaged.
    """
    if not words or any(hit.row < 0 for hit in hits):
        return tuple(hits)
    kept, left = _fitting(hits, words)
    sections = dict(zip((hit.chunk.id for hit in kept), docs.neighbours(kept), strict=True))
    chosen = {hit.chunk.id for hit in kept}
    for hit in kept:
        for chunk in _around(hit.chunk, sections[hit.chunk.id], left, chosen):
            chosen.add(chunk.id)
            left -= _count(chunk.text)
    return tuple(_merged(kept, sections, chosen))


def _fitting(hits: Sequence[Hit], words: int) -> tuple[list[Hit], int]:
    """The hits that fit into the budget, and what they leave of it."""
    kept: list[Hit] = []
    for hit in hits:
        size = _count(hit.chunk.context) + _count(hit.chunk.text)
        if not kept or size <= words:
            kept.append(hit)
            words -= size
    return kept, words


def _around(chunk: Chunk, section: Sequence[Chunk], words: int, chosen: Iterable[str]) -> Iterator[Chunk]:
    """Yield the chunks next to one, nearest first, that fit into `words`; a gap ends the way to that side."""
    at = next(place for place, other in enumerate(section) if other.id == chunk.id)
    known, sides = set(chosen), {1: at, -1: at}
    while sides:
        for step, place in list(sides.items()):
            beyond = place + step
            size = _count(section[beyond].text) if 0 <= beyond < len(section) else words + 1
            if 0 <= beyond < len(section) and section[beyond].id in known:
                sides[step] = beyond
            elif size <= words:
                sides[step] = beyond
                words -= size
                yield section[beyond]
            else:
                del sides[step]


def _merged(hits: Sequence[Hit], sections: Mapping[str, Sequence[Chunk]], chosen: set[str]) -> Iterator[Hit]:
    """Yield the passages in their order, each with the chosen chunks on either side of it."""
    before = {later.id: chunk for section in sections.values() for chunk, later in pairwise(section)}
    after = {chunk.id: later for section in sections.values() for chunk, later in pairwise(section)}
    ranked = {hit.chunk.id: hit for hit in hits}
    used: set[str] = set()
    for hit in hits:
        if hit.chunk.id not in used:
            ahead = [*_follow(hit.chunk, before, chosen)][::-1]
            run = [*ahead, hit.chunk, *_follow(hit.chunk, after, chosen)]
            used |= {chunk.id for chunk in run}
            yield join_parts(hit, [ranked.get(chunk.id) or replace(hit, chunk=chunk, row=-1) for chunk in run])


def _follow(chunk: Chunk, ways: Mapping[str, Chunk], chosen: set[str]) -> Iterator[Chunk]:
    while chunk.id in ways and ways[chunk.id].id in chosen:
        chunk = ways[chunk.id]
        yield chunk


def join_parts(hit: Hit, parts: Sequence[Hit]) -> Hit:
    """A hit with the text of all parts, which follow each other in a section; it is one of them."""
    if len(parts) < 2:
        return hit
    chunks = [part.chunk for part in parts]
    lead = f"\n{chunks[0].lead}" if chunks[0].lead else ""
    whole = replace(
        hit.chunk,
        text=joined_text(chunks),
        context=hit.chunk.path + lead,
        start=chunks[0].start,
        end=chunks[-1].end,
        tokens=sum(chunk.tokens for chunk in chunks),
    )
    return replace(hit, chunk=whole, parts=tuple(parts))


def _count(text: str) -> int:
    return len(text.split())
