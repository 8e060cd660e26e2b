"""Definition lists: terms with descriptions, and the entries of API references, which are headings."""

from collections.abc import Iterator

from bs4.element import Tag

from ingest.clean.block import Block, Context, item, join_blocks
from ingest.clean.inline import render_inline
from ingest.clean.prepare import anchor_of
from ingest.clean.tree import attr, children, tokens

_LONGEST = 300  # characters of a signature that still makes a heading


def render_definitions(tag: Tag, ctx: Context) -> list[Block]:
    """Render a definition list: each term an item, its descriptions below it."""
    parts = [part for part in _parts(tag) if id(part) not in ctx.skip]
    if not ctx.nested and any(part.name == "dt" and _is_signature(part) for part in parts):
        return _entries(parts, ctx)
    out: list[Block] = []
    terms: list[Block] = []
    for part in parts:
        blocks = ctx.inside(part.contents)
        if part.name == "dt":
            terms += blocks
            continue
        if terms or blocks:
            out.append(item("- ", [*(terms or [Block("")]), *blocks]))
        terms = []
    out += [item("- ", [term]) for term in terms]
    return [Block(join_blocks(out), "list")] if out else []


def _parts(tag: Tag) -> Iterator[Tag]:
    for child in children(tag):
        if child.name == "div":
            yield from children(child)
        else:
            yield child


def _is_signature(term: Tag) -> bool:
    """Sphinx marks the signature of a function, class, option ... and gives it an id to link to."""
    return bool(attr(term, "id")) and not {"sig", "sig-object", "descname"}.isdisjoint(tokens(term))


def _entries(parts: list[Tag], ctx: Context) -> list[Block]:
    """Render API entries: signatures as headings one level below the current one."""
    before = ctx.state.level
    level = min(6, max(2, before + 1))
    out: list[Block] = []
    for part in parts:
        ctx.state.level = level
        if part.name != "dt":
            out += ctx.deeper(part.contents)
            continue
        text = " ".join(render_inline(part.contents, ctx, links=False, marks=False).split())
        if text and len(text) <= _LONGEST:
            out.append(Block(text, "heading", level=level, anchor=anchor_of(part)))
        elif text:
            out.append(Block(f"**{text}**"))
    ctx.state.level = before
    return out
