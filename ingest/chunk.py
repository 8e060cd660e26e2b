"""Document -> chunks: cut at headings, then at blocks, never above what the embedder reads. Pure."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ingest.core.records import Chunk, Document, url_key
from ingest.text.markdown import Block, Line, Section, closes_fence, fence_mark, sections_of
from ingest.text.sentences import runs, sentences

CHUNKER_VERSION: Final = 2
"""Raised whenever the same page would be cut differently."""

PATH_SEPARATOR: Final = " › "

_CHARACTERS_PER_TOKEN: Final = 12
"""A text of more characters per token counts as longer. Prose has 4 or 5, but WordPiece takes any word
of over 100 characters (hex, minified code) for a single unknown token, however long it is."""

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The smallest unit that is not cut further. A piece with a `lead` continues a table or a fence."""

    start: int
    end: int
    lead: str = ""


def chunk_document(document: Document, count: Count, limit: int) -> list[Chunk]:
    """Cut a page into chunks of at most `limit` tokens, heading path and title included.

    `count` gives the tokens of a text as the embedder sees it, special tokens left out. Every
    character of the page's content, headings apart, is in exactly one chunk but for white space.
    """
    drafts: list[tuple[Section, _Piece, str]] = []

    def size(text: str) -> int:
        return max(count(text), -(-len(text) // _CHARACTERS_PER_TOKEN))

    for section in sections_of(document):
        path = _path(document.title, section.headings, size, limit // 3)
        pieces = _pack(document.body, section, size, limit - size(path))
        drafts.extend((section, piece, f"{path}\n{piece.lead}".rstrip("\n")) for piece in pieces)
    seen: Counter[tuple[tuple[str, ...], str]] = Counter()
    chunks: list[Chunk] = []
    for section, piece, context in drafts:
        text = document.body[piece.start : piece.end]
        ordinal = seen[section.headings, text]
        seen[section.headings, text] += 1
        chunks.append(
            Chunk(
                id=chunk_id(document.url, section.headings, text, ordinal),
                url=document.url,
                anchor=section.anchor,
                title=document.title,
                headings=section.headings,
                text=text,
                context=context,
                start=piece.start,
                end=piece.end,
                tokens=count(f"{context}\n{text}"),
            )
        )
    return chunks


def chunk_id(url: str, headings: tuple[str, ...], text: str, ordinal: int) -> str:
    """16 hex digits from page, heading path, text and the ordinal among equals on the page."""
    return hashlib.sha256(
        "\0".join((url_key(url), *headings, text, str(ordinal))).encode("utf-8", "surrogatepass")
    ).hexdigest()[:16]


def _path(title: str, headings: tuple[str, ...], count: Count, limit: int) -> str:
    """Title and heading path in one line of at most `limit` tokens; the outer parts go first."""
    parts = [re.sub(r"\s+", " ", part).strip() for part in (title, *headings) if part.strip()]
    while len(parts) > 1 and count(PATH_SEPARATOR.join(parts)) > limit:
        del parts[1 if len(parts) > 2 else 0]
    words = PATH_SEPARATOR.join(parts).split(" ")
    while len(words) > 1 and count(" ".join(words)) > limit:
        words = words[: max(1, len(words) * 3 // 4)]
    line = " ".join(words)
    while line and count(line) > limit:
        line = line[: len(line) // 2]
    return line


def _pack(body: str, section: Section, count: Count, limit: int) -> Iterator[_Piece]:
    """Join neighbouring pieces of a section while they fit into `limit` tokens.

    Counting piece by piece is exact for word pieces, whose cuts white space never moves; for other
    tokenizers the joined text is counted again, and joined no further when it does not fit.
    """
    open_piece: _Piece | None = None
    used = 0
    for piece in _pieces(body, section.blocks, count, limit):
        size = count(body[piece.start : piece.end])
        joined = _Piece(open_piece.start, piece.end, open_piece.lead) if open_piece else piece
        fits = used + size <= limit and count(_full(body, joined)) <= limit
        if open_piece and not piece.lead and fits:
            open_piece, used = joined, used + size
            continue
        if open_piece:
            yield open_piece
        open_piece, used = piece, size + count(piece.lead)
    if open_piece:
        yield open_piece


def _full(body: str, piece: _Piece) -> str:
    return f"{piece.lead}\n{body[piece.start : piece.end]}" if piece.lead else body[piece.start : piece.end]


def _pieces(body: str, blocks: tuple[Block, ...], count: Count, limit: int) -> Iterator[_Piece]:
    """Blocks that fit, whole; others by rows, lines, sentences, words, whatever keeps them readable."""
    for block in blocks:
        if count(body[block.start : block.end]) <= limit:
            yield _Piece(block.start, block.end)
        elif block.kind == "table":
            yield from _cut_table(body, block, count, limit)
        elif block.kind == "fence":
            yield from _cut_fence(body, block, count, limit)
        else:
            yield from _cut_text(body, block, count, limit)


def _cut_text(body: str, block: Block, count: Count, limit: int) -> Iterator[_Piece]:
    """List items that fit, whole; others, and long paragraphs, by sentences."""
    for start, end in runs(body[block.start : block.end], block.start):
        if count(body[start:end]) <= limit:
            yield _Piece(start, end)
        else:
            for sentence_start, sentence_end in sentences(body[start:end], start):
                yield from _cut_words(body, _Piece(sentence_start, sentence_end), count, limit)


def _cut_table(body: str, block: Block, count: Count, limit: int) -> Iterator[_Piece]:
    """Rows in groups, each under the table's own header; a header of over half the limit is not repeated."""
    header = body[block.start : block.lines[1].end]
    lead = header if count(header) <= limit // 2 else ""
    rows = block.lines[2:] if lead else block.lines
    return _led(body, block.start, _groups(rows, count, limit - count(lead)), lead, count, limit)


def _cut_fence(body: str, block: Block, count: Count, limit: int) -> Iterator[_Piece]:
    """Lines in groups; all but the first group under the fence's opening line, so that it reads as code."""
    opening, mark = block.lines[0], fence_mark(block)
    lead = opening.text if count(opening.text) <= limit // 4 else mark
    lines = block.lines[1:] if lead == opening.text else block.lines
    return _led(body, block.start, _groups(lines, count, limit - count(lead) - count(mark)), lead, count, limit)


def _led(body: str, start: int, groups: Iterable[list[Line]], lead: str, count: Count, limit: int) -> Iterator[_Piece]:
    """Groups of lines as pieces: the first from `start`, where the lead itself is, the others under it."""
    for number, group in enumerate(groups):
        piece = _Piece(group[0].start, group[-1].end, lead) if number else _Piece(start, group[-1].end)
        yield from _cut_words(body, piece, count, limit, lead)


def _groups(lines: tuple[Line, ...], count: Count, limit: int) -> Iterator[list[Line]]:
    """Runs of lines of at most `limit` tokens; a longer line is a run of its own.

    A run ends with a closing fence rather than before it: the mark alone would be a chunk of nothing.
    """
    group: list[Line] = []
    used = 0
    for line in lines:
        size = count(line.text)
        if group and used + size > limit and not _closes_any_fence(line.text):
            yield group
            group, used = [], 0
        group.append(line)
        used += size
    if group:
        yield group


def _closes_any_fence(line: str) -> bool:
    return closes_fence(line, "```") or closes_fence(line, "~~~")


def _cut_words(body: str, piece: _Piece, count: Count, limit: int, lead: str = "") -> Iterator[_Piece]:
    """A piece that is still too long (a huge row, line, sentence), cut at white space, or anywhere if there is none.

    All parts but the first stand under `lead`.
    """
    if count(_full(body, piece)) <= limit:
        yield piece
        return
    room = limit - max(count(piece.lead), count(lead))
    own = piece.lead
    for start, end in _runs(body[piece.start : piece.end], count, room):
        yield _Piece(piece.start + start, piece.start + end, own)
        own = lead


def _runs(text: str, count: Count, limit: int) -> Iterator[tuple[int, int]]:
    """Places of runs of words of at most `limit` tokens; a word above it is cut within."""
    words = [found.span() for found in re.finditer(r"\S+", text)]
    sizes = [count(text[start:end]) for start, end in words]
    at = 0
    while at < len(words):
        begin, stop, used = words[at][0], at + 1, sizes[at]
        if used > limit:
            yield from _cut_characters(text, words[at], count, limit)
        else:
            while stop < len(words) and used + sizes[stop] <= limit:
                used, stop = used + sizes[stop], stop + 1
            while stop > at + 1 and count(text[begin : words[stop - 1][1]]) > limit:  # see _pack
                stop = at + (stop - at) * 3 // 4
            yield begin, words[stop - 1][1]
        at = stop


def _cut_characters(text: str, word: tuple[int, int], count: Count, limit: int) -> Iterator[tuple[int, int]]:
    """Places of the parts of one endless word (base64, minified code), each at most `limit` tokens."""
    start, end = word
    size = limit * _CHARACTERS_PER_TOKEN
    while start < end:
        size = max(1, min(end - start, size * 2))
        while size > 1 and count(text[start : start + size]) > limit:
            size = size * 3 // 4
        yield start, start + size
        start += size
