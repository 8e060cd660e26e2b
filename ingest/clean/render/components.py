"""Render the components of documentation platforms as markdown.

Callouts (notes, tips, warnings) become a quote with a bold label; cards become list items with the title
as the link; parameters of API pages one list item each, an endpoint a code span; definition lists become
list items, except the entries of API references, whose signatures become headings.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from bs4.element import NavigableString, PageElement, Tag

from ingest.clean.dom.lookups import anchor_of
from ingest.clean.dom.tree import attr, children, elements, first, normalize_spaces, part, squash, text_of, tokens
from ingest.clean.render.blocks import Block, Context, bold, item, join_blocks, quote
from ingest.clean.render.boxes import box
from ingest.clean.render.inline import link_target, render_inline
from ingest.clean.render.notes import render_footnote_list

# A button that opens an operation of an API shows its method and path.
ENDPOINT = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s*/", re.IGNORECASE)

# Class tokens that mean "callout" by themselves.
CALLOUTS = frozenset(
    "admonition callout custom-block theme-admonition starlight-aside admonitionblock notecard markdown-alert "
    "nextra-callout fern-callout book-hint hint rspress-directive alert adm-block confluence-information-macro "
    "awsdocs-note hatnote".split()
)
# Themes' own names for it: the last word is what the box is (`wysiwyg-callout`, `Callout--caution`).
_NAMED = re.compile(r"(?:.*[-_a-z])?(?:callout|admonition)(?:--\w+)?", re.IGNORECASE)
CALLOUT_KINDS = {
    "note": "Note", "info": "Info", "tip": "Tip", "hint": "Hint", "warning": "Warning", "caution": "Caution",
    "danger": "Danger", "error": "Danger", "important": "Important", "attention": "Attention", "success": "Success",
    "check": "Check", "seealso": "See also", "todo": "Todo", "deprecated": "Deprecated", "example": "Example",
    "question": "Question", "abstract": "Abstract", "bug": "Bug", "failure": "Failure", "secondary": "Note",
    "primary": "Note", "warn": "Warning", "pitfall": "Pitfall", "okay": "Check", "quote": "Quote", "new": "New",
}  # fmt: skip
_ALONE = frozenset("note tip warning caution important danger attention".split())
_ASIDE = _ALONE | {"notice", "info", "success"}
_TITLES = frozenset(
    "admonition-title custom-block-title starlight-aside__title markdown-alert-title callout-title callout-heading "
    "alert-heading alert-title rspress-directive-title hint-title title admonition-heading".split()
)


_BOXES = frozenset(("div", "p", "aside", "details", "blockquote"))
_NEVER = frozenset(("span", "a", "button", "td", "html", "body", "main", "article", "svg"))


def is_callout(tag: Tag) -> bool:
    """Return whether an element is a callout, by its class tokens or data attributes."""
    attrs = tag.attrs
    if not attrs:
        return False
    if "data-callout-type" in attrs or (tag.name in _BOXES and attr(tag, "role") == "note"):
        return True
    if "class" not in attrs:
        return False
    names = [name for name in tokens(tag) if name != "alert" or tag.name != "details"]
    if not CALLOUTS.isdisjoint(names):
        return tag.name not in _NEVER and "-" not in tag.name
    if tag.name not in _BOXES:
        return False
    alone = _ASIDE if tag.name == "aside" else _ALONE
    return any(map(_NAMED.fullmatch, names)) or (len(names) < 4 and not alone.isdisjoint(map(str.lower, names)))


def _kind(tag: Tag) -> str:
    words = [attr(tag, "data-callout-type"), attr(tag, "data-intent"), *(t for t in tokens(tag) if t not in CALLOUTS)]
    for word in words:
        low = word.lower()
        last = re.split(r"--|[-_]", low)[-1]
        for name in (low, last):
            if name in CALLOUT_KINDS:
                return name
    return "note"


_HEAD = 200  # elements at the start of a callout among which its icon and title are


def _title_element(tag: Tag) -> Tag | None:
    for node in islice(elements(tag), _HEAD):
        if node.name == "summary" or part(node) == "callout-title" or not _TITLES.isdisjoint(tokens(node)):
            return node
        if any(token.startswith("admonitionHeading") for token in tokens(node)):
            return node
        if node.name in ("h3", "h4", "h5", "h6"):
            return node
        if node.name in ("p", "pre", "ul", "ol"):
            return None
    return None


def _unlabel(content: list[Block], label: str) -> None:
    """Take the kind off the first paragraph, where a theme writes it into the text: `**Note:** ...`."""
    if content and content[0].kind == "text":
        text = re.sub(rf"^(?:\*\*)?{label}:?(?:\*\*:?|:|$)\s*", "", content[0].text, flags=re.IGNORECASE)
        content[0] = replace(content[0], text=text)


def render_callout(tag: Tag, ctx: Context) -> list[Block]:
    """Render a callout as a quote: `> **Note**` or `> **Note: its title**`, then the content."""
    kind = _kind(tag)
    heading = _title_element(tag)
    title = re.sub(r"^\W+|\s+$", "", text_of(heading)) if heading is not None else ""
    gone = {id(heading)} if heading is not None else set()
    head = islice(elements(tag), _HEAD)
    gone |= {id(node) for node in head if "icon" in tokens(node) or part(node) == "callout-icon"}
    content = replace(ctx, skip=ctx.skip | gone).inside(tag.contents)
    _unlabel(content, CALLOUT_KINDS[kind])
    content = [block for block in content if block.kind != "text" or len(block.text) > 3 or squash(block.text)]
    if not content:
        return [Block(title)] if title and squash(title) not in CALLOUT_KINDS else []
    label = CALLOUT_KINDS[kind]
    if title and squash(title) not in (squash(label), kind):
        label = title if squash(title) in CALLOUT_KINDS else f"{label}: {title}"
    return [quote([Block(f"**{label.rstrip(':')}**"), *content])]


_TITLE_CLASSES = frozenset(("fern-card-title", "card-title", "sd-card-title", "title"))
_TITLE_PARTS = frozenset(("card-title",))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LONGEST_TITLE = 120  # characters of a title; more is a paragraph that happens to be a link


def render_card(tag: Tag, ctx: Context) -> list[Block]:
    """Render a card as `- [title](address): text`; only its content when it has no title."""
    title = _title(tag)
    link = tag if tag.name == "a" else next((n for n in elements(tag) if n.name == "a" and attr(n, "href")), None)
    if title is None or (part(title) != "card-title" and link is None):
        return render_link_box(tag, ctx) if tag.name == "a" else ctx.deeper(tag.contents)
    blocks = replace(ctx, skip=ctx.skip | {id(title)}).inside(tag.contents)
    url = link_target(attr(link, "href"), ctx.base) if link is not None and (tag.name == "a" or not blocks) else ""
    return _item(text_of(title), url, blocks) or ctx.deeper(tag.contents)


def render_link_box(tag: Tag, ctx: Context) -> list[Block]:
    """Render a link around whole blocks: its heading or first line is the title.

    A link around nothing but a heading is the heading, with a link to itself.
    """
    title = _title(tag)
    if title is not None and text_of(title) == text_of(tag) and title.name in _HEADINGS:
        return ctx.deeper(tag.contents)
    url = link_target(attr(tag, "href"), ctx.base)
    skip = ctx.skip | {id(title)} if title is not None else ctx.skip
    blocks = replace(ctx, skip=skip).inside(tag.contents)
    if title is not None:
        return (_item(text_of(title), url, blocks) if url else []) or ctx.deeper(tag.contents)
    if (
        not url
        or not blocks
        or blocks[0].kind != "text"
        or len(blocks[0].text) > _LONGEST_TITLE
        or "](" in blocks[0].text
    ):
        return ctx.deeper(tag.contents)
    return _item(blocks[0].text, url, blocks[1:]) or ctx.deeper(tag.contents)


def _title(tag: Tag) -> Tag | None:
    title = first(tag, classes=_TITLE_CLASSES, parts=_TITLE_PARTS)
    if title is None:
        title = next((node for node in elements(tag) if node.name in _HEADINGS), None)
    return title if title is not None and text_of(title) else None


def _item(title: str, url: str, blocks: list[Block]) -> list[Block]:
    if any(block.kind != "text" for block in blocks):
        return []
    text = " ".join(" ".join(block.text.split()) for block in blocks)
    head = f"[{' '.join(title.split())}]({url})" if url else bold(title)
    return [Block(f"- {head}" + (f": {text}" if text else ""), "item")]


FIELDS = ("fern-api-property", "primitive-param-field", "field")
_NAMES = frozenset(("fern-api-property-key",))
_METAS = frozenset(("fern-api-property-meta",))
_WHERE = re.compile(r"(?:request[.-])?(path|query|header|body|cookie)s?(?:[.-]|parameters)")
_METHOD = re.compile(r"GET|POST|PUT|PATCH|DEL|DELETE|HEAD|OPTIONS|TRACE|WS", re.IGNORECASE)


def render_field(tag: Tag, ctx: Context) -> list[Block]:
    """Render a parameter: `` - `name` (type, where, required): text ``."""
    name = first(tag, classes=_NAMES, parts=frozenset(("field-name",)))
    if name is None:
        return ctx.deeper(tag.contents)
    meta = first(tag, classes=_METAS, parts=frozenset(("field-meta",)))
    facts = _facts(meta) if meta is not None else []
    where = _where(tag)
    if where and where not in facts:
        facts.insert(1 if facts and facts[0] != "required" else 0, where)
    gone = {id(name)} | ({id(meta)} if meta is not None else set())
    blocks = replace(ctx, skip=ctx.skip | gone).inside(tag.contents)
    head = f"`{text_of(name)}`" + (f" ({', '.join(facts)})" if facts else "")
    if blocks and blocks[0].kind == "text":
        head, blocks = f"{head}: {blocks[0].text}", blocks[1:]
    return [item("- ", [Block(head), *blocks])]


def _facts(meta: Tag) -> list[str]:
    """Return the type, and "required" where it is; "optional" is the default and left out."""
    texts = [normalize_spaces(str(t)) for t in meta.descendants if type(t) is NavigableString and t.strip()]
    out: list[str] = []
    for text in texts:
        low = text.lower()
        if low != "optional" and low not in out:
            out.append(low if low == "required" else text)
    return out


def _where(tag: Tag) -> str:
    ids = [attr(tag, "id"), *(attr(node, "id") for node in elements(tag) if "id" in node.attrs)]
    match = next((m for m in map(_WHERE.match, ids) if m), None)
    return match[1] if match else ""


def render_endpoint(tag: Tag, ctx: Context) -> list[Block]:
    """Render an endpoint's box as `` `GET /path` ``, without the server's address and the buttons."""
    texts = list(_texts(tag, ctx))
    method = next((text for text in texts if _METHOD.fullmatch(text)), "")
    rest = [t for t in texts if t != method and not t.startswith(("http://", "https://"))]
    about = rest.pop() if tag.name == "button" and len(rest) > 1 and " " in rest[-1] else ""
    path = "".join(rest)
    return [Block(f"`{method} {path}`".replace("` ", "`") + (f": {about}" if about else ""))] if path else []


def _texts(tag: Tag, ctx: Context) -> Iterator[str]:
    stack: list[PageElement] = [tag]
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            if id(node) not in ctx.skip:
                stack.extend(reversed(node.contents))
        elif type(node) is NavigableString and normalize_spaces(str(node)):
            yield normalize_spaces(str(node))


def is_endpoint(tag: Tag) -> bool:
    """Return whether an element is the box that shows an endpoint's method and path."""
    if attr(tag, "id").startswith("api-playground") or "fern-endpoint-url" in tokens(tag):
        return True
    return tag.name == "button" and bool(ENDPOINT.match(text_of(tag)))


_LONGEST_TERM = 300  # characters of a signature that still makes a heading


def render_definitions(tag: Tag, ctx: Context) -> list[Block]:
    """Render a definition list: each term an item, its descriptions below it."""
    if "footnote" in tokens(tag):
        return render_footnote_list(tag, ctx)
    parts = [child for child in _parts(tag) if id(child) not in ctx.skip]
    if not ctx.nested and any(child.name == "dt" and _is_signature(child) for child in parts):
        return _entries(parts, ctx)
    out: list[Block] = []
    terms: list[Block] = []
    for child in parts:
        blocks = ctx.inside(child.contents)
        if child.name == "dt":
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
    """Return whether a term is a signature that Sphinx made: of a function, class, option ... with an id."""
    return bool(attr(term, "id")) and not {"sig", "sig-object", "descname"}.isdisjoint(tokens(term))


def _entries(parts: list[Tag], ctx: Context) -> list[Block]:
    """Render API entries: signatures as headings one level below the current one."""
    before = ctx.state.level
    level = min(6, max(2, before + 1))
    out: list[Block] = []
    for child in parts:
        ctx.state.level = level
        if child.name != "dt":
            out += ctx.deeper(child.contents)
            continue
        text = " ".join(render_inline(child.contents, ctx, links=False, marks=False).split())
        if text and len(text) <= _LONGEST_TERM:
            out.append(Block(text, "heading", level=level, anchor=anchor_of(child)))
        elif text:
            out.append(Block(f"**{text}**"))
    ctx.state.level = before
    return box(out, ctx, entry=True)
