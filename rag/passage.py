"""Split a chunk into the blocks of the page, and join chunks that follow each other. Pure.

A chunk may begin in the middle of a table or a code fence. The header or fence repeated in its context
identifies the block; the offsets that are yielded are those of the chunk's own text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.core.records import Chunk
from ingest.text.markdown import Kind, blocks_of
from ingest.text.sentences import sentences


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence, a table row, or a code block of a chunk: `text` is `chunk.text[start:end]`."""

    kind: Kind
    start: int
    end: int
    text: str


def spans_of(chunk: Chunk) -> Iterator[Span]:
    """Yield what can be quoted of a chunk, in order: sentences, rows without their header, code blocks."""
    shift = len(chunk.lead) + 1 if chunk.lead else 0
    text = f"{chunk.lead}\n{chunk.text}" if chunk.lead else chunk.text
    for block in blocks_of(text):
        if block.kind == "table":
            places = [(line.start, line.end) for line in block.lines[2:]]
        elif block.kind == "fence":
            places = [(max(block.start, shift), block.end)]
        elif block.kind == "text":
            places = list(sentences(text[block.start : block.end], block.start))
        else:
            continue
        for start, end in places:
            if start >= shift and end > start:
                yield Span(block.kind, start - shift, end - shift, text[start:end])


def joined_text(chunks: Sequence[Chunk]) -> str:
    """The text of chunks that follow each other: as long as on the page, with the likely white space in between."""
    parts = [chunks[0].text]
    for before, chunk in pairwise(chunks):
        gap = chunk.start - before.end
        parts += ["\n\n".ljust(gap) if gap > 1 else "\n" * gap, chunk.text]
    return "".join(parts)
