"""Markdown body -> its sections and blocks, each with its place in the body. Pure.

Signs of markdown that more than one step reads. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ingest.core.records import Document

Kind = Literal["heading", "fence", "table", "text"]

# Possessive, so that no page makes them slow; a run of backticks with more behind it is inline code.
_HEADING = re.compile(r"(#{1,6})[ \t]++(.*)$")
_FENCE = re.compile(r"[ \t>]*+(?:[-*+][ \t]++|\d{1,3}[.)][ \t]++)?(`{3,}(?=[^`]*$)|~{3,})")
_ROW = re.compile(r"[ \t>]*\|")
_DELIMITER = re.compile(r"[ \t>]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-*+:?[ \t]*+)*+$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the body without its line break: `text` is `body[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines that belong together; of a heading, its level (1 to 6) and its plain text too."""

    kind: Kind
    lines: tuple[Line, ...]
    level: int = 0
    title: str = ""

    @property
    def start(self) -> int:
        """Offset of the first character in the body."""
        return self.lines[0].start

    @property
    def end(self) -> int:
        """Offset behind the last character in the body."""
        return self.lines[-1].end


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, up to the next heading of any level.

    `headings` is the path below the page title; `anchor` the id of the innermost of them that the
    page gives one, "" where none has.
    """

    headings: tuple[str, ...]
    anchor: str
    blocks: tuple[Block, ...]


def lines_of(body: str) -> Iterator[Line]:
    """Yield every line of the body."""
    start = 0
    for text in body.split("\n"):
        yield Line(text, start, start + len(text))
        start += len(text) + 1


def blocks_of(body: str) -> Iterator[Block]:
    """Yield the blocks of the body in order; an unclosed fence runs to the end, as CommonMark has it."""
    lines = list(lines_of(body))
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.text.strip():
            at += 1
            continue
        heading = _HEADING.match(line.text)
        if heading:
            yield Block("heading", (line,), len(heading.group(1)), plain(_words(heading.group(2))))
            at += 1
            continue
        kind, stop = _extent(lines, at)
        yield Block(kind, tuple(lines[at:stop]))
        at = stop


def _words(heading: str) -> str:
    """A heading without the closing run of # (CommonMark 4.2; `C#` keeps its own). No one reads beyond 1,000."""
    text = heading.rstrip(" \t")
    bare = text.rstrip("#")
    return (text if bare and bare[-1] not in " \t" else bare.rstrip(" \t"))[:1000]


def _extent(lines: list[Line], at: int) -> tuple[Kind, int]:
    """The kind of the block that begins at line `at`, and the line behind it."""
    fence = _FENCE.match(lines[at].text)
    if fence:
        return "fence", _fence_end(lines, at, fence.group(1))
    if _is_table(lines, at):
        stop = at + 2
        while stop < len(lines) and _ROW.match(lines[stop].text):
            stop += 1
        return "table", stop
    stop = at + 1
    while stop < len(lines) and not _opens_block(lines, stop):
        stop += 1
    return "text", stop


def _fence_end(lines: list[Line], at: int, mark: str) -> int:
    closing = re.compile(rf"[ \t>]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
    for stop in range(at + 1, len(lines)):
        if closing.match(lines[stop].text):
            return stop + 1
    return len(lines)


def _is_table(lines: list[Line], at: int) -> bool:
    return bool(_ROW.match(lines[at].text)) and at + 1 < len(lines) and bool(_DELIMITER.match(lines[at + 1].text))


def _opens_block(lines: list[Line], at: int) -> bool:
    text = lines[at].text
    return not text.strip() or bool(_HEADING.match(text) or _FENCE.match(text)) or _is_table(lines, at)


def plain(text: str) -> str:
    """Inline markdown -> the words a reader sees: link texts stay, marks and targets go."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)\s]*(?:[ ]\"[^\"]*\")?\)", r"\1", text)
    return re.sub(r"(\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))", "", text).strip()


def slug(heading: str) -> str:
    """The id that GitHub, and most generators after it, give a heading."""
    return re.sub(r"[ ]", "-", re.sub(r"[^\w\- ]", "", heading.lower()).strip())


def fence_mark(block: Block) -> str:
    """The run of backticks or tildes that opens, and must close, a fence block."""
    found = _FENCE.match(block.lines[0].text)
    return found.group(1) if found else ""


def sections_of(document: Document) -> list[Section]:
    """Cut a page at its headings. The page title is the heading of none; sections without text are left out."""
    found: list[Section] = []
    path: list[tuple[int, str, str]] = []
    blocks: list[Block] = []

    def close() -> None:
        if blocks:
            anchors = [anchor for _, _, anchor in path if anchor]
            found.append(Section(tuple(title for _, title, _ in path), anchors[-1] if anchors else "", tuple(blocks)))
            blocks.clear()

    everything = list(blocks_of(document.body))
    headings = [block for block in everything if block.kind == "heading"]
    anchors = dict(zip(map(id, headings), _anchors(document, headings), strict=True))
    for at, block in enumerate(everything):
        if block.kind != "heading":
            blocks.append(block)
            continue
        close()
        if at == 0 and block.level == 1:
            continue
        while path and path[-1][0] >= block.level:
            path.pop()
        path.append((block.level, block.title, anchors[id(block)]))
    close()
    return found


def _anchors(document: Document, headings: list[Block]) -> list[str]:
    """The page's own id for each heading; where the body was edited since, only ids that still fit a heading."""
    if len(document.anchors) == len(headings):
        return list(document.anchors)
    known = set(document.anchors) - {""}
    return [slug(heading.title) if slug(heading.title) in known else "" for heading in headings]


FENCE: Final = re.compile(r"[ \t>]*(?:[-*+][ \t]+|\d{1,3}[.)][ \t]+)?(`{3,}(?!.*`)|~{3,})")
"""A line that opens a block of code, in a list or a quotation too; its first group is the fence (CommonMark 4.5)."""

CODE: Final = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
"""Code within one line: it ends with as many backticks as it begins with (CommonMark 6.1)."""


def closes(line: str, fence: str) -> bool:
    """Whether a line ends the block of code that `fence` opened: at least as many of its signs, and nothing else."""
    mark = line.strip(" \t>")
    return mark.startswith(fence) and not mark.strip(fence[0])


_BULLET = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,3}[.)])[ \t]+")


def without_bullet(text: str) -> str:
    """A list item's words: its bullet or number off."""
    return _BULLET.sub("", text)
