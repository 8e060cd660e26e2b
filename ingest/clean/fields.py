"""Parameters and endpoints of API pages: one list item per field, the endpoint as a code span."""

import re
from collections.abc import Iterator
from dataclasses import replace

from bs4.element import NavigableString, PageElement, Tag

from ingest.clean.block import Block, Context, item
from ingest.clean.chrome_words import ENDPOINT
from ingest.clean.tree import attr, elements, first, plain, tidy, tokens

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
    head = f"`{plain(name)}`" + (f" ({', '.join(facts)})" if facts else "")
    if blocks and blocks[0].kind == "text":
        head, blocks = f"{head}: {blocks[0].text}", blocks[1:]
    return [item("- ", [Block(head), *blocks])]


def _facts(meta: Tag) -> list[str]:
    """Give the type, and whether a value is required; that one is optional is the rule."""
    texts = [tidy(str(t)) for t in meta.descendants if type(t) is NavigableString and t.strip()]
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
        elif type(node) is NavigableString and tidy(str(node)):
            yield tidy(str(node))


def is_endpoint(tag: Tag) -> bool:
    """Tell whether an element is the box that shows an endpoint's method and path."""
    if attr(tag, "id").startswith("api-playground") or "fern-endpoint-url" in tokens(tag):
        return True
    return tag.name == "button" and bool(ENDPOINT.match(plain(tag)))
