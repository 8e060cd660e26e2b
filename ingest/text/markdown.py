"""Markdown as askdocs writes it and as models answer in it: fences, code spans, list markers, blocks, sections. Pure.

It reads lines, without a parser: it runs before every answer, where importing a CommonMark parser would take longer
than the search. Markdown that others wrote is read by `ingest.clean`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from ingest.core.records import Chunk, Document

Kind = Literal["heading", "fence", "table", "text"]

LIST_MARKER: Final = r"(?:[-*+]|\d{1,3}[.)])"
"""Pattern source for the sign or number of a list item. CommonMark allows 9 digits, but a year at the start of a line
is not an item."""

# Possessive quantifiers, so that no page makes them slow; a run of backticks with more behind it is inline code.
FENCE: Final = re.compile(rf"[ \t>]*+(?:{LIST_MARKER}[ \t]++)*+(`{{3,}}(?![^\n]*`)|~{{3,}})")
"""A line that opens fenced code, in lists and quotes too; group 1 is the run of backticks or tildes that the closing
line repeats (CommonMark 4.5)."""

CODE_SPAN: Final = re.compile(r"(?<!`)(`+)(?!`)((?:[^\n]|\n(?![ \t]*\n))*?)(?<!`)\1(?!`)")
"""A code span: it ends with as many backticks as it begins with, in the same paragraph (CommonMark 6.1). Group 2 is
the code."""

LIST_ITEM: Final = re.compile(rf"[ \t>]*{LIST_MARKER}[ \t]+")
"""The beginning of a list item, up to its words."""

_HEADING = re.compile(r"(#{1,6})[ \t]++(.*)$")
_ROW = re.compile(r"[ \t>]*\|")
_DELIMITER = re.compile(r"[ \t>]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-*+:?[ \t]*+)*+$")


def closes_fence(line: str, mark: str) -> bool:
    """Whether a line ends the fenced code that `mark` opened: as many of its signs or more, and nothing else."""
    signs = line.strip(" \t>")
    return signs.startswith(mark) and not signs.strip(mark[0])


def without_bullet(text: str) -> str:
    """The words of a list item, without its sign or number."""
    found = LIST_ITEM.match(text)
    return text[found.end() :] if found else text


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the body without its line break: `text` is `body[start:end]`."""

    text: str
    start: int
    end: int


def lines_of(body: str) -> Iterator[Line]:
    """Yield every line of the body."""
    start = 0
    for text in body.split("\n"):
        yield Line(text, start, start + len(text))
        start += len(text) + 1


def fence_end(lines: Sequence[Line], at: int, mark: str) -> int:
    """The line behind the fenced code that line `at` opens; the end of the text where nothing closes it."""
    return next((end + 1 for end in range(at + 1, len(lines)) if closes_fence(lines[end].text, mark)), len(lines))


@dataclass(frozen=True, slots=True)
class FencedCode:
    """Fenced code of a text; `closed` is False where the text ends before it does."""

    mark: str
    lines: tuple[Line, ...]
    closed: bool

    @property
    def start(self) -> int:
        """Offset of the opening line."""
        return self.lines[0].start

    @property
    def end(self) -> int:
        """Offset behind the last line."""
        return self.lines[-1].end

    @property
    def code(self) -> tuple[Line, ...]:
        """The lines between the fences."""
        return self.lines[1 : len(self.lines) - self.closed]


def fenced_code(text: str, *, stop_at_next: bool = False) -> Iterator[FencedCode]:
    """Yield the fenced code of a text in order.

    With `stop_at_next`, code that is not closed before a line opens another fence is left out, and that line is read
    next: in a file of many pages, one that does not close its code must not swallow the pages behind it.
    """
    lines = list(lines_of(text))
    at = 0
    while at < len(lines):
        found = FENCE.match(lines[at].text)
        if found is None:
            at += 1
            continue
        begin, mark = at, found[1]
        at = _next_mark(lines, begin, mark) if stop_at_next else fence_end(lines, begin, mark) - 1
        closed = begin < at < len(lines) and closes_fence(lines[at].text, mark)
        if closed or not stop_at_next:
            at += 1
            yield FencedCode(mark, tuple(lines[begin:at]), closed)


def _next_mark(lines: Sequence[Line], at: int, mark: str) -> int:
    """The first line after `at` that begins with the mark; the number of lines where none does."""
    after = range(at + 1, len(lines))
    return next((n for n in after if lines[n].text.lstrip(" \t>").startswith(mark)), len(lines))


def without_fenced_code(text: str) -> str:
    """The text without its fenced code; the line break behind each stays."""
    parts, at = [], 0
    for code in fenced_code(text):
        parts.append(text[at : code.start])
        at = code.end
    return "".join([*parts, text[at:]])


def open_fence(text: str) -> str:
    """The mark of the fenced code that a text leaves open, "" where it leaves none."""
    return next((code.mark for code in fenced_code(text) if not code.closed), "")


def reading_text(chunk: Chunk) -> str:
    """A chunk as it is read: heading path, an empty line, text; fenced code that was cut is opened and closed again."""
    text = f"{chunk.lead}\n{chunk.text}" if chunk.lead else chunk.text
    mark = open_fence(text)
    return f"{chunk.path}\n\n{text}\n{mark}" if mark else f"{chunk.path}\n\n{text}"


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
    """What is below one heading, up to the next heading of any level.

    `headings` is the path below the page title; `anchor` the id of the innermost of them that the
    page gives one, "" where none has.
    """

    headings: tuple[str, ...]
    anchor: str
    blocks: tuple[Block, ...]


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
    fence = FENCE.match(lines[at].text)
    if fence:
        return "fence", fence_end(lines, at, fence[1])
    if _is_table(lines, at):
        stop = at + 2
        while stop < len(lines) and _ROW.match(lines[stop].text):
            stop += 1
        return "table", stop
    stop = at + 1
    while stop < len(lines) and not _opens_block(lines, stop):
        stop += 1
    return "text", stop


def _is_table(lines: list[Line], at: int) -> bool:
    return bool(_ROW.match(lines[at].text)) and at + 1 < len(lines) and bool(_DELIMITER.match(lines[at + 1].text))


def _opens_block(lines: list[Line], at: int) -> bool:
    text = lines[at].text
    return not text.strip() or bool(_HEADING.match(text) or FENCE.match(text)) or _is_table(lines, at)


_MARKS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")


_MAY_BE_MARKED = re.compile(r"[*_`\[]")


@lru_cache(maxsize=1_024)  # a sentence is looked at several times for one question; half a megabyte
def plain(text: str) -> str:
    """The words of inline markdown as a reader sees them: link texts and code stay, marks and targets go."""
    if not _MAY_BE_MARKED.search(text):
        return text.strip()
    text = re.sub(r"!?\[([^\]]*)\]\([^)\s]*(?:[ ]\"[^\"]*\")?\)", r"\1", text)
    parts, at = [], 0
    for code in CODE_SPAN.finditer(text):
        parts += [_MARKS.sub("", text[at : code.start()]), code[2]]
        at = code.end()
    return "".join([*parts, _MARKS.sub("", text[at:])]).strip()


def slug(heading: str) -> str:
    """The id that GitHub, and most generators after it, give a heading."""
    return re.sub(r"[ ]", "-", re.sub(r"[^\w\- ]", "", heading.lower()).strip())


def fence_mark(block: Block) -> str:
    """The run of backticks or tildes that opens, and must close, a fence block."""
    found = FENCE.match(block.lines[0].text)
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
