"""Pages without any known structure: what stands around the content of a bare `<body>`."""

from dataclasses import dataclass

from bs4.element import NavigableString, Tag

from ingest.clean.chrome import find_chrome
from ingest.clean.tree import elements

# Boxes of links only, menus and site maps: so many links, and so little text beside them.
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
    """Give the `id()` of chrome in a body: asides, page headers, and boxes that hold only links."""
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
