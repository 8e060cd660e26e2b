"""The parsed tree: text and attributes of elements, and an index of the page made in one pass."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

# Zero-width space, word joiner and soft hyphen: platforms put them into anchors and empty code lines.
# Joiners (U+200C, U+200D) are spelling in some scripts and part of emoji.
INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]")
SPACES = re.compile(r"\s+")


def attr(tag: Tag, name: str) -> str:
    """Return an attribute as text, "" when it is missing."""
    value = tag.attrs.get(name)
    return value if isinstance(value, str) else ""


def tokens(tag: Tag) -> list[str]:
    """Return the class tokens of an element; trees are parsed with classes as one string."""
    value = tag.attrs.get("class")  # not by `attr`: this is asked of every element, several times
    return value.split() if isinstance(value, str) else []


def part(tag: Tag) -> str:
    """Return Mintlify's `data-component-part`, its stable name for pieces of a component."""
    return attr(tag, "data-component-part")


def elements(tag: Tag) -> Iterator[Tag]:
    """Yield all elements below `tag`, in document order, without recursion."""
    above: PageElement | None = tag
    while above is not None and above.next_sibling is None:
        above = above.parent
    node, end = tag.contents[0] if tag.contents else None, above.next_sibling if above is not None else None
    while node is not end and node is not None:
        after = node.next_element
        if isinstance(node, Tag):
            yield node
        node = after


def children(tag: Tag) -> Iterator[Tag]:
    """Yield the elements directly below `tag`."""
    return (node for node in tag.contents if isinstance(node, Tag))


def first_named(tag: Tag, names: str | Collection[str]) -> Tag | None:
    """Return the first element below `tag` with one of these names: ten times as fast as `Tag.find`."""
    wanted = (names,) if isinstance(names, str) else names
    for node in elements(tag):
        if node.name in wanted:
            return node
    return None


def normalize_spaces(text: str) -> str:
    """Collapse white space to single spaces and take invisible characters out."""
    return SPACES.sub(" ", INVISIBLE.sub("", text)).strip()


def text_of(tag: Tag) -> str:
    """Return the text of an element on one line, without scripts and styles."""
    return normalize_spaces("".join(text for text in tag.descendants if type(text) is NavigableString))


def has_text(tag: Tag) -> bool:
    """Return whether `text_of` would return anything."""
    return any(type(text) is NavigableString and normalize_spaces(text) for text in tag.descendants)


def squash(text: str) -> str:
    """Reduce text to letters and digits in lower case, to compare it with other text."""
    return re.sub(r"[\W_]+", "", text.lower())


def first(tag: Tag, *, classes: frozenset[str] = frozenset(), parts: frozenset[str] = frozenset()) -> Tag | None:
    """Find the first element below `tag` with one of these class tokens or component parts."""
    for node in elements(tag):
        if (parts and part(node) in parts) or (classes and not classes.isdisjoint(tokens(node))):
            return node
    return None


def join_url(base: str, href: str) -> str:
    """Resolve a link against the page's address; "" when it is not an address at all."""
    try:
        return urljoin(base, href.strip())
    except ValueError:
        return ""


@dataclass(slots=True)
class Index:
    """Elements of a page by id, class token, tag name, component part, role and itemprop, each in order."""

    ids: dict[str, Tag] = field(default_factory=dict)
    classes: dict[str, list[Tag]] = field(default_factory=dict)
    names: dict[str, list[Tag]] = field(default_factory=dict)
    parts: dict[str, list[Tag]] = field(default_factory=dict)
    roles: dict[str, list[Tag]] = field(default_factory=dict)
    props: dict[str, list[Tag]] = field(default_factory=dict)
    order: list[Tag] = field(default_factory=list)

    def meta(self, *names: str) -> str:
        """Return the content of the first of these meta elements that has any."""
        for name in names:
            for tag in self.names.get("meta", []):
                if name in (attr(tag, "name").lower(), attr(tag, "property").lower()):
                    content = normalize_spaces(attr(tag, "content"))
                    if content:
                        return content
        return ""


def index_tree(soup: BeautifulSoup) -> Index:
    """Index ids, class tokens, tag names, component parts and roles in one pass."""
    index = Index()
    places = (("data-component-part", index.parts), ("role", index.roles), ("itemprop", index.props))
    for tag in elements(soup):
        index.order.append(tag)
        index.names.setdefault(tag.name, []).append(tag)
        attrs = tag.attrs
        if not attrs:
            continue
        if "id" in attrs:
            index.ids.setdefault(str(attrs["id"]), tag)
        if "class" in attrs:
            for token in str(attrs["class"]).split():
                index.classes.setdefault(token, []).append(tag)
        for name, found in places:
            if name in attrs:
                found.setdefault(str(attrs[name]), []).append(tag)
    return index


def graft_streamed(index: Index) -> bool:
    """Move streamed pieces (`<div hidden id="S:n">`) to their placeholders `B:n` or `P:n`.

    React streams a slow part of a page to the end of the document and moves it with a script.
    Returns True when the tree changed and has to be indexed again.
    """
    changed = False
    for name, piece in list(index.ids.items()):
        match = re.fullmatch(r"(.*)S:([0-9a-f]+)", name)
        if not match:
            continue
        places = (index.ids.get(f"{match[1]}{letter}:{match[2]}") for letter in "BP")
        place = next((p for p in places if p is not None and p.name == "template"), None)
        if place is None or any(parent is piece for parent in place.parents):
            continue
        piece.attrs.pop("hidden", None)
        place.replace_with(piece.extract())
        changed = True
    return changed
