"""Walk the content of a page and make blocks of markdown."""

from collections.abc import Callable, Iterable, Iterator

from bs4.element import PageElement, Tag

from ingest.clean.dom.lookups import BLOCK_TAGS, anchor_of
from ingest.clean.dom.tree import attr, children, first_named, normalize_spaces, text_of
from ingest.clean.render.blocks import MAX_DEPTH, Block, Context, escape_text, item, quote
from ingest.clean.render.code import code_blocks
from ingest.clean.render.components import render_definitions, render_link_box
from ingest.clean.render.inline import render_inline
from ingest.clean.render.notes import is_footnote_item
from ingest.clean.render.tables import render_table
from ingest.clean.render.widgets import render_caption, widget

Handler = Callable[[Tag, Context], list[Block]]


def walk(nodes: Iterable[PageElement], ctx: Context) -> list[Block]:
    """Render nodes to blocks. Boxes without a meaning of their own are unwrapped, without recursion."""
    if ctx.depth > MAX_DEPTH:
        return _text_only(nodes, ctx)
    out: list[Block] = []
    run: list[PageElement] = []
    stack: list[Iterator[PageElement]] = [iter(list(nodes))]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            _flush(run, out, ctx)
        elif not isinstance(node, Tag) or _is_inline(node, ctx):
            run.append(node)
        elif id(node) not in ctx.skip:
            _flush(run, out, ctx)
            handler = widget(node) or _BY_TAG.get(node.name)
            if handler is None:
                stack.append(iter(list(node.contents)))
            else:
                out.extend(handler(node, ctx))
    _flush(run, out, ctx)
    return out


def _is_inline(tag: Tag, ctx: Context) -> bool:
    return (
        tag.name not in BLOCK_TAGS and id(tag) not in ctx.blocky and tag.attrs.get("data-as") != "p" and not widget(tag)
    )


def _flush(run: list[PageElement], out: list[Block], ctx: Context) -> None:
    if run:
        text = render_inline(run, ctx)
        run.clear()
        if text:
            out.append(Block(escape_text(text)))


def _text_only(nodes: Iterable[PageElement], ctx: Context) -> list[Block]:
    texts = (text_of(n) if isinstance(n, Tag) else normalize_spaces(str(n)) for n in nodes if id(n) not in ctx.skip)
    text = " ".join(text for text in texts if text)
    return [Block(escape_text(text))] if text else []


def _heading(tag: Tag, ctx: Context) -> list[Block]:
    if id(tag) == ctx.title:
        return [] if ctx.nested else [Block("", "title")]
    text = " ".join(render_inline(tag.contents, ctx, links=False, marks=False).split())
    if not text:
        return []
    if ctx.nested:
        return [Block(f"**{text}**")]
    level = min(6, max(2, int(tag.name[1])) + ctx.demote)
    ctx.state.level = level
    return [Block(text, "heading", level=level, anchor=anchor_of(tag))]


def _list(tag: Tag, ctx: Context) -> list[Block]:
    """Render a list, with blank lines between items when one has several paragraphs.

    A list whose items are whole sections (Javadoc) gives only its content.
    """
    if not ctx.nested and any(_is_section(child) for child in children(tag)):
        return ctx.deeper([node for child in children(tag) if id(child) not in ctx.skip for node in child.contents])
    ordered = tag.name == "ol"
    start = attr(tag, "start")
    number = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    items: list[Block] = []
    for child in children(tag):
        if id(child) in ctx.skip:
            continue
        blocks = ctx.inside(child.contents if child.name == "li" else [child])
        if blocks:
            marker = f"{number}. " if ordered else "- "
            items.append(item(f"[^{number}]: " if is_footnote_item(child) else marker, blocks))
            number += 1
    if not items:
        return ctx.blocks([n for n in tag.contents if not isinstance(n, Tag)])
    loose = any("\n\n" in block.text for block in items)
    return [Block(("\n\n" if loose else "\n").join(block.text for block in items), "list")]


def _is_section(item: Tag) -> bool:
    inner = next(children(item), None)
    return inner is not None and inner.name == "section" and first_named(inner, ("h2", "h3", "h4")) is not None


def _quote(tag: Tag, ctx: Context) -> list[Block]:
    blocks = ctx.inside(tag.contents)
    return [quote(blocks)] if blocks else []


def _pre(tag: Tag, ctx: Context) -> list[Block]:
    return code_blocks(tag, ctx)


def _rule(_tag: Tag, _ctx: Context) -> list[Block]:
    return []


_BY_TAG: dict[str, Handler] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
    "ul": _list,
    "ol": _list,
    "dl": render_definitions,
    "blockquote": _quote,
    "pre": _pre,
    "table": render_table,
    "figcaption": render_caption,
    "hr": _rule,
    "a": render_link_box,
}
