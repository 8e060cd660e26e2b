"""Measure every element of the content: text, links, kinds of elements inside. One pass, linear."""

from dataclasses import dataclass

from bs4.element import NavigableString, Tag

from ingest.clean.dom.tree import attr, elements, tokens

_STRUCTURE = frozenset(("pre", "h1", "dl"))
_CURRENT = frozenset(("active", "current", "selected", "is-active", "is-current"))


@dataclass(slots=True)
class Measure:
    """Sums over an element and everything below it.

    `text` and `linked` count characters. Of the `links`, `fragments` lead into the page itself, and
    `twins` to pages of the same name elsewhere: other versions or languages of this page. `structure`:
    code, a definition list or an `<h1>` is below. `here`: a link or item is marked as the current page,
    as in menus. `place` is the position in the document.
    """

    place: int = 0
    text: int = 0
    linked: int = 0
    links: int = 0
    fragments: int = 0
    twins: int = 0
    nodes: int = 0
    paragraphs: int = 0
    headings: int = 0
    structure: bool = False
    table: bool = False
    here: bool = False

    def share(self) -> float:
        """Return the share of the text that is inside links."""
        return self.linked / self.text if self.text else 0.0


def measure(root: Tag, url: str) -> dict[int, Measure]:
    """Return {`id()` of an element: its sums} for `root` and all below. `url` is the page's address."""
    every = [root, *elements(root)]
    out = {id(tag): Measure(place) for place, tag in enumerate(every)}
    page = _page(url)
    for tag in reversed(every):  # children come before their parents
        own = out[id(tag)]
        for text in tag.contents:
            if type(text) is NavigableString:
                own.text += len(text.strip())
        own.nodes += 1
        if tag.name == "a":
            own.links, own.linked = own.links + 1, own.text
            _count_link(own, tag, page)
        elif tag.name == "li" and not _CURRENT.isdisjoint(tokens(tag)):
            own.here = True
        above = out.get(id(tag.parent))
        if above is not None:
            _add(above, own, tag.name)
    return out


def _add(above: Measure, own: Measure, name: str) -> None:
    above.text += own.text
    above.linked += own.linked
    above.links += own.links
    above.fragments += own.fragments
    above.twins += own.twins
    above.nodes += own.nodes
    above.paragraphs += own.paragraphs + (name == "p")
    above.headings += own.headings + (name in ("h1", "h2", "h3", "h4"))
    above.structure = above.structure or own.structure or name in _STRUCTURE
    above.table = above.table or own.table or name == "table"
    above.here = above.here or own.here


def _count_link(own: Measure, link: Tag, page: str) -> None:
    href = attr(link, "href")
    same = href.startswith("#") or _page(href) == page
    if same and "#" in href:
        own.fragments += 1
    elif same and page and "/" in href:
        own.twins += 1
    own.here = own.here or _marks_current(link)


def _marks_current(link: Tag) -> bool:
    return attr(link, "aria-current") in ("page", "true") or not _CURRENT.isdisjoint(tokens(link))


def _page(url: str) -> str:
    """Return the last name in the path of an address; links to the same page have the same name."""
    return url.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2].removesuffix(".html")
