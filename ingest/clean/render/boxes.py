"""End boxes: the headings inside an accordion, tab or API entry are not headings of the text after it.

Markdown has no sign for the end of a section. So a box keeps its headings only where nothing of the
section follows it; else they become bold text at the start of their first paragraph. Entries of an API
reference always keep theirs: the heading of the section around them is repeated before the text that follows.
"""

from dataclasses import dataclass, replace
from typing import Final

from ingest.clean.render.blocks import Block, Context, bold

OPEN: Final = "open"
CLOSE: Final = "close"
_ENTRY: Final = "entry"
_RUN_IN: Final = "run-in"


def box(blocks: list[Block], ctx: Context, *, entry: bool = False) -> list[Block]:
    """Mark blocks as those of one box, when there is a heading among them. `entry`: of an API reference."""
    if ctx.nested or not any(block.kind == "heading" for block in blocks):
        return blocks
    return [Block("", OPEN, title=_ENTRY if entry else ""), *blocks, Block("", CLOSE)]


@dataclass(slots=True)
class _Span:
    """A box in a list of blocks: the positions of its marks, and whether it keeps its headings."""

    start: int
    end: int
    entry: bool
    keeps: bool = True


def settle_boxes(blocks: list[Block], title: Block) -> list[Block]:
    """Return blocks without the marks of boxes. `title`: a heading for what follows an entry above any section."""
    spans = _spans(blocks)
    after = _following(blocks)
    starts = {span.start: span for span in spans}
    for span in sorted(spans, key=lambda span: -span.start):
        follow = after[span.end]
        if follow is not None and blocks[follow].kind not in ("heading", "title"):
            span.keeps = follow in starts and starts[follow].keeps
    return _write(blocks, spans, title)


def _spans(blocks: list[Block]) -> list[_Span]:
    spans: list[_Span] = []
    open_spans: list[_Span] = []
    for at, block in enumerate(blocks):
        if block.kind == OPEN:
            open_spans.append(_Span(at, at, block.title == _ENTRY))
        elif block.kind == CLOSE and open_spans:
            span = open_spans.pop()
            span.end = at
            spans.append(span)
    return spans


def _following(blocks: list[Block]) -> list[int | None]:
    """Return for each block the position of the next one that does not close a box."""
    out: list[int | None] = []
    follow: int | None = None
    for at in range(len(blocks) - 1, -1, -1):
        out.append(follow)
        if blocks[at].kind != CLOSE:
            follow = at
    return out[::-1]


def _write(blocks: list[Block], spans: list[_Span], title: Block) -> list[Block]:
    starts, ends = {span.start: span for span in spans}, {span.end: span for span in spans}
    out: list[Block] = []
    around: list[Block] = []  # the headings that the next block is below, outermost first
    saved: list[list[Block]] = []
    demoting = 0
    for at, block in enumerate(blocks):
        if block.kind == OPEN:
            saved.append(list(around))
            demoting += not (starts[at].keeps or starts[at].entry)
        elif block.kind == CLOSE:
            span = ends[at]
            demoting -= not (span.keeps or span.entry)
            around = saved.pop()
            outermost = at + 1 >= len(blocks) or blocks[at + 1].kind != CLOSE
            if span.entry and not span.keeps and outermost and not demoting:
                out.append(replace(around[-1] if around else title))
        elif demoting:
            _append_demoted(out, block)
        else:
            out.append(block)
            if block.kind == "heading":
                around = [*(head for head in around if head.level < block.level), block]
    return out


def _append_demoted(out: list[Block], block: Block) -> None:
    """Add a block of a box whose headings are bold text, each at the start of the paragraph after it."""
    if block.kind == "heading":
        out.append(Block(bold(block.text), title=_RUN_IN))
    elif out and out[-1].title == _RUN_IN and block.kind == "text" and not block.text.startswith(("**", "$$")):
        out[-1] = Block(f"{out[-1].text} {block.text}")
    else:
        out.append(block)
