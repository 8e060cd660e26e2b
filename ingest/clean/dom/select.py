"""Find elements through the index: a few fixed selector forms, and the choice of profile and root."""

import re
from collections.abc import Iterator
from functools import cache

from bs4.element import Tag

from ingest.clean.dom.generators import GENERIC_ROOTS, PROFILES, Profile
from ingest.clean.dom.tree import Index, attr, has_text, text_of, tokens

_SIMPLE = re.compile(r"(?P<name>[\w-]+)?(?P<rest>(?:[#.][\w:-]+|\[\w+=\w+\])*)")

# Fewer characters than this are a teaser, a banner or a callout, where a longer candidate exists.
ENOUGH = 200


@cache
def _parse(simple: str) -> tuple[str, str, frozenset[str], tuple[str, str]]:
    match = _SIMPLE.fullmatch(simple)
    if match is None:
        raise ValueError(simple)
    rest = match["rest"] or ""
    pair = re.search(r"\[(\w+)=(\w+)\]", rest)
    names = re.findall(r"\.([\w:-]+)", rest)
    ident = re.search(r"#([\w:-]+)", rest)
    return match["name"] or "", ident[1] if ident else "", frozenset(names), (pair[1], pair[2]) if pair else ("", "")


def _fits(tag: Tag, simple: str) -> bool:
    name, ident, classes, (key, value) = _parse(simple)
    return (
        (not name or tag.name == name)
        and (not ident or attr(tag, "id") == ident)
        and (not classes or classes.issubset(tokens(tag)))
        and (not key or attr(tag, key) == value)
    )


def _candidates(index: Index, simple: str) -> list[Tag]:
    name, ident, classes, (key, value) = _parse(simple)
    if ident:
        return [index.ids[ident]] if ident in index.ids else []
    if classes:
        return index.classes.get(min(classes, key=lambda token: len(index.classes.get(token, ()))), [])
    if key == "role":
        return index.roles.get(value, [])
    return index.names.get(name, []) if name else index.props.get(value, [])


def select(index: Index, selector: str) -> Iterator[Tag]:
    """Yield the elements that match a selector (`simple`, or `ancestor simple`), in document order."""
    ancestor, _, simple = selector.rpartition(" ")
    for tag in _candidates(index, simple):
        if _fits(tag, simple) and (not ancestor or any(_fits(parent, ancestor) for parent in tag.parents)):
            yield tag


def select_first(index: Index, selectors: tuple[str, ...]) -> Tag | None:
    """Return the first element with text that the first possible selector matches."""
    return next((tag for selector in selectors for tag in select(index, selector) if has_text(tag)), None)


def choose_profile(index: Index) -> Profile | None:
    """Recognise the generator by its `meta` element, else by ids and classes that only it writes."""
    generators = " ".join(attr(tag, "content").lower() for tag in index.names.get("meta", [])
                          if attr(tag, "name").lower() == "generator")  # fmt: skip
    for profile in PROFILES:
        if any(word in generators for word in profile.generators):
            return profile
    return next((p for p in PROFILES if any(True for sign in p.signs for _ in select(index, sign))), None)


def choose_root(index: Index, profile: Profile | None) -> Tag | None:
    """Return the element that contains the content, or None when only the whole body is left.

    A generator's own selector counts as soon as it matches any text. Of the generic selectors the
    first with enough text wins, or, as a page may be short, the first with any text. Several sibling
    articles are a list of teasers: then a wider selector decides.
    """
    own = next((tag for selector in (profile.roots if profile else ()) for tag in _places(index, selector)), None)
    if own is not None:
        return own
    short: Tag | None = None
    for selector in GENERIC_ROOTS:
        for tag in _places(index, selector):
            if len(text_of(tag)) >= ENOUGH:
                return tag
            short = short or tag
    return short


def _places(index: Index, selector: str) -> list[Tag]:
    found = [tag for tag in _outermost(select(index, selector)) if has_text(tag)]
    return [] if len(found) > 1 and selector.split("[", maxsplit=1)[0].endswith("article") else found


def _outermost(found: Iterator[Tag]) -> list[Tag]:
    out: list[Tag] = []
    seen: set[int] = set()
    for tag in found:
        if not any(id(parent) in seen for parent in tag.parents):
            out.append(tag)
            seen.add(id(tag))
    return out
