"""Footnotes, and the notes that AsciiDoc puts below code: `[^1]: text`, `1. text`."""

import re
from dataclasses import replace
from itertools import islice

from bs4.element import Tag

from ingest.clean.dom.tree import attr, children, elements, first_named, text_of, tokens
from ingest.clean.render.blocks import Block, Context, item

_NOTES = frozenset(("footnote", "footnote-definition"))
_LISTS = frozenset(("footnotes", "footnote", "footnote-definition", "references", "footnote-list"))
_LABELS = frozenset(("label", "footnote-definition-label"))
_NUMBER = re.compile(r"[\[(^]*(\w{1,20})[\])]*\.?")


def is_footnote(tag: Tag) -> bool:
    """Return whether an element is one footnote in a box of its own, as from Sphinx, AsciiDoctor and mdBook."""
    if tag.name not in ("aside", "div", "table") or _NOTES.isdisjoint(tokens(tag)):
        return False
    return tag.find("ol", recursive=False) is None and _label(tag) is not None


def is_footnote_item(item_tag: Tag) -> bool:
    """Return whether a list item is a footnote: it can be linked to, and the list is one of footnotes."""
    return bool(attr(item_tag, "id")) and any(
        not _LISTS.isdisjoint(tokens(parent))
        or "data-footnotes" in parent.attrs
        or attr(parent, "role") in ("doc-endnotes", "doc-footnotes")
        for parent in islice(item_tag.parents, 3)
    )


def _label(tag: Tag) -> Tag | None:
    """Find the number of a footnote: an element that says so, or a link into the page that comes first."""
    named = next((node for node in elements(tag) if not _LABELS.isdisjoint(tokens(node)) and text_of(node)), None)
    if named is not None:
        return named
    link = next((node for node in elements(tag) if node.name == "a" and text_of(node)), None)
    if link is None or not attr(link, "href").startswith("#") or not text_of(tag).startswith(text_of(link)):
        return None
    return link if _NUMBER.fullmatch(text_of(link)) else None


def render_footnote(tag: Tag, ctx: Context) -> list[Block]:
    """Render a footnote that is a box of its own: `[^1]: text`."""
    label = _label(tag)
    match = _NUMBER.fullmatch(text_of(label)) if label is not None else None
    if label is None or match is None:
        return ctx.deeper(tag.contents)
    inner = replace(ctx, skip=ctx.skip | {id(label)})
    cells = [cell for cell in elements(tag) if cell.name == "td" and cell is not label] if tag.name == "table" else []
    blocks = inner.inside(cells[-1].contents if cells else tag.contents)
    if not blocks:
        return []
    blocks[0].text = re.sub(r"^[.:)\]\s]+", "", blocks[0].text)
    return [item(f"[^{match[1]}]: ", blocks)]


def render_footnote_list(tag: Tag, ctx: Context) -> list[Block]:
    """Render the definition list that older docutils make of footnotes."""
    out: list[Block] = []
    name = ""
    for child in children(tag):
        if child.name == "dt":
            match = _NUMBER.fullmatch(text_of(child))
            name = match[1] if match else ""
        elif name:
            blocks = ctx.inside(child.contents)
            out += [item(f"[^{name}]: ", blocks)] if blocks else []
    return out


def render_code_notes(tag: Tag, ctx: Context) -> list[Block]:
    """Render the explanations below code that AsciiDoctor sets as a table: an ordered list."""
    table = first_named(tag, "table")
    if not isinstance(table, Tag):
        return ctx.deeper(tag.contents)
    rows = [[node for node in children(row) if node.name == "td"] for row in table.find_all("tr")]
    items = [(number, ctx.inside(row[-1].contents)) for number, row in enumerate(rows, 1) if row]
    text = "\n".join(item(f"{number}. ", blocks).text for number, blocks in items if blocks)
    return [Block(text, "list")] if text else []
