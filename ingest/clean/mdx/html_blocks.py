"""HTML within markdown (tables, lists, headings, `<pre>`) -> markdown, by the renderer of HTML pages.

Code must be marks by now. Elements that are never closed are left to the passes that drop single tags.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ingest.clean.dom.lookups import find_blocky
from ingest.clean.html import parse_html
from ingest.clean.mdx.source import Protected
from ingest.clean.render.blocks import Block, Context, block_text, join_blocks
from ingest.clean.render.walk import walk

_NAMES: Final = "table|ul|ol|dl|pre|blockquote|h[1-6]|figure"
_OPEN = re.compile(rf"^(?P<lead>[ \t]*)<(?P<name>{_NAMES})\b[^<>]*(?<!/)>", re.MULTILINE)
_MARK = re.compile("\x00(F\\d+)\x00")
_HIDDEN = re.compile("\ue000(F\\d+)\ue001")
_LONGEST: Final = 400_000
_ROW = re.compile(r"^[ \t>]*\|.*<(?:ul|ol)\b.*$", re.MULTILINE)
_FIRST_ITEM = re.compile(r"<(?:ul|ol)\b[^<>]*>\s*<li\b[^<>]*>")
_NEXT_ITEM = re.compile(r"\s*(?:</li>)?\s*<li\b[^<>]*>")
_LIST_TAG = re.compile(r"\s*</?(?:ul|ol|li)\b[^<>]*>")


def render_html_blocks(text: str, kept: Protected) -> str:
    """Render the HTML blocks of a text; in their place are blocks of markdown, code as marks again."""
    text = _ROW.sub(_with_plain_lists, text) if "<li" in text else text
    out: list[str] = []
    at = 0
    ends: dict[str, Callable[[int], int]] = {}
    while found := _OPEN.search(text, at):
        name = found["name"]
        if name not in ends:
            ends[name] = _ends(text, name)
        end = ends[name](found.start())
        if not end or end - found.start() > _LONGEST:
            out.append(text[at : found.end()])
            at = found.end()
            continue
        out += [text[at : found.start()], "\n\n", _rendered(text[found.start() : end], kept, found["lead"]), "\n\n"]
        at = end
    return "".join(out) + text[at:]


def _with_plain_lists(row: re.Match[str]) -> str:
    """Write the lists in a row of a table as cells of HTML tables have them: items separated by semicolons."""
    return _LIST_TAG.sub("", _NEXT_ITEM.sub("; ", _FIRST_ITEM.sub(" ", row[0])))


def _ends(text: str, name: str) -> Callable[[int], int]:
    """Where each element of a name ends: found once for the whole text, as elements may nest."""
    ends: dict[int, int] = {}
    open_at: list[int] = []
    for tag in re.finditer(rf"<(/?){name}\b[^<>]*>", text):
        if not tag[1]:
            open_at.append(tag.start())
        elif open_at:
            ends[open_at.pop()] = tag.end()
    return lambda start: ends.get(text.index("<", start), 0)


def _rendered(html: str, kept: Protected, lead: str) -> str:
    html = _MARK.sub("\ue000\\1\ue001", kept.bare(html)).replace("\x00", "")
    soup, _ = parse_html(f"<html><body>{html}</body></html>")
    root = soup.body or soup
    ctx = Context("", walk)
    blocks = replace(ctx, blocky=find_blocky(root)).blocks(root.contents)
    written = [_marked(block, kept) for block in blocks]
    text = _HIDDEN.sub("\x00\\1\x00", kept.protect_spans(join_blocks(written)))
    return "\n".join((lead + line).rstrip() for line in text.split("\n"))


def _marked(block: Block, kept: Protected) -> Block:
    """A block as text, its code as a mark, its anchor behind its heading."""
    if block.kind == "code":
        return Block(kept.block(block))
    anchor = f" {{#{block.anchor}}}" if block.kind == "heading" and re.fullmatch(r"[\w:.-]+", block.anchor) else ""
    return Block(block_text(block) + anchor, "item" if block.kind == "item" else "text")
