"""Words inside class names and ids: what themes that nobody listed call their chrome."""

import re
from functools import lru_cache
from itertools import islice

from bs4.element import Tag

from ingest.clean.tree import attr, plain, tokens

# Whole words of a name, split at `-`, `_` and capitals: `osano-cm-window`, `breadcrumbNav`. A word that is
# only part of a longer one does not count: `scrollbar-thin` has the word `scrollbar`, not `bar`.
_WORDS = {
    **dict.fromkeys(("breadcrumb", "breadcrumbs", "crumbs", "pagination", "pager", "prevnext"), "links"),
    **dict.fromkeys(("sidebar", "sidenav", "navbar", "topnav", "menu", "nav", "navigation"), "links"),
    "toc": "toc",
    **dict.fromkeys(("feedback", "helpful", "votes"), "asks"),
    **dict.fromkeys(("onetrust", "osano", "cookiebot", "gdpr"), "asks"),
}
_BOXES = frozenset(("banner", "consent", "notice", "bar", "dialog", "popup", "modal", "overlay", "message"))
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST = 400  # characters of a box that only asks; more is a section about feedback or cookies
_LINKED = 0.6
_SPEAKS = ["pre", "h1", "table", "dl"]
_MOST_NODES = 1000  # a box with more is no menu; and without a limit nested boxes would cost their square
_NEVER = frozenset("html body main article section pre code table tr td th h1 h2 h3 h4 h5 h6 a span".split())


@lru_cache(maxsize=4096)
def name_kind(name: str) -> str:
    """Tell what a class token or id says an element is: `links`, `toc`, `asks` or nothing ("")."""
    words = [word.lower() for word in _PIECE.findall(name)]
    if not words or len(name) > 60:
        return ""
    if words[0] in ("cookie", "cookies", "announcement") and not _BOXES.isdisjoint(words[1:]):
        return "asks"
    return next((_WORDS[word] for word in words if word in _WORDS), "")


def named_chrome(tag: Tag) -> bool:
    """Tell whether an element is chrome by words in its names, and holds nothing that speaks against it."""
    names = [*tokens(tag), attr(tag, "id"), tag.name if "-" in tag.name else ""]
    kinds = {name_kind(name) for name in names if name} - {""}
    if not kinds or tag.name in _NEVER:
        return False
    if sum(1 for _ in islice(tag.descendants, _MOST_NODES)) == _MOST_NODES or tag.find(_SPEAKS) is not None:
        return False
    text = plain(tag)
    if "asks" in kinds:
        return len(text) < _LONGEST
    links = tag.find_all("a")
    if "toc" in kinds:
        return bool(links) and tag.find("p") is None
    return bool(links) and sum(len(plain(a)) for a in links) > _LINKED * len(text)
