"""Blocks of markdown, and the context that all rendering functions share."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from bs4.element import PageElement

# Deeper than this, structure is given up and only text is kept: no page of the 150 that were looked
# at nests lists, quotes and tables more than 12 deep, and Python's stack ends at 1,000 calls.
MAX_DEPTH = 40

_LOOKS_LIKE_BLOCK = re.compile(r"^(?=#{1,6}(?:\s|$)|```|~~~)", re.MULTILINE)


@dataclass(slots=True)
class Block:
    """A piece of markdown. `kind`: text, heading, code, list, item, table, quote, or title.

    `text` of a heading has no `#`; that of a code block is the bare code; a `title` has none and marks
    the place of the page's title.
    """

    text: str
    kind: str = "text"
    level: int = 0
    anchor: str = ""
    language: str = ""
    title: str = ""


@dataclass(slots=True)
class State:
    """State of the traversal: the level of the last heading."""

    level: int = 1


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that rendering an element depends on: the page's address, and what earlier passes found.

    Sets and dicts are keyed by `id(tag)`; the tree outlives the context. `nested` is set inside lists,
    quotes and cells, whose headings are not headings of the page.
    """

    base: str
    walk: "Callable[[Iterable[PageElement], Context], list[Block]]"
    skip: frozenset[int] = frozenset()
    blocky: set[int] = field(default_factory=set)
    titles: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    state: State = field(default_factory=State)
    nested: bool = False
    depth: int = 0
    demote: int = 0
    title: int = 0  # id of the title element, where its place among the blocks is wanted
    raw_formulas: bool = False  # a script of the page sets the TeX in its text

    def blocks(self, nodes: Iterable[PageElement]) -> list[Block]:
        """Render nodes at the same level."""
        return self.walk(nodes, self)

    def inside(self, nodes: Iterable[PageElement]) -> list[Block]:
        """Render nodes inside a list item, quote or cell."""
        return self.walk(nodes, replace(self, nested=True, depth=self.depth + 1))

    def deeper(self, nodes: Iterable[PageElement], demote: int = 0) -> list[Block]:
        """Render the content of a box whose headings stay headings of the page."""
        return self.walk(nodes, replace(self, depth=self.depth + 1, demote=self.demote + demote))


def escape_text(text: str) -> str:
    """Escape a paragraph that would be read as a heading or as a fence."""
    return _LOOKS_LIKE_BLOCK.sub(r"\\", text)


def fence(block: Block) -> str:
    """Return a code block with a fence that is longer than any run of backticks in the code."""
    longest = max((len(run) for run in re.findall(r"`{3,}", block.text)), default=2)
    ticks = "`" * max(3, longest + 1)
    title = re.sub(r'[`"\s]+', " ", block.title).strip()
    info = (block.language or ("text" if title else "")) + (f' title="{title}"' if title else "")
    return f"{ticks}{info}\n{block.text}\n{ticks}"


def block_text(block: Block) -> str:
    """Return a block as markdown."""
    if block.kind == "heading":
        return f"{'#' * block.level} {block.text}"
    if block.kind == "code":
        return fence(block)
    return block.text


def join_blocks(blocks: Iterable[Block]) -> str:
    """Join blocks with blank lines; single-line items that follow each other stay one list."""
    out: list[str] = []
    before = ""
    for block in blocks:
        text = block_text(block)
        if out:
            out.append("\n" if before == block.kind == "item" and "\n" not in text else "\n\n")
        out.append(text)
        before = block.kind
    return "".join(out)


def indent(text: str, pad: str) -> str:
    """Indent every line that is not empty."""
    return "\n".join(pad + line if line else line for line in text.split("\n"))


def item(marker: str, blocks: list[Block]) -> Block:
    """Make a list item: the first block on the line of the marker, the others below it."""
    pad = " " * len(marker)
    head, rest = blocks[0], blocks[1:]
    text = marker + "\n" + indent(block_text(head), pad) if head.kind in ("code", "table") else ""
    text = text or marker + indent(block_text(head), pad).lstrip(" ")
    for block in rest:
        gap = "\n" if block.kind in ("list", "item") else "\n\n"
        text += gap + indent(block_text(block), pad)
    lines = (line.rstrip() for line in text.split("\n"))
    return Block("\n".join(lines), "item")


def bold(text: str) -> str:
    """Make text bold, unless there is none or it is bold already."""
    return text if not text or text.startswith("**") else f"**{text}**"


def quote(blocks: list[Block]) -> Block:
    """Put blocks into a block quote."""
    lines = join_blocks(blocks).split("\n")
    return Block("\n".join(f"> {line}".rstrip() for line in lines), "quote")
