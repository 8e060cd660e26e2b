"""Titles of code blocks: the file name, language or caption that stands above the code."""

import re
from collections.abc import Iterator

from bs4.element import NavigableString, Tag

from ingest.clean.code import declared_language
from ingest.clean.language import KNOWN, language_name
from ingest.clean.prepare import element_before
from ingest.clean.tree import Index, children, elements, plain, tidy, tokens

# Elements that hold the title or file name of the code block that follows them.
_TITLE_CLASSES = frozenset(
    "fern-code-block-title-label filename code-block-title codeblock-title code-title code-block-filename "
    "code-block-caption sd-card-header-code highlight-title gatsby-code-title remark-code-title codeHeader".split()
)
_TITLE_PARTS = frozenset(("code-block-header-filename",))
_FILE_NAME = re.compile(r"[\w@./\[\]-]{0,80}\.[a-z]\w{0,9}")
_SHARED = 6  # a title and its code have a common ancestor within this many levels
_LONGEST = 40  # characters of a bar above code
_PROSE = ["p", "pre", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "code"]


def _title_elements(index: Index) -> list[Tag]:
    found = [tag for name in _TITLE_CLASSES for tag in index.classes.get(name, ())]
    found += [tag for name in _TITLE_PARTS for tag in index.parts.get(name, ())]
    found += [tag for token, tags in index.classes.items() if token.startswith("codeBlockTitle") for tag in tags]
    for figure in index.classes.get("expressive-code", ()):
        found += [tag for tag in elements(figure) if "title" in tokens(tag)]
    for box in index.classes.get("listingblock", ()):
        found += [tag for tag in children(box) if "title" in tokens(tag)]
    for caption in index.names.get("figcaption", ()):
        parent = caption.find_parent("figure") or caption.parent
        if parent is not None and caption not in found and parent.find("pre") is not None:
            found.append(caption)
    return found


def _heads(index: Index) -> Iterator[tuple[Tag, str]]:
    """Bars right above a code block: a file name, the name of the language, a copy button."""
    for pre in index.names.get("pre", ()):
        before = element_before(pre)
        parent = pre.parent
        if before is None and parent is not None and parent.name == "div":
            before = element_before(parent)
        if before is None or before.name not in ("div", "span", "header", "figcaption") or before.find(_PROSE):
            continue
        pressed = before.find(["button", "select"]) is not None
        text = re.sub(r"\s*\b(?:Copy|Copied!?)$", "", _bare(before))
        named = _FILE_NAME.fullmatch(text) or language_name(text) in KNOWN
        if text and (named or (pressed and len(text) <= _LONGEST and not text.endswith((".", ":")))):
            yield before, "" if language_name(text) == (declared_language(pre) or "text") else text


def _bare(tag: Tag) -> str:
    """The text of a bar without that of its buttons."""
    buttons = {id(node) for node in tag.find_all(["button", "select"])}
    texts = (t for t in tag.descendants if type(t) is NavigableString)
    return tidy("".join(t for t in texts if not any(id(parent) in buttons for parent in t.parents)))


def _next_code(tag: Tag) -> Tag | None:
    """The first `<pre>` after a title that is no column of line numbers."""
    pre = tag.find_next("pre")
    if isinstance(pre, Tag) and any(not {"linenos", "linenodiv"}.isdisjoint(tokens(p)) for p in pre.parents):
        pre = pre.find_next("pre")
    return pre if isinstance(pre, Tag) else None


def find_titles(index: Index) -> tuple[dict[int, str], set[int]]:
    """Give {id of `<pre>`: title}, and the ids of the title elements, which are not text of the page."""
    titles: dict[int, str] = {}
    used: set[int] = set()
    for tag, text in (*((tag, plain(tag)) for tag in _title_elements(index)), *_heads(index)):
        pre = _next_code(tag)
        if pre is None or not plain(tag) or tag.find_parent("pre") is not None:
            continue
        near = {id(parent) for _, parent in zip(range(_SHARED), tag.parents, strict=False)}
        if near.isdisjoint(id(parent) for _, parent in zip(range(_SHARED), pre.parents, strict=False)):
            continue
        if text:
            titles.setdefault(id(pre), text)
        used.add(id(tag))
    return titles, used
