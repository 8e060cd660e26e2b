"""Cards: boxes that lead somewhere -> items of a list, the title as the link."""

from dataclasses import replace

from bs4.element import Tag

from ingest.clean.block import Block, Context, bold
from ingest.clean.inline import link_target
from ingest.clean.tree import attr, elements, first, part, plain

_TITLE_CLASSES = frozenset(("fern-card-title", "card-title", "sd-card-title", "title"))
_TITLE_PARTS = frozenset(("card-title",))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LONGEST = 120  # characters of a title; more is a paragraph that happens to be a link


def render_card(tag: Tag, ctx: Context) -> list[Block]:
    """Render a card as `- [title](address): text`; what has no title is only entered."""
    title = _title(tag)
    link = tag if tag.name == "a" else next((n for n in elements(tag) if n.name == "a" and attr(n, "href")), None)
    if title is None or (part(title) != "card-title" and link is None):
        return render_link_box(tag, ctx) if tag.name == "a" else ctx.deeper(tag.contents)
    blocks = replace(ctx, skip=ctx.skip | {id(title)}).inside(tag.contents)
    url = link_target(attr(link, "href"), ctx.base) if link is not None and (tag.name == "a" or not blocks) else ""
    return _item(plain(title), url, blocks) or ctx.deeper(tag.contents)


def render_link_box(tag: Tag, ctx: Context) -> list[Block]:
    """Render a link around whole blocks: its heading or first line is the title.

    A link around nothing but a heading is the heading, with a link to itself.
    """
    title = _title(tag)
    if title is not None and plain(title) == plain(tag) and title.name in _HEADINGS:
        return ctx.deeper(tag.contents)
    url = link_target(attr(tag, "href"), ctx.base)
    skip = ctx.skip | {id(title)} if title is not None else ctx.skip
    blocks = replace(ctx, skip=skip).inside(tag.contents)
    if title is not None:
        return (_item(plain(title), url, blocks) if url else []) or ctx.deeper(tag.contents)
    if not url or not blocks or blocks[0].kind != "text" or len(blocks[0].text) > _LONGEST or "](" in blocks[0].text:
        return ctx.deeper(tag.contents)
    return _item(blocks[0].text, url, blocks[1:]) or ctx.deeper(tag.contents)


def _title(tag: Tag) -> Tag | None:
    title = first(tag, classes=_TITLE_CLASSES, parts=_TITLE_PARTS)
    if title is None:
        title = next((node for node in elements(tag) if node.name in _HEADINGS), None)
    return title if title is not None and plain(title) else None


def _item(title: str, url: str, blocks: list[Block]) -> list[Block]:
    if any(block.kind != "text" for block in blocks):
        return []
    text = " ".join(" ".join(block.text.split()) for block in blocks)
    head = f"[{' '.join(title.split())}]({url})" if url else bold(title)
    return [Block(f"- {head}" + (f": {text}" if text else ""), "item")]
