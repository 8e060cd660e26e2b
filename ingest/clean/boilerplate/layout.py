"""Chrome by its position: before the title, after the content, and around the content of a bare `<body>`."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bs4.element import Tag

from ingest.clean.boilerplate.density import Measure
from ingest.clean.boilerplate.vocabulary import BANNER, HEADINGS
from ingest.clean.dom.tree import attr, children, elements, first_named, has_text, normalize_spaces, text_of, tokens

_TRAIL = 200  # characters before the title that are a breadcrumb, a section's name or a date
_MENUS = frozenset(("nav", "ul", "ol", "form", "div"))
_BANNERS = frozenset(("div", "p", "aside", "section", "blockquote"))
_BANNER_LENGTH = 300
_SHORTEST = 20
_NEAR = 40  # elements from the title or from the end
_SENTENCE = (".", "!", "?", ":")
_SPEAKS = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "table", "ul", "ol", "dl", "blockquote", "img")
_LINKS = range(2, 4)  # links that turn pages; a single one may be what the page is for


@dataclass(frozen=True, slots=True)
class Layout:
    """A content root with what earlier passes found: measures of its elements, the title, what to skip."""

    root: Tag
    sizes: dict[int, Measure]
    title: Tag | None
    skip: AbstractSet[int]

    def place(self) -> int:
        """Return the position of the title in the root, 0 where it has none."""
        return self.sizes[id(self.title)].place if self.title is not None and id(self.title) in self.sizes else 0

    def shown(self, tag: Tag) -> str:
        """Return the text of an element without what is skipped."""
        parts: list[str] = []
        stack = [tag]
        while stack:
            node = stack.pop()
            if id(node) in self.skip:
                continue
            parts += [str(text) for text in node.contents if not isinstance(text, Tag)]
            stack.extend(reversed(list(children(node))))
        return normalize_spaces(" ".join(parts))


def find_edges(page: Layout) -> set[int]:
    """Return the `id()` of elements of the root that only lead to this page, or on from it, and of banners."""
    return _before(page) | _after(page.root, page.skip) | _banners(page)


def _banners(page: Layout) -> set[int]:
    """Find short boxes near the top or the end that say "this is an old version" or "we use cookies"."""
    out: set[int] = set()
    order = list(elements(page.root))
    for tag in (*order[: page.place() + _NEAR], *order[-_NEAR:]):
        size = page.sizes[id(tag)]
        if tag.name not in _BANNERS or not _SHORTEST < size.text < _BANNER_LENGTH or size.headings:
            continue
        if BANNER.search(text_of(tag)) and first_named(tag, "pre") is None:
            out.add(id(tag))
    return out


def _before(page: Layout) -> set[int]:
    """Find short boxes before the title, unless one of them is a sentence."""
    if page.title is None or not page.place():
        return set()
    found: list[Tag] = []
    for node in (page.title, *page.title.parents):
        if node is page.root:
            break
        found += [tag for tag in node.previous_siblings if isinstance(tag, Tag) and id(tag) not in page.skip]
    banners = [tag for tag in found if _is_banner(page, tag)]
    texts = [page.shown(tag) for tag in found if tag not in banners]
    trail = sum(map(len, texts)) < _TRAIL and not any(text.endswith(_SENTENCE) for text in texts)
    kept = set() if trail else {id(tag) for tag in found if tag not in banners}
    return {id(tag) for tag in found if first_named(tag, ("pre", "img")) is None or tag in banners} - kept


def _is_banner(page: Layout, tag: Tag) -> bool:
    """Return whether a box is the head of the site: a menu or a search form, and a few words around it."""
    if page.sizes[id(tag)].headings or first_named(tag, "pre") is not None:
        return False
    has_menu = any(id(node) in page.skip and node.name in _MENUS for node in elements(tag))
    return has_menu and len(page.shown(tag)) < _TRAIL


def _after(root: Tag, skip: AbstractSet[int]) -> set[int]:
    """Find the last boxes of the page that contain only a few links."""
    out: set[int] = set()
    node: Tag | None = root
    while node is not None:
        last: Tag | None = None
        for tag in reversed(list(children(node))):
            if id(tag) in skip or (not has_text(tag) and first_named(tag, ("pre", "img")) is None):
                continue
            if not _leads_on(tag, skip):
                last = tag
                break
            out.add(id(tag))
        node = last if last is not None and last.name in ("div", "section", "article", "main") else None
    return out


def _leads_on(tag: Tag, skip: AbstractSet[int]) -> bool:
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
_MENU_LINKS = 5
_MENU_SHARE = 0.85
_SENTENCE_LENGTH = 80  # characters outside of links that make a paragraph content for certain
_PROSE = frozenset("p pre dd td li blockquote".split())
_BOXES = frozenset("ul ol div table td section center font p".split())
_NEARLY_ALL = 0.97  # share of the sentences in the column of the content
_OWN = ["h1", "h2", "h3", "h4", "pre", "th", "dl"]
_FIXED = frozenset(
    ("fixed", "position-fixed", "is-fixed")
)  # utility classes: the content is never pinned to the screen


def narrow(page: Layout) -> Tag:
    """Return the innermost box of a body that has nearly all of its sentences, and every heading and code block.

    Finds the column of the content where columns are cells of a table, or boxes with unknown names.
    """
    sentences = [tag for tag in _sentences(page) if not any(id(parent) in page.skip for parent in tag.parents)]
    whole = _prose_length(page, sentences)
    node, inside = page.root, sentences
    while inside:
        for box in children(node):
            size = page.sizes[id(box)]
            within = [tag for tag in inside if size.place < page.sizes[id(tag)].place < size.place + size.nodes]
            if _prose_length(page, within) >= _NEARLY_ALL * whole:
                break
        else:
            return node
        if box.name in ("pre", "ul", "ol", "dl", "p", "blockquote", *HEADINGS) or not _only_chrome(page, node, box):
            return node
        node, inside = box, within
    return node


def _prose_length(page: Layout, tags: list[Tag]) -> int:
    return sum(page.sizes[id(tag)].text for tag in tags)


def _only_chrome(page: Layout, node: Tag, box: Tag) -> bool:
    """Return whether the other boxes in `node` have no heading, code or table of data."""
    others = [tag for tag in children(node) if tag is not box and id(tag) not in page.skip]
    return not any(tag.name in _OWN or first_named(tag, _OWN) is not None for tag in others)


def find_outer_chrome(page: Layout) -> set[int]:
    """Return the `id()` of chrome in a body: asides, page headers, pinned boxes, and menus.

    A list of links is a menu before the title, after the last paragraph, or where it marks this page.
    """
    sentences = list(_sentences(page))
    end = page.sizes[id(sentences[-1])].place if sentences else 0
    start = page.place()
    out = _tail(page, sentences[-1]) if sentences else set()
    for tag in elements(page.root):
        size = page.sizes[id(tag)]
        if page.title is not None and size.place <= start < size.place + size.nodes:
            continue
        pinned = not _FIXED.isdisjoint(tokens(tag)) and 2 * size.text < page.sizes[id(page.root)].text
        outside = not start < size.place < end
        menu = tag.name in _BOXES and (size.here or outside) and _is_menu(tag, size, outside=outside)
        if tag.name in ("aside", "header") or pinned or menu:
            out.add(id(tag))
    return out


def _tail(page: Layout, last: Tag) -> set[int]:
    """Find what follows the box of the last sentence, when it is short: an address, a counter, "Powered by"."""
    out: list[Tag] = []
    for node in last.parents:
        if node is page.root or node.parent is None:
            break
        out += [tag for tag in node.next_siblings if isinstance(tag, Tag) and id(tag) not in page.skip]
    short = sum(page.sizes[id(tag)].text for tag in out) < _TRAIL
    return {id(tag) for tag in out if first_named(tag, "pre") is None} if short else set()


def _sentences(page: Layout) -> Iterator[Tag]:
    """Yield paragraphs, items and the like that are content for certain."""
    for tag in elements(page.root):
        size = page.sizes[id(tag)]
        prose = tag.name in _PROSE and size.text - size.linked >= _SENTENCE_LENGTH
        if prose and id(tag) not in page.skip:
            yield tag


def _is_menu(tag: Tag, size: Measure, *, outside: bool) -> bool:
    if size.links < (2 if outside else _MENU_LINKS) or size.share() <= _MENU_SHARE:
        return False
    return first_named(tag, ("pre", "h1", "h2")) is None and (outside or not size.paragraphs)
