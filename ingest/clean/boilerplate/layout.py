"""Chrome by its position: breadcrumbs before the title, links to other pages after the content.

For pages without any known structure: menus around the content of a bare `<body>`.
"""

from dataclasses import dataclass

from bs4.element import NavigableString, Tag

from ingest.clean.boilerplate.rules import find_chrome
from ingest.clean.dom.tree import attr, children, elements, has_text, normalize_spaces, text_of, tokens

_TRAIL = 200  # characters before the title that are a breadcrumb, a section's name or a date
_SENTENCE = (".", "!", "?", ":")
_SPEAKS = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "table", "ul", "ol", "dl", "blockquote", "img")
_LINKS = range(2, 4)  # links that turn pages; a single one may be what the page is for


def find_edges(root: Tag, title: Tag | None, skip: set[int]) -> set[int]:
    """Return the `id()` of elements of the root that only lead to this page, or on from it."""
    out = _before(root, title, skip) if title is not None else set()
    return out | _after(root, skip)


def _before(root: Tag, title: Tag, skip: set[int]) -> set[int]:
    """Find short boxes before the title, unless one of them is a sentence."""
    path = [title, *title.parents]
    if not any(parent is root for parent in path[1:]):
        return set()
    found: list[Tag] = []
    for node in path:
        if node is root:
            break
        found += [tag for tag in node.previous_siblings if isinstance(tag, Tag) and id(tag) not in skip]
    texts = [text_of(tag) for tag in found]
    trail = sum(map(len, texts)) < _TRAIL and not any(text.endswith(_SENTENCE) for text in texts)
    return {id(tag) for tag in found if tag.find(["pre", "img"]) is None} if trail else set()


def _after(root: Tag, skip: set[int]) -> set[int]:
    """Find the last boxes of the page that contain only a few links."""
    out: set[int] = set()
    node: Tag | None = root
    while node is not None:
        last: Tag | None = None
        for tag in reversed(list(children(node))):
            if id(tag) in skip or (not has_text(tag) and tag.find(["pre", "img"]) is None):
                continue
            if not _leads_on(tag, skip):
                last = tag
                break
            out.add(id(tag))
        node = last if last is not None and last.name in ("div", "section", "article", "main") else None
    return out


def _leads_on(tag: Tag, skip: set[int]) -> bool:
    shown = [node for node in tag.contents if id(node) not in skip]
    inner = [node for top in shown if isinstance(top, Tag) for node in (top, *elements(top))]
    links = [node for node in inner if node.name == "a"]
    if tag.name in _SPEAKS or len(links) not in _LINKS:
        return False
    if any(node.name in _SPEAKS or any("card" in token for token in tokens(node)) for node in (*inner, tag)):
        return False
    text = normalize_spaces("".join(text_of(node) if isinstance(node, Tag) else str(node) for node in shown))
    return sum(len(text_of(link)) for link in links) >= len(text) - 4 and all(attr(link, "href") for link in links)


# A menu or site map: at least so many links, and so much of its text inside them.
MANY_LINKS = 5
LINK_SHARE = 0.85

_CONTENT = frozenset(("pre", "h1", "h2", "p"))


@dataclass(slots=True)
class _Sum:
    text: int = 0
    linked: int = 0
    links: int = 0
    content: bool = False


def find_outer_chrome(body: Tag) -> set[int]:
    """Return the `id()` of chrome in a body: asides, page headers, and boxes of links."""
    out = find_chrome(body)
    sums = _sums(body)
    for tag in elements(body):
        if tag.name in ("aside", "header") or (tag.name in ("ul", "ol", "div") and _is_link_box(sums[id(tag)])):
            out.add(id(tag))
    return out


def _is_link_box(total: _Sum) -> bool:
    return total.links >= MANY_LINKS and not total.content and total.linked > LINK_SHARE * total.text


def _sums(body: Tag) -> dict[int, _Sum]:
    """Add text and links up from the leaves: elements in reverse order, so that children come first."""
    every = [body, *elements(body)]
    sums = {id(tag): _Sum() for tag in every}
    for tag in reversed(every):
        total = sums[id(tag)]
        total.text += sum(len(text.strip()) for text in tag.contents if type(text) is NavigableString)
        if tag.name == "a":
            total.links, total.linked = total.links + 1, total.text
        total.content = total.content or tag.name in _CONTENT
        above = sums.get(id(tag.parent))
        if above is not None:
            above.text += total.text
            above.linked += total.linked
            above.links += total.links
            above.content = above.content or total.content
    return sums
